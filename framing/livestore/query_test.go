package livestore_test

import (
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/syncward/syncward/framing/livestore"
	"github.com/syncward/syncward/framing/payload"
)

// token is that of the captured client.
const token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c2VyLTEifQ.c2ln+/=_-"

// captured is the query of a real 0.4 client, whose payload was
// {"authToken":token,"extra":"a b&c=d%é"}.
const captured = "storeId=todo-store-1&payload=%257B%2522authToken%2522%253A%2522eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c2VyLTEifQ.c2ln%252B%252F%253D_-%2522%252C%2522extra%2522%253A%2522a%2520b%2526c%253Dd%2525%25C3%25A9%2522%257D&transport=ws"

func twice(s string) string { return url.QueryEscape(url.PathEscape(s)) }

func TestTheTokenLeavesACapturedQueryAndNothingElse(t *testing.T) {
	u, err := livestore.New(livestore.Options{}).Query(captured)
	want := "storeId=todo-store-1&payload=%257B%2522extra%2522%253A%2522a%2520b%2526c%253Dd%2525%25C3%25A9%2522%257D&transport=ws"
	if err != nil || u.Token != token || !u.HasToken || u.Instance != "todo-store-1" || u.Query != want {
		t.Errorf("error %v, right token %v, instance %q, query %q", err, u.Token == token, u.Instance, u.Query)
	}
	for segment := range strings.SplitSeq(token, ".") {
		for _, form := range []string{segment, url.QueryEscape(segment), twice(segment)} {
			if strings.Contains(u.Query, form) {
				t.Errorf("the query still holds a segment of the token")
			}
		}
	}
}

func TestAPayloadKeepsItsEncoding(t *testing.T) {
	const rest = `{"a":"x y+z/é","n":1.0}`
	full := `{"authToken":"T",` + rest[1:]
	lower := strings.ToLower
	for _, c := range []struct{ name, payload, want string }{
		{"twice", twice(full), twice(rest)},
		{"once", url.QueryEscape(full), url.QueryEscape(rest)},
		{"once, with plus signs", strings.ReplaceAll(url.QueryEscape(`{"authToken":"T","a":" "}`), "%20", "+"), url.QueryEscape(`{"a":" "}`)},
		{"once, by hand", `{%22authToken%22:%22T%22,"a":1}`, `{"a":1}`},
		{"every character", `%2525` + `37%42%22authToken%22:%22T%22%7D`, ``},
		{"lower case", "%257b%2522authToken%2522%253a%2522%2554%2522%257d", "%257b%257d"},
		{"alone", twice(`{"authToken":"T"}`), twice(`{}`)},
		{"once, with a percent sign", `{%22a%22:%22100%2525%22,%22authToken%22:%22T%22}`, `{%22a%22:%22100%2525%22}`},
	} {
		u, err := livestore.New(livestore.Options{}).Query("x=%zz&payload=" + c.payload + "&storeId=s&&y")
		if c.want == "" {
			if !errors.Is(err, payload.ErrBadFrame) {
				t.Errorf("%s: error %v", c.name, err)
			}
			continue
		}
		if want := "x=%zz&payload=" + c.want + "&storeId=s&&y"; err != nil || u.Token != "T" || lower(u.Query) != lower(want) {
			t.Errorf("%s: error %v, token %q, query\n%q, want\n%q", c.name, err, u.Token, u.Query, want)
		}
	}
}

func TestReplaceIsEncodedAsThePayloadIs(t *testing.T) {
	const static = `50%41"+é`
	p := livestore.New(livestore.Options{Replace: static})
	for name, payload := range map[string]string{
		"twice": twice(`{"authToken":"T","b":"c d"}`),
		"once":  url.QueryEscape(`{"authToken":"T","b":"c d"}`),
		"null":  twice(`{"authToken":null,"b":"c d"}`),
	} {
		u, err := p.Query("storeId=s&payload=" + payload)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		values, err := url.ParseQuery(u.Query)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		// As the upstream does it: decodeURIComponent on what the query holds.
		text, err := url.PathUnescape(values.Get("payload"))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var got map[string]string
		if err := json.Unmarshal([]byte(text), &got); err != nil || got["authToken"] != static || got["b"] != "c d" {
			t.Errorf("%s: the upstream reads %q", name, text)
		}
	}
	if u, err := p.Query("payload=" + twice(`{"b":1}`)); err != nil || u.Query != "payload="+twice(`{"b":1}`) {
		t.Errorf("without a token field: error %v, query %q", err, u.Query)
	}
}

func TestQueriesWithoutATokenPassUnchanged(t *testing.T) {
	for _, raw := range []string{
		"", "&", "a=b", "storeId=s&transport=ws", "storeId=s&payload=null", "storeId=s&payload=" + twice(" null "),
		"storeId=s&payload=" + twice(`{"x":1}`), "storeId=s&payload=%7B%7D", "storeId=s&Payload=%7B&STOREID=t", "storeId=s&payload=" + twice(`{"authtoken":"T"}`),
	} {
		u, err := livestore.New(livestore.Options{}).Query(raw)
		if err != nil || u.HasToken || u.Query != raw {
			t.Errorf("%q: error %v, found %+v", raw, err, u)
		}
	}
}

func TestAnEmptyTokenIsNoneAndGoesAllTheSame(t *testing.T) {
	for _, payload := range []string{`{"authToken":"","a":1}`, `{"a":1,"authToken":null}`} {
		u, err := livestore.New(livestore.Options{}).Query("storeId=s&payload=" + twice(payload))
		if err != nil || u.HasToken || u.Query != "storeId=s&payload="+twice(`{"a":1}`) {
			t.Errorf("%s: error %v, found %+v", payload, err, u)
		}
	}
}

