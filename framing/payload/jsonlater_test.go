package payload_test

import (
	"errors"
	"testing"

	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/framing/payload"
)

func TestLaterWithAllFramesStripsEveryTokenField(t *testing.T) {
	j := payload.JSON{AllFrames: true}
	for _, c := range []struct {
		name, msg, token, out string
	}{
		{"a later init", `{"type":"init","authToken":"new"}`, "new", `{"type":"init"}`},
		{"an escaped name", `{"auth\u0054oken":"new"}`, "new", `{}`},
		{"null", `{"authToken":null,"a":1}`, "", `{"a":1}`},
		{"empty", `{"authToken":"","a":1}`, "", `{"a":1}`},
		{"a number", `{"authToken":17,"a":1}`, "", `{"a":1}`},
		{"an object", `{"authToken":{"jwt":"new"},"a":1}`, "", `{"a":1}`},
		{"an array", `{"a":1,"authToken":["new"]}`, "", `{"a":1}`},
		{"no field", `{"a":"authToken"}`, "", `{"a":"authToken"}`},
		{"an escape elsewhere", `{"a":"\u0041"}`, "", `{"a":"\u0041"}`},
		{"no JSON", `authToken`, "", `authToken`},
		{"no object", `[{"authToken":"x"}]`, "", `[{"authToken":"x"}]`},
		{"duplicate names", `{"authToken":"x","authToken":"y"}`, "", `{"authToken":"x","authToken":"y"}`},
		{"an opt-in comes too late", `{"authToken":"new","authProtocol":1}`, "new", `{"authProtocol":1}`},
	} {
		for _, op := range []framing.Opcode{framing.Text, framing.Binary} {
			f, err := j.Later(op, []byte(c.msg), payload.Bound{})
			if err != nil || f.Token != c.token || f.HasToken != (c.token != "") || out(f, c.msg) != c.out || f.Kind != payload.Application {
				t.Errorf("%s: error %v, found %+v, out %q", c.name, err, f, out(f, c.msg))
			}
		}
	}
}

func TestTheTokensNameIsSeenHoweverItIsWritten(t *testing.T) {
	for _, c := range []struct{ field, msg, out string }{
		{"/authToken", `{"\u0061\u0075\u0074\u0068\u0054\u006F\u006b\u0065\u006e":"x"}`, `{}`},
		{"/a~1b", `{"a\/b":"x"}`, `{}`},
		{"/a~1b", `{"a/b":"x"}`, `{}`},
		{"/a\"b", `{"a\"b":"x"}`, `{}`},
		{"/a\\b", `{"a\\b":"x"}`, `{}`},
		{"/a\nb", `{"a\nb":"x"}`, `{}`},
		{"/a\nb", `{"a\u000ab":"x"}`, `{}`},
		{"/a\x01b", `{"a\u0001b":"x"}`, `{}`},
		{"/é", `{"é":"x"}`, `{}`},
		{"/é", `{"\u00e9":"x"}`, `{}`},
		{"/😀", `{"\ud83d\ude00":"x"}`, `{}`},
		{"/", `{"":"x"}`, `{}`},
		{"/0", `{"0":"x"}`, `{}`},
		{"/long-first-name/t", `{"long-first-name":{"\u0074":"x"}}`, `{"long-first-name":{}}`},
		{"/list/1", `{"list":["a","x"]}`, `{"list":["a",null]}`},
		{"/l/10", `{"l":[0,1,2,3,4,5,6,7,8,9,"x"]}`, `{"l":[0,1,2,3,4,5,6,7,8,9,null]}`},
		{"/l/10/tok", `{"l":[0,1,2,3,4,5,6,7,8,9,{"tok":"x"}]}`, `{"l":[0,1,2,3,4,5,6,7,8,9,{}]}`},
	} {
		j := payload.JSON{TokenField: payload.MustPointer(c.field), AllFrames: true}
		f, err := j.Later(framing.Text, []byte(c.msg), payload.Bound{})
		if err != nil || f.Token != "x" || out(f, c.msg) != c.out {
			t.Errorf("%q in %s: error %v, token %q, out %q", c.field, c.msg, err, f.Token, out(f, c.msg))
		}
	}
}

func TestLaterWithFirstFrameOnlyTouchesNothing(t *testing.T) {
	msg := `{"authToken":"x","instanceId":"other"}`
	f, err := payload.JSON{}.Later(framing.Text, []byte(msg), payload.Bound{Instance: "mine", OptedIn: true})
	if err != nil || f.Out != nil || f.HasToken {
		t.Errorf("error %v, found %+v", err, f)
	}
	if (payload.JSON{}).ReadsAll() || !(payload.JSON{AllFrames: true}).ReadsAll() {
		t.Error("ReadsAll does not follow AllFrames")
	}
}

