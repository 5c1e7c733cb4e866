package payload_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/syncward/syncward/framing/payload"
)

func paths(t testing.TB, texts ...string) payload.Paths {
	t.Helper()
	p, err := payload.ParsePaths(texts...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAPathIsAPointerWithStars(t *testing.T) {
	for _, bad := range []string{"", "event", "/a~2", "/a\xff"} {
		if _, err := payload.ParsePaths("/event", bad); !errors.Is(err, payload.ErrPointer) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if got := paths(t, "/event", "/events/*", "/a~1b/0").String(); got != "/event,/events/*,/a~1b/0" {
		t.Error(got)
	}
	if !paths(t).Empty() || paths(t, "/a").Empty() || paths(t).MayOccur([]byte(`{"a":1}`)) {
		t.Error("no paths are no places")
	}
}

func TestFindGivesEachValueOnceInTheOrderOfTheMessage(t *testing.T) {
	const msg = `{"a":[1,{"b":[2]},"x",[3]],"c":{"a":[9]},"*":[{}],"e":{"0":5}}`
	for _, v := range []struct{ paths, kinds, want string }{
		{"/a/*", `0"{[`, `1 {"b":[2]} "x" [3]`},
		{"/a/*", `0`, `1`},
		{"/a/*/*", `0`, `3`},
		{"/a/*/b/*,/a/*,/a/1", `0{`, `1 {"b":[2]} 2`},
		{"/a/1/b,/a", `[`, `[1,{"b":[2]},"x",[3]] [2]`},
		{"/c/a/0", `0`, `9`},
		{"/*", `0"{[`, ``},
		{"/e/*", `0`, ``},
		{"/e/0", `0`, `5`},
	} {
		found, err := paths(t, strings.Split(v.paths, ",")...).Find([]byte(msg), v.kinds, nil, 100)
		var got []string
		for _, f := range found {
			got = append(got, msg[f.Start:f.End])
		}
		if err != nil || strings.Join(got, " ") != v.want {
			t.Errorf("%s: %q, %v, want %s", v.paths, got, err, v.want)
		}
	}
}

func TestFindStopsBehindItsLimit(t *testing.T) {
	found, err := paths(t, "/*").Find([]byte(`[1,2,3,4`), "0", nil, 2)
	if err != nil || len(found) != 3 {
		t.Errorf("%d found, %v", len(found), err)
	}
	if _, err := paths(t, "/*").Find([]byte(`[1,2,3,4`), "0", nil, 4); !errors.Is(err, payload.ErrBadFrame) {
		t.Error(err)
	}
}

func TestMayOccurErrsOnlyTowardsTrue(t *testing.T) {
	standard := paths(t, "/event", "/events/*", "/batch/*")
	for msg, want := range map[string]bool{
		`{"type":"ping"}`: false, `ping`: false, ``: false, `{"a":"x\n\"y"}`: false,
		`{"event":1}`: true, `{"prevented":1}`: true, `{"b\u0061tch":1}`: true, `\u`: true, "{\x00": true, "e\x00v\x00": true,
	} {
		if got := standard.MayOccur([]byte(msg)); got != want {
			t.Errorf("%q: %v", msg, got)
		}
	}
	for _, p := range []string{"/*", "/0", "/", "/*/2"} {
		if !paths(t, "/event", p).MayOccur([]byte(`[1]`)) {
			t.Errorf("%s has no name that would have to occur", p)
		}
	}
	if !paths(t, "/a~1b").MayOccur([]byte(`{"a\/b":1}`)) {
		t.Error("a short escape hides the name")
	}
}