func TestUnreadableQueriesAreRefused(t *testing.T) {
	good := twice(`{"authToken":"T"}`)
	for name, raw := range map[string]string{
		"repeated storeId":             "storeId=a&storeId=b",
		"repeated storeId, encoded":    "storeId=a&store%49d=a",
		"repeated payload":             "payload=" + good + "&payload=" + good,
		"repeated payload, encoded":    "payload=" + good + "&%70ayload=null",
		"repeated payload, bare":       "payload=" + good + "&payload",
		"empty payload":                "storeId=a&payload=",
		"bare payload":                 "storeId=a&payload",
		"no JSON":                      "payload=abc",
		"an array":                     "payload=" + twice(`[{"authToken":"T"}]`),
		"a string":                     "payload=" + twice(`"T"`),
		"a token that is a number":     "payload=" + twice(`{"authToken":1}`),
		"a token that is an object":    "payload=" + twice(`{"authToken":{"a":"T"}}`),
		"two tokens":                   "payload=" + twice(`{"authToken":"T","authToken":"U"}`),
		"two tokens, one escaped":      "payload=" + twice(`{"authToken":"T","\u0061uthToken":"U"}`),
		"trailing data":                "payload=" + twice(`{"authToken":"T"}`) + "x",
		"a BOM":                        "payload=%EF%BB%BF" + good,
		"bytes that are no UTF-8":      "payload=%7B%22a%22:%22%FF%22%7D",
		"UTF-8 split over both levels": "payload=%7B%22a%22:%22%C3%25A9%22%7D",
		"a storeId that is no UTF-8":   "storeId=%FF",
		"a percent sign that breaks":   "payload={%22a%22:%22100%25%22,%22authToken%22:%22T%22}",
		"encoded three times":          "payload=" + url.QueryEscape(good),
		"a fragment":                   "storeId=a#&payload=" + good,
		"a raw space":                  "storeId=a b",
		"a raw byte":                   "storeId=\xc3\xa9",
		"a control character":          "storeId=a\tb",
	} {
		if u, err := livestore.New(livestore.Options{}).Query(raw); !errors.Is(err, payload.ErrBadFrame) || u != (payload.URLFound{}) {
			t.Errorf("%s: %q gives %+v, %v", name, raw, u, err)
		}
	}
}

func TestNamesAndValuesAreReadAsTheUpstreamReadsThem(t *testing.T) {
	u, err := livestore.New(livestore.Options{TokenField: payload.MustPointer("/auth/jwt")}).Query(
		"st%6Freld=1&store%49d=a%2Fb+c%25&p%61yload=" + twice(`{"auth":{"\u006awt":"T"},"authToken":"stays"}`))
	if err != nil || u.Token != "T" || u.Instance != "a/b c%" || !strings.HasSuffix(u.Query, "&p%61yload="+twice(`{"auth":{},"authToken":"stays"}`)) {
		t.Errorf("error %v, found %+v", err, u)
	}
}

func FuzzQuery(f *testing.F) {
	for _, raw := range []string{
		captured, "storeId=a&payload=null", "payload=%7B%7D&x=%zz", "%70ayload=" + twice(`{"authToken":null}`), "payload={%22authToken%22:%22a%25%22}",
		"storeId=a+b&payload=" + twice(`{"a":[{"authToken":"T"}],"authToken":"\u0054"}`), "payload=%7B%22a%22:%22%C3%25A9%22%7D",
	} {
		f.Add(raw, "")
		f.Add(raw, `sta"%41`)
	}
	f.Fuzz(func(t *testing.T, raw, with string) {
		with = strings.ToValidUTF8(with, "")
		u, err := livestore.New(livestore.Options{Replace: with}).Query(raw)
		if err != nil {
			return
		}
		before, after := strings.Split(raw, "&"), strings.Split(u.Query, "&")
		if len(before) != len(after) {
			t.Fatalf("%q became %q", raw, u.Query)
		}
		for i := range before {
			if before[i] != after[i] {
				checkPayload(t, before[i], after[i], u.Token, with)
			}
		}
		again, err := livestore.New(livestore.Options{}).Query(u.Query)
		if err != nil || again.Instance != u.Instance || again.Token != with && again.Token != "" || with == "" && again.Query != u.Query {
			t.Fatalf("%q became %q, which reads %+v, %v", raw, u.Query, again, err)
		}
	})
}

// checkPayload compares one changed parameter with what a plain reading says.
func checkPayload(t *testing.T, before, after, token, with string) {
	t.Helper()
	old, fresh := plainPayload(t, before), plainPayload(t, after)
	if text, _ := old["authToken"].(string); text != token {
		t.Fatalf("%q holds the token %q, found %q", before, text, token)
	}
	delete(old, "authToken")
	if with != "" {
		old["authToken"] = with
	}
	a, _ := json.Marshal(old)
	b, _ := json.Marshal(fresh)
	if string(a) != string(b) {
		t.Fatalf("%q became %q", before, after)
	}
}

func plainPayload(t *testing.T, parameter string) map[string]any {
	t.Helper()
	_, value, _ := strings.Cut(parameter, "=")
	// Go's reader refuses a stray percent sign, which URLSearchParams keeps.
	var b strings.Builder
	for i := range len(value) {
		if _, err := url.PathUnescape(value[i:min(i+3, len(value))]); value[i] == '%' && err != nil {
			b.WriteString("%25")
			continue
		}
		b.WriteByte(value[i])
	}
	text, err := url.QueryUnescape(b.String())
	if err != nil {
		t.Fatal(err)
	}
	if text, err = url.PathUnescape(text); err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&doc); err != nil {
		t.Fatalf("%q: %v", parameter, err)
	}
	return doc
}
