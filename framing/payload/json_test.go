package payload_test

import (
	"errors"
	"testing"

	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/framing/payload"
)

const token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2ln"

// out is what goes on: Found.Out, or the message where nothing was taken out.
func out(f payload.Found, msg string) string {
	if f.Out == nil {
		return msg
	}
	return string(f.Out)
}

func TestFirstTakesTheTokenOutAndNothingElse(t *testing.T) {
	for _, c := range []struct{ name, msg, out string }{
		{"alone", `{"authToken":"` + token + `"}`, `{}`},
		{"first", `{"authToken":"` + token + `","a":1}`, `{"a":1}`},
		{"last", `{"a":1,"authToken":"` + token + `"}`, `{"a":1}`},
		{"between", `{"a":1,"authToken":"` + token + `","b":2}`, `{"a":1,"b":2}`},
		{"spaced first", ` { "authToken" : "` + token + `" , "a" : 1 } `, ` {  "a" : 1 } `},
		{"spaced last", "{\n\t\"a\" : 1 ,\n\t\"authToken\" : \"" + token + "\"\n}", "{\n\t\"a\" : 1 \n}"},
		{"spaced alone", `{ "authToken" : "` + token + `" }`, `{  }`},
		{"escaped name", `{"\u0061uth\u0054oken":"` + token + `","a":1}`, `{"a":1}`},
		{"escaped value", `{"authToken":"\u0065` + token[1:] + `","a":1}`, `{"a":1}`},
		{"other bytes stay", `{"n":1.50e+01,"big":12345678901234567890,"s":"\u0041\/é","authToken":"` + token + `","z":-0}`,
			`{"n":1.50e+01,"big":12345678901234567890,"s":"\u0041\/é","z":-0}`},
		{"a deeper one is not the field", `{"x":{"authToken":"y"},"authToken":"` + token + `"}`, `{"x":{"authToken":"y"}}`},
		{"another case is not the field", `{"authtoken":"y","AuthToken":"z","authToken":"` + token + `"}`, `{"authtoken":"y","AuthToken":"z"}`},
	} {
		for _, op := range []framing.Opcode{framing.Text, framing.Binary} {
			f, err := payload.JSON{}.First(op, []byte(c.msg))
			if err != nil || !f.HasToken || f.Token != token || out(f, c.msg) != c.out {
				t.Errorf("%s: error %v, has %v, right token %v, out %q, want %q", c.name, err, f.HasToken, f.Token == token, out(f, c.msg), c.out)
			}
		}
	}
}

func TestFirstWithoutATokenSaysSo(t *testing.T) {
	for _, c := range []struct{ name, msg, out string }{
		{"absent", `{"a":1}`, `{"a":1}`},
		{"null", `{"authToken":null,"a":1}`, `{"a":1}`},
		{"empty", `{"a":1,"authToken":""}`, `{"a":1}`},
		{"empty object", `{}`, `{}`},
		{"another case", `{"authtoken":"x"}`, `{"authtoken":"x"}`},
		{"deeper", `{"payload":{"authToken":"x"}}`, `{"payload":{"authToken":"x"}}`},
	} {
		f, err := payload.JSON{}.First(framing.Text, []byte(c.msg))
		if err != nil || f.HasToken || f.Token != "" || out(f, c.msg) != c.out {
			t.Errorf("%s: error %v, found %+v, out %q", c.name, err, f, out(f, c.msg))
		}
	}
}

func TestFirstRefusesWhatIsNoStrictObject(t *testing.T) {
	for _, msg := range []string{
		``, `null`, `"x"`, `[]`, `[{"authToken":"x"}]`, `ping`, "\x00\x01\x02",
		`{"authToken":1}`, `{"authToken":true}`, `{"authToken":{}}`, `{"authToken":["x"]}`,
		`{"authToken":"x","authToken":"y"}`, `{"authToken":"x","\u0061uthToken":"y"}`,
		"\ufeff" + `{"authToken":"x"}`, `{"authToken":"x"}}`, "{\"authToken\":\"\xff\"}",
	} {
		if f, err := (payload.JSON{}).First(framing.Text, []byte(msg)); !errors.Is(err, payload.ErrBadFrame) || f.Token != "" || f.Out != nil {
			t.Errorf("%q gives %+v, %v", msg, f, err)
		}
	}
}

