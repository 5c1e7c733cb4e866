package framing_test

import (
	"errors"
	"testing"

	"github.com/syncward/syncward/framing"
)

func TestLaterWithAllFramesStripsEveryTokenField(t *testing.T) {
	j := framing.JSON{AllFrames: true}
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
			f, err := j.Later(op, []byte(c.msg), framing.Bound{})
			if err != nil || f.Token != c.token || f.HasToken != (c.token != "") || out(f, c.msg) != c.out || f.Kind != framing.Application {
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
		j := framing.JSON{TokenField: framing.MustPointer(c.field), AllFrames: true}
		f, err := j.Later(framing.Text, []byte(c.msg), framing.Bound{})
		if err != nil || f.Token != "x" || out(f, c.msg) != c.out {
			t.Errorf("%q in %s: error %v, token %q, out %q", c.field, c.msg, err, f.Token, out(f, c.msg))
		}
	}
}

func TestLaterWithFirstFrameOnlyTouchesNothing(t *testing.T) {
	msg := `{"authToken":"x","instanceId":"other"}`
	f, err := framing.JSON{}.Later(framing.Text, []byte(msg), framing.Bound{Instance: "mine", OptedIn: true})
	if err != nil || f.Out != nil || f.HasToken {
		t.Errorf("error %v, found %+v", err, f)
	}
	if (framing.JSON{}).ReadsAll() || !(framing.JSON{AllFrames: true}).ReadsAll() {
		t.Error("ReadsAll does not follow AllFrames")
	}
}

func TestAuthMessagesAreSyncwardsOnlyForClientsThatOptedIn(t *testing.T) {
	elsewhere := framing.MustPointer("/payload/jwt")
	for _, p := range []framing.Protocol{
		framing.JSON{AllFrames: true}, framing.JSON{}, framing.JSON{TokenField: elsewhere, AllFrames: true}, framing.Opaque{},
	} {
		for _, c := range []struct {
			msg   string
			kind  framing.Kind
			token string
		}{
			{`{"type":"auth.refresh","authToken":"new"}`, framing.AuthRefresh, "new"},
			{`{"authToken":"n\u0065w","x":1,"type":"\u0061uth.refresh"}`, framing.AuthRefresh, "new"},
			{`{"type":"auth.refresh"}`, framing.AuthRefresh, ""},
			{`{"type":"auth.refresh","authToken":["new"]}`, framing.AuthRefresh, ""},
			{`{"type":"auth.logout"}`, framing.AuthLogout, ""},
			{`{"type":"auth.logout","instanceId":"other"}`, framing.AuthLogout, ""},
			{`{"type":"auth.ok"}`, framing.Application, ""},
			{`{"type":"auth.Refresh"}`, framing.Application, ""},
			{`{"type":"say","text":"auth.refresh"}`, framing.Application, ""},
			{`{"type":"auth.logout","type":"auth.logout"}`, framing.Application, ""},
			{`[{"type":"auth.logout"}]`, framing.Application, ""},
			{`{"type":["auth.logout"]}`, framing.Application, ""},
		} {
			f, err := p.Later(framing.Text, []byte(c.msg), framing.Bound{OptedIn: true})
			if err != nil || f.Kind != c.kind || f.Token != c.token || f.HasToken != (c.token != "") || f.Out != nil {
				t.Errorf("%T, opted in, %s: error %v, found %+v", p, c.msg, err, f)
			}
			f, err = p.Later(framing.Text, []byte(c.msg), framing.Bound{})
			if err != nil || f.Kind != framing.Application {
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
		{"another", `{"instanceId":"other"}`, framing.ErrForbidden},
		{"another, escaped", `{"\u0069nstanceId":"other"}`, framing.ErrForbidden},
		{"empty", `{"instanceId":""}`, framing.ErrForbidden},
		{"null", `{"instanceId":null}`, framing.ErrForbidden},
		{"what a lax upstream makes a string of", `{"instanceId":["other"]}`, framing.ErrForbidden},
		{"no JSON", `ping`, nil},
		{"no JSON, with the name", `instanceId`, nil},
		{"binary", "\x00\x17instanceId\\u", nil},
		{"hidden behind a duplicate", `{"instanceId":"mine","instanceId":"other"}`, framing.ErrBadFrame},
		{"hidden in an array", `[{"instanceId":"other"}]`, framing.ErrBadFrame},
		{"hidden behind a BOM", "\ufeff" + `{"instanceId":"other"}`, framing.ErrBadFrame},
		{"hidden behind trailing data", ` {"instanceId":"other"};`, framing.ErrBadFrame},
	} {
		for _, j := range []framing.JSON{{}, {AllFrames: true}} {
			_, err := j.Later(framing.Binary, []byte(c.msg), framing.Bound{Instance: "mine", Pinned: true})
			if !errors.Is(err, c.want) {
				t.Errorf("%s: %v, want %v", c.name, err, c.want)
			}
			if _, err = j.Later(framing.Text, []byte(c.msg), framing.Bound{Instance: "mine"}); err != nil {
				t.Errorf("%s, not pinned: %v", c.name, err)
			}
		}
	}
}

func TestPinnedAloneStripsNothing(t *testing.T) {
	f, err := framing.JSON{}.Later(framing.Text, []byte(`{"instanceId":"mine","authToken":"x"}`), framing.Bound{Instance: "mine", Pinned: true})
	if err != nil || f.Out != nil || f.HasToken {
		t.Errorf("error %v, found %+v", err, f)
	}
}

func TestQueriesPassUnchanged(t *testing.T) {
	const raw = "authToken=x&%zz&payload=%7B%7D"
	for _, p := range []framing.Protocol{framing.JSON{}, framing.Opaque{}} {
		if u, err := p.Query(raw); err != nil || u != (framing.URLFound{Query: raw}) {
			t.Errorf("%T: error %v, found %+v", p, err, u)
		}
	}
}

func TestOpaqueHasNoFirstFrameAndPassesTheRest(t *testing.T) {
	if _, err := (framing.Opaque{}).First(framing.Text, []byte(`{"authToken":"x"}`)); !errors.Is(err, framing.ErrBadFrame) {
		t.Errorf("a first frame gives %v", err)
	}
	f, err := framing.Opaque{}.Later(framing.Text, []byte(`{"authToken":"x"}`), framing.Bound{Pinned: true})
	if err != nil || f.Out != nil || f.HasToken || (framing.Opaque{}).ReadsAll() {
		t.Errorf("error %v, found %+v", err, f)
	}
}
