package attribution_test

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/syncward/syncward/attribution"
	"github.com/syncward/syncward/framing/payload"
)

var (
	ada = attribution.Author{UserID: "ada", ConnectionID: "c-1"}
	now = time.UnixMilli(1763850000123)
)

const (
	members  = `"userId":"ada","timestamp":1763850000123,"connectionId":"c-1"`
	metadata = `"metadata":{` + members + `}`
	noLimit  = 1 << 30
)

func injector(t testing.TB, paths ...string) *attribution.Injector {
	t.Helper()
	if len(paths) == 0 {
		paths = []string{"/event", "/events/*", "/batch/*"}
	}
	p, err := payload.ParsePaths(paths...)
	if err != nil {
		t.Fatal(err)
	}
	in, err := attribution.NewInjector(p)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// In want, @ stands for the whole metadata member, # for its three members.
func TestEveryEventGetsItsAuthorAndEveryOtherByteStays(t *testing.T) {
	for name, v := range map[string]struct {
		paths     []string
		msg, want string // want "" = as it came
		events    int
	}{
		"an event":                      {msg: `{"type":"event","event":{"name":"x"}}`, want: `{"type":"event","event":{"name":"x",@}}`, events: 1},
		"an empty event":                {msg: `{"event":{}}`, want: `{"event":{@}}`, events: 1},
		"an empty event with space":     {msg: "{\"event\" : {\n\t } }", want: "{\"event\" : {\n\t @} }", events: 1},
		"space and odd numbers":         {msg: " { \"n\" : 1.50e+01 , \"event\":{ \"a\" : -0.0 } }\n", want: " { \"n\" : 1.50e+01 , \"event\":{ \"a\" : -0.0 ,@} }\n", events: 1},
		"elements of an array":          {msg: `{"events":[{"a":1},{"b":2}, {}]}`, want: `{"events":[{"a":1,@},{"b":2,@}, {@}]}`, events: 3},
		"a batch beside an event":       {msg: `{"batch":[{"a":1}],"event":{"b":2}}`, want: `{"batch":[{"a":1,@}],"event":{"b":2,@}}`, events: 2},
		"the client's own keys stay":    {msg: `{"event":{"metadata":{"trace":"x"},"b":2}}`, want: `{"event":{"metadata":{"trace":"x",#},"b":2}}`, events: 1},
		"an empty metadata":             {msg: `{"event":{"metadata":{ }}}`, want: `{"event":{"metadata":{ #}}}`, events: 1},
		"ours are overwritten":          {msg: `{"event":{"metadata":{"userId":"eve","k":[1],"connectionId":{"x":"}"},"timestamp":1}}}`, want: `{"event":{"metadata":{"userId":"ada","k":[1],"connectionId":"c-1","timestamp":1763850000123}}}`, events: 1},
		"one of ours":                   {msg: `{"event":{"metadata":{"userId":null}}}`, want: `{"event":{"metadata":{"userId":"ada","timestamp":1763850000123,"connectionId":"c-1"}}}`, events: 1},
		"spelled with escapes":          {msg: `{"event":{"meta\u0064ata":{"\u0075serId":"eve"}}}`, want: `{"event":{"meta\u0064ata":{"\u0075serId":"ada","timestamp":1763850000123,"connectionId":"c-1"}}}`, events: 1},
		"an event spelled with escapes": {msg: `{"\u0065vent":{}}`, want: `{"\u0065vent":{@}}`, events: 1},
		"another spelling is another":   {msg: `{"event":{"metadata":{"userid":"eve","UserId":"x"},"Metadata":1}}`, want: `{"event":{"metadata":{"userid":"eve","UserId":"x",#},"Metadata":1}}`, events: 1},
		"a metadata that is a string":   {msg: `{"event":{"metadata":"x","a":1}}`, want: `{"event":{@,"a":1}}`, events: 1},
		"a metadata that is null":       {msg: `{"event":{"metadata": null}}`, want: `{"event":{"metadata": {#}}}`, events: 1},
		"a metadata that is an array":   {msg: `{"event":{"metadata":[{"userId":1}]}}`, want: `{"event":{@}}`, events: 1},
		"metadata deeper in an event":   {msg: `{"event":{"args":{"metadata":{"userId":"eve"}}}}`, want: `{"event":{"args":{"metadata":{"userId":"eve"}},@}}`, events: 1},
		"the word metadata in a string": {msg: `{"event":{"text":"\"metadata\":{}"}}`, want: `{"event":{"text":"\"metadata\":{}",@}}`, events: 1},
		"binary bytes as text":          {msg: "{\"event\":{\"t\":\"å\u2028\"}}", want: "{\"event\":{\"t\":\"å\u2028\",@}}", events: 1},

		"an event that is a string":          {msg: `{"event":"join"}`},
		"an event that is an array":          {msg: `{"event":[{}]}`},
		"events that are no array":           {msg: `{"events":{"0":{}}}`},
		"elements that are no objects":       {msg: `{"events":[1,"x",null,[{}],true]}`},
		"an event elsewhere":                 {msg: `{"x":{"event":{}}}`},
		"a root that is an array":            {msg: `[{"event":{}}]`},
		"no event, unread":                   {msg: `{"type":"ping",`},
		"text that is no JSON and no event":  {msg: `ping`},
		"a member named * is no element":     {msg: `{"events":{"*":{}}}`},
		"nothing":                            {msg: ``},
		"a pointer into an array":            {paths: []string{"/ops/1/event"}, msg: `{"ops":[{"event":{}},{"event":{}}]}`, want: `{"ops":[{"event":{}},{"event":{@}}]}`, events: 1},
		"the elements of the root":           {paths: []string{"/*"}, msg: `[{},{"a":1},2]`, want: `[{@},{"a":1,@},2]`, events: 2},
		"elements of elements":               {paths: []string{"/a/*/b/*"}, msg: `{"a":[{"b":[{}]},{"b":[{},{}]},{"c":[{}]}]}`, want: `{"a":[{"b":[{@}]},{"b":[{@},{@}]},{"c":[{}]}]}`, events: 3},
		"two paths to one event":             {paths: []string{"/e/*", "/e/0"}, msg: `{"e":[{},{}]}`, want: `{"e":[{@},{@}]}`, events: 2},
		"an event in an event":               {paths: []string{"/e", "/e/sub/*"}, msg: `{"e":{"sub":[{"a":1},{"metadata":{"userId":1}}],"metadata":{}}}`, want: `{"e":{"sub":[{"a":1,@},{"metadata":{"userId":"ada","timestamp":1763850000123,"connectionId":"c-1"}}],"metadata":{#}}}`, events: 3},
		"the inner event behind the outer's": {paths: []string{"/e", "/e/s"}, msg: `{"e":{"metadata":{"x":1},"s":{}}}`, want: `{"e":{"metadata":{"x":1,#},"s":{@}}}`, events: 2},
		"a name that holds a slash":          {paths: []string{"/a~1b"}, msg: `{"a\/b":{}}`, want: `{"a\/b":{@}}`, events: 1},
	} {
		t.Run(name, func(t *testing.T) {
			want := strings.NewReplacer("@", metadata, "#", members).Replace(v.want)
			before := v.msg
			out, events, err := injector(t, v.paths...).Inject(nil, []byte(v.msg), ada, now, noLimit)
			if err != nil || string(out) != want || events != v.events || before != v.msg {
				t.Errorf("%s\n became %s (%d events, %v)\n   want %s (%d)", v.msg, out, events, err, want, v.events)
			}
		})
	}
}

func TestWhatTwoReadersCouldReadDifferentlyIsBadFrame(t *testing.T) {
	for name, msg := range map[string]string{
		"cut short":                          `{"event":{}`,
		"two members of one name":            `{"event":{"a":1,"a":2}}`,
		"two events":                         `{"event":{},"event":{}}`,
		"two events, one spelled otherwise":  `{"event":{},"\u0065vent":{}}`,
		"two metadata":                       `{"event":{"metadata":{},"metadata":{"userId":"eve"}}}`,
		"two metadata, one in escapes":       `{"event":{"metadata":{},"m\u0065tadata":{"userId":"eve"}}}`,
		"two userIds":                        `{"event":{"metadata":{"userId":"a","userId":"eve"}}}`,
		"two userIds, one spelled otherwise": `{"event":{"metadata":{"userId":"a","\u0075serId":"eve"}}}`,
		"invalid UTF-8":                      "{\"event\":{\"a\":\"\xff\"}}",
		"a lone surrogate":                   `{"event":{"a":"\ud800"}}`,
		"a BOM":                              "\ufeff{\"event\":{}}",
		"something behind it":                `{"event":{}}{}`,
		"a comma too many":                   `{"event":{"a":1,}}`,
		"a name without quotes":              `{event:{}}`,
		"single quotes":                      `{'event':{}}`,
		"a comment":                          `{"event":{/* */}}`,
		"too deep":                           `{"event":` + strings.Repeat(`[`, 64) + strings.Repeat(`]`, 64) + `}`,
		"UTF-16":                             string(utf16(`{"event":{"metadata":{"userId":"eve"}}}`, false)),
		"UTF-16, big-endian":                 string(utf16(`{"event":{}}`, true)),
		"an escape that hides a name":        `{"x":"\u0065`,
	} {
		t.Run(name, func(t *testing.T) {
			out, n, err := injector(t).Inject(nil, []byte(msg), ada, now, noLimit)
			if !errors.Is(err, payload.ErrBadFrame) || out != nil || n != 0 {
				t.Errorf("%q: %q, %d, %v", msg, out, n, err)
			}
		})
	}
}

func utf16(s string, big bool) (b []byte) {
	for _, c := range []byte(s) {
		if big {
			b = append(b, 0, c)
		} else {
			b = append(b, c, 0)
		}
	}
	return b
}

func TestAMessageThatGrowsBeyondItsLimitIsTooBigAndTakesNoMemory(t *testing.T) {
	msg := []byte(`{"event":{}}`)
	size := int64(len(msg) + len(metadata))
	if out, _, err := injector(t).Inject(nil, msg, ada, now, size); err != nil || int64(len(out)) != size {
		t.Errorf("at the limit: %d bytes, %v", len(out), err)
	}
	if out, _, err := injector(t).Inject(nil, msg, ada, now, size-1); !errors.Is(err, attribution.ErrTooBig) || out != nil {
		t.Errorf("over it: %q, %v", out, err)
	}
	many := []byte(`{"batch":[` + strings.Repeat(`{},`, 1<<20) + `{}]}`)
	const limit = 4 << 20
	in := injector(t)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, _, err := in.Inject(nil, many, ada, now, limit); !errors.Is(err, attribution.ErrTooBig) {
		t.Error(err)
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 4*limit {
		t.Errorf("%d bytes were used to refuse a message of %d under a limit of %d", used, len(many), limit)
	}
}

func TestAnAuthorIsQuoted(t *testing.T) {
	a := attribution.Author{UserID: `e"},"x":\`, ConnectionID: "c"}
	out, _, err := injector(t).Inject(nil, []byte(`{"event":{}}`), a, now, noLimit)
	want := `{"event":{"metadata":{"userId":"e\"},\"x\":\\","timestamp":1763850000123,"connectionId":"c"}}}`
	if err != nil || string(out) != want {
		t.Errorf("%s, %v", out, err)
	}
}

func TestNoEventMayStandInTheMetadataOfAnother(t *testing.T) {
	for _, paths := range [][]string{{"/e", "/e/metadata"}, {"/e/*", "/e/3/metadata/x/*"}, {"/e/metadata/userId", "/e"}} {
		p, err := payload.ParsePaths(paths...)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := attribution.NewInjector(p); !errors.Is(err, attribution.ErrPaths) {
			t.Errorf("%s: %v", paths, err)
		}
	}
	injector(t, "/e", "/e/sub/metadata", "/metadata", "/x/metadata/*")
}

func BenchmarkInject(b *testing.B) {
	filler := strings.Repeat("lorem ipsum ", 78)
	for _, c := range []struct{ name, msg string }{
		{"one event in 1 KiB", `{"type":"event","event":{"name":"v1.TodoCreated","args":{"text":"` + filler + `"}}}`},
		{"with a metadata", `{"type":"event","event":{"name":"v1.TodoCreated","metadata":{"trace":1},"args":{"text":"` + filler + `"}}}`},
		{"1 KiB unread", `{"type":"message","change":{"name":"v1.TodoCreated","args":{"text":"` + filler + `"}}}`},
		{"100 events", `{"batch":[` + strings.Repeat(`{"name":"v1.TodoCreated","args":{"text":"lorem ipsum"}},`, 99) + `{}]}`},
	} {
		b.Run(fmt.Sprintf("%s (%d B)", c.name, len(c.msg)), func(b *testing.B) {
			in, msg := injector(b), []byte(c.msg)
			b.ReportAllocs()
			b.SetBytes(int64(len(c.msg)))
			for b.Loop() {
				_, _, _ = in.Inject(nil, msg, ada, now, noLimit)
			}
		})
	}
}