func TestAuthMessagesAreSyncwardsOnlyForClientsThatOptedIn(t *testing.T) {
	elsewhere := payload.MustPointer("/payload/jwt")
	for _, p := range []payload.Protocol{
		payload.JSON{AllFrames: true}, payload.JSON{}, payload.JSON{TokenField: elsewhere, AllFrames: true}, payload.Opaque{},
	} {
		for _, c := range []struct {
			msg   string
			kind  payload.Kind
			token string
		}{
			{`{"type":"auth.refresh","authToken":"new"}`, payload.AuthRefresh, "new"},
			{`{"authToken":"n\u0065w","x":1,"type":"\u0061uth.refresh"}`, payload.AuthRefresh, "new"},
			{`{"type":"auth.refresh"}`, payload.AuthRefresh, ""},
			{`{"type":"auth.refresh","authToken":["new"]}`, payload.AuthRefresh, ""},
			{`{"type":"auth.logout"}`, payload.AuthLogout, ""},
			{`{"type":"auth.logout","instanceId":"other"}`, payload.AuthLogout, ""},
			{`{"type":"auth.ok"}`, payload.Application, ""},
			{`{"type":"auth.Refresh"}`, payload.Application, ""},
			{`{"type":"say","text":"auth.refresh"}`, payload.Application, ""},
			{`{"type":"auth.logout","type":"auth.logout"}`, payload.Application, ""},
			{`[{"type":"auth.logout"}]`, payload.Application, ""},
			{`{"type":["auth.logout"]}`, payload.Application, ""},
		} {
			f, err := p.Later(framing.Text, []byte(c.msg), payload.Bound{OptedIn: true})
			if err != nil || f.Kind != c.kind || f.Token != c.token || f.HasToken != (c.token != "") || f.Out != nil {
				t.Errorf("%T, opted in, %s: error %v, found %+v", p, c.msg, err, f)
			}
			f, err = p.Later(framing.Text, []byte(c.msg), payload.Bound{})
			if err != nil || f.Kind != payload.Application {
				t.Errorf("%T, not opted in, %s: error %v, found %+v", p, c.msg, err, f)
			}
		}
	}
}

func TestAPinnedConnectionStaysWithItsInstance(t *testing.T) {
	for _, c := range []struct {
		name, msg string
		want      error
	}{
		{"the same", `{"instanceId":"mine"}`, nil},
		{"the same, escaped", `{"instanceI\u0064":"min\u0065"}`, nil},
		{"none", `{"a":1}`, nil},
		{"deeper", `{"x":{"instanceId":"other"}}`, nil},
		{"another", `{"instanceId":"other"}`, payload.ErrForbidden},
		{"another, escaped", `{"\u0069nstanceId":"other"}`, payload.ErrForbidden},
		{"empty", `{"instanceId":""}`, payload.ErrForbidden},
		{"null", `{"instanceId":null}`, payload.ErrForbidden},
		{"what a lax upstream makes a string of", `{"instanceId":["other"]}`, payload.ErrForbidden},
		{"no JSON", `ping`, nil},
		{"no JSON, with the name", `instanceId`, nil},
		{"binary", "\x00\x17instanceId\\u", nil},
		{"hidden behind a duplicate", `{"instanceId":"mine","instanceId":"other"}`, payload.ErrBadFrame},
		{"hidden in an array", `[{"instanceId":"other"}]`, payload.ErrBadFrame},
		{"hidden behind a BOM", "\ufeff" + `{"instanceId":"other"}`, payload.ErrBadFrame},
		{"hidden behind trailing data", ` {"instanceId":"other"};`, payload.ErrBadFrame},
	} {
		for _, j := range []payload.JSON{{}, {AllFrames: true}} {
			_, err := j.Later(framing.Binary, []byte(c.msg), payload.Bound{Instance: "mine", Pinned: true})
			if !errors.Is(err, c.want) {
				t.Errorf("%s: %v, want %v", c.name, err, c.want)
			}
			if _, err = j.Later(framing.Text, []byte(c.msg), payload.Bound{Instance: "mine"}); err != nil {
				t.Errorf("%s, not pinned: %v", c.name, err)
			}
		}
	}
}

func TestPinnedAloneStripsNothing(t *testing.T) {
	f, err := payload.JSON{}.Later(framing.Text, []byte(`{"instanceId":"mine","authToken":"x"}`), payload.Bound{Instance: "mine", Pinned: true})
	if err != nil || f.Out != nil || f.HasToken {
		t.Errorf("error %v, found %+v", err, f)
	}
}

func TestQueriesPassUnchanged(t *testing.T) {
	const raw = "authToken=x&%zz&payload=%7B%7D"
	for _, p := range []payload.Protocol{payload.JSON{}, payload.Opaque{}} {
		if u, err := p.Query(raw); err != nil || u != (payload.URLFound{Query: raw}) {
			t.Errorf("%T: error %v, found %+v", p, err, u)
		}
	}
}

func TestOpaqueHasNoFirstFrameAndPassesTheRest(t *testing.T) {
	if _, err := (payload.Opaque{}).First(framing.Text, []byte(`{"authToken":"x"}`)); !errors.Is(err, payload.ErrBadFrame) {
		t.Errorf("a first frame gives %v", err)
	}
	f, err := payload.Opaque{}.Later(framing.Text, []byte(`{"authToken":"x"}`), payload.Bound{Pinned: true})
	if err != nil || f.Out != nil || f.HasToken || (payload.Opaque{}).ReadsAll() {
		t.Errorf("error %v, found %+v", err, f)
	}
}