func TestFirstFindsInstanceAndOptIn(t *testing.T) {
	for _, c := range []struct {
		msg, instance, out string
		optIn              bool
	}{
		{`{"instanceId":"room-1"}`, "room-1", `{"instanceId":"room-1"}`, false},
		{`{"instanceId":"r\u006fom"}`, "room", `{"instanceId":"r\u006fom"}`, false},
		{`{"instanceId":7}`, "", `{"instanceId":7}`, false},
		{`{"x":{"instanceId":"a"}}`, "", `{"x":{"instanceId":"a"}}`, false},
		{`{"authProtocol":1}`, "", `{}`, true},
		{`{"authProtocol":1,"authToken":"x"}`, "", `{}`, true},
		{`{"authToken":"x","authProtocol":1}`, "", `{}`, true},
		{`{"authToken":"x","authProtocol":1,"a":2}`, "", `{"a":2}`, true},
		{`{"authProtocol":1,"authToken":"x","a":2}`, "", `{"a":2}`, true},
		{`{"a":2,"authProtocol":1,"authToken":"x"}`, "", `{"a":2}`, true},
		{`{"authToken":"x","a":2,"authProtocol":1}`, "", `{"a":2}`, true},
		{`{"authProtocol":1,"a":2,"authToken":"x"}`, "", `{"a":2}`, true},
		{`{"authProtocol":"1"}`, "", `{"authProtocol":"1"}`, false},
		{`{"authProtocol":2}`, "", `{"authProtocol":2}`, false},
		{`{"authProtocol":1.0}`, "", `{"authProtocol":1.0}`, false},
		{`{"authProtocol":true}`, "", `{"authProtocol":true}`, false},
		{`{"x":{"authProtocol":1}}`, "", `{"x":{"authProtocol":1}}`, false},
	} {
		f, err := payload.JSON{}.First(framing.Text, []byte(c.msg))
		if err != nil || f.Instance != c.instance || f.OptIn != c.optIn || out(f, c.msg) != c.out {
			t.Errorf("%s: error %v, instance %q, opted in %v, out %q", c.msg, err, f.Instance, f.OptIn, out(f, c.msg))
		}
	}
}

func TestReplaceTakesTheTokensPlace(t *testing.T) {
	j := payload.JSON{Replace: `st"atic`, AllFrames: true}
	for _, c := range []struct{ msg, out string }{
		{`{"authToken" : "` + token + `" ,"a":1}`, `{"authToken" : "st\"atic" ,"a":1}`},
		{`{"a":1,"authToken":null}`, `{"a":1,"authToken":"st\"atic"}`},
		{`{"a":1,"authToken":""}`, `{"a":1,"authToken":"st\"atic"}`},
		{`{"a":1}`, `{"a":1}`},
	} {
		f, err := j.First(framing.Text, []byte(c.msg))
		if err != nil || out(f, c.msg) != c.out {
			t.Errorf("first %s: error %v, out %q", c.msg, err, out(f, c.msg))
		}
		f, err = j.Later(framing.Text, []byte(c.msg), payload.Bound{})
		if err != nil || out(f, c.msg) != c.out {
			t.Errorf("later %s: error %v, out %q", c.msg, err, out(f, c.msg))
		}
	}
	msg := `{"authToken":"x","authProtocol":1}`
	if f, err := j.First(framing.Text, []byte(msg)); err != nil || out(f, msg) != `{"authToken":"st\"atic"}` {
		t.Errorf("error %v, out %q", err, out(f, msg))
	}
}

func TestAnArrayElementBecomesNullSoThatTheNextOneDoesNotMoveUp(t *testing.T) {
	j := payload.JSON{TokenField: payload.MustPointer("/tokens/0"), AllFrames: true}
	msg := `{"tokens":["a","b"]}`
	f, err := j.Later(framing.Text, []byte(msg), payload.Bound{})
	if err != nil || f.Token != "a" || out(f, msg) != `{"tokens":[null,"b"]}` {
		t.Errorf("error %v, token %q, out %q", err, f.Token, out(f, msg))
	}
}

func TestConfiguredFieldsAreUsed(t *testing.T) {
	j := payload.JSON{TokenField: payload.MustPointer("/payload/auth~1token"), InstanceField: payload.MustPointer("/payload/doc")}
	msg := `{"payload":{"auth\/token":"x","doc":"d"},"authToken":"stays","instanceId":"i"}`
	f, err := j.First(framing.Text, []byte(msg))
	if err != nil || f.Token != "x" || f.Instance != "d" || out(f, msg) != `{"payload":{"doc":"d"},"authToken":"stays","instanceId":"i"}` {
		t.Errorf("error %v, found %+v, out %q", err, f, out(f, msg))
	}
}

func TestFoundSharesNoMemoryWithTheMessage(t *testing.T) {
	msg := []byte(`{"authToken":"x","instanceId":"i","a":1}`)
	f, err := payload.JSON{}.First(framing.Text, msg)
	if err != nil {
		t.Fatal(err)
	}
	clear(msg)
	if f.Token != "x" || f.Instance != "i" || string(f.Out) != `{"instanceId":"i","a":1}` {
		t.Errorf("after the message was overwritten: %+v, out %q", f, f.Out)
	}
}
