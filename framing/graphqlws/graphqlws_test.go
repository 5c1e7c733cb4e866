package graphqlws_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/framing/graphqlws"
	"github.com/syncward/syncward/framing/payload"
)

func TestTheFirstMessage(t *testing.T) {
	for name, c := range map[string]struct {
		msg, token, out string
		err             error
	}{
		"authToken":                       {`{"type":"connection_init","payload":{"authToken":"tk","a":1}}`, "tk", `{"type":"connection_init","payload":{"a":1}}`, nil},
		"Authorization":                   {`{"type":"connection_init","payload":{"Authorization":"tk"}}`, "tk", `{"type":"connection_init","payload":{}}`, nil},
		"with Bearer":                     {`{"payload":{"a":1, "Authorization":"Bearer tk"},"type":"connection_init"}`, "tk", `{"payload":{"a":1},"type":"connection_init"}`, nil},
		"with bearer and two spaces":      {`{"type":"connection_init","payload":{"Authorization":"bearer  tk"}}`, "tk", `{"type":"connection_init","payload":{}}`, nil},
		"authToken with Bearer":           {`{"type":"connection_init","payload":{"authToken":"Bearer tk"}}`, "tk", `{"type":"connection_init","payload":{}}`, nil},
		"the same in both":                {`{"type":"connection_init","payload":{"authToken":"tk","n":1.0,"Authorization":"Bearer tk"}}`, "tk", `{"type":"connection_init","payload":{"n":1.0}}`, nil},
		"the same in both, side by side":  {`{"type":"connection_init","payload":{"Authorization":"tk","authToken":"tk"}}`, "tk", `{"type":"connection_init","payload":{}}`, nil},
		"one of the two empty":            {`{"type":"connection_init","payload":{"authToken":"","Authorization":"Bearer tk"}}`, "tk", `{"type":"connection_init","payload":{}}`, nil},
		"two that differ":                 {`{"type":"connection_init","payload":{"authToken":"a","Authorization":"Bearer b"}}`, "", "", payload.ErrBadFrame},
		"escaped":                         {`{"\u0074ype":"connection\u005finit","payl\u006fad":{"\u0061uthToken":"t\u006b"}}`, "tk", `{"\u0074ype":"connection\u005finit","payl\u006fad":{}}`, nil},
		"null":                            {`{"type":"connection_init","payload":{"authToken":null}}`, "", `{"type":"connection_init","payload":{}}`, nil},
		"Bearer alone":                    {`{"type":"connection_init","payload":{"Authorization":"Bearer "}}`, "", `{"type":"connection_init","payload":{}}`, nil},
		"no payload":                      {`{"type":"connection_init"}`, "", "", nil},
		"a null payload":                  {`{"type":"connection_init","payload":null}`, "", "", nil},
		"another spelling is another":     {`{"type":"connection_init","payload":{"authorization":"tk"}}`, "", "", nil},
		"not in the payload":              {`{"type":"connection_init","authToken":"tk"}`, "", "", nil},
		"of another type":                 {`{"type":"subscribe","payload":{"authToken":"tk"}}`, "", "", nil},
		"a token that is no string":       {`{"type":"connection_init","payload":{"authToken":1}}`, "", "", payload.ErrBadFrame},
		"a token that is an object":       {`{"type":"connection_init","payload":{"Authorization":{}}}`, "", "", payload.ErrBadFrame},
		"no type":                         {`{"payload":{"authToken":"tk"}}`, "", "", payload.ErrBadFrame},
		"a type that is no string":        {`{"type":1}`, "", "", payload.ErrBadFrame},
		"two types":                       {`{"type":"ping","type":"connection_init"}`, "", "", payload.ErrBadFrame},
		"two tokens in one place":         {`{"type":"connection_init","payload":{"authToken":"a","authToken":"a"}}`, "", "", payload.ErrBadFrame},
		"no object":                       {`["connection_init"]`, "", "", payload.ErrBadFrame},
		"no JSON":                         {`connection_init`, "", "", payload.ErrBadFrame},
		"something behind the message":    {`{"type":"connection_init"}{}`, "", "", payload.ErrBadFrame},
		"a byte order mark in front":      {"\ufeff" + `{"type":"connection_init"}`, "", "", payload.ErrBadFrame},
		"a message that begins like ping": {`{"type":"pings"}`, "", "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			for _, op := range []framing.Opcode{framing.Text, framing.Binary} {
				f, err := graphqlws.New(graphqlws.Options{}).First(op, []byte(c.msg))
				if !errors.Is(err, c.err) {
					t.Fatalf("error %v", err)
				}
				if err != nil { // in observe it goes on, without what was found
					if bytes.Contains(f.Out, []byte(`"a"`)) {
						t.Errorf("a token is left in %q", f.Out)
					}
					continue
				}
				if f.Token != c.token || f.HasToken != (c.token != "") || string(f.Out) != c.out || f.Kind != payload.Application || f.OptIn {
					t.Errorf("got %+v, Out %q", f, f.Out)
				}
			}
		})
	}
}

// Of two tokens that differ neither may go on where a mode lets the message in.
func TestTwoTokensBothGo(t *testing.T) {
	msg := `{"type":"connection_init","payload":{"authToken":"a","x":1,"Authorization":"b"}}`
	p := graphqlws.New(graphqlws.Options{AllFrames: true})
	first, err1 := p.First(framing.Text, []byte(msg))
	later, err2 := p.Later(framing.Text, []byte(msg), payload.Bound{})
	for _, f := range []payload.Found{first, later} {
		if string(f.Out) != `{"type":"connection_init","payload":{"x":1}}` || !errors.Is(err1, payload.ErrBadFrame) || !errors.Is(err2, payload.ErrBadFrame) {
			t.Errorf("%q, %v, %v", f.Out, err1, err2)
		}
	}
}

func TestPingAndPongMayComeAhead(t *testing.T) {
	p := graphqlws.New(graphqlws.Options{})
	for _, msg := range []string{`{"type":"ping"}`, `{"type":"pong","payload":{"a":1}}`} {
		if f, err := p.First(framing.Text, []byte(msg)); err != nil || f.Kind != payload.Ahead || f.Out != nil {
			t.Errorf("%s: %+v, %v", msg, f, err)
		}
	}
}

func TestTheOptInStandsInThePayload(t *testing.T) {
	p := graphqlws.New(graphqlws.Options{})
	for msg, out := range map[string]string{
		`{"type":"connection_init","payload":{"authToken":"tk","authProtocol":1}}`:                      `{"type":"connection_init","payload":{}}`,
		`{"type":"connection_init","payload":{"authProtocol":1,"a":2,"authToken":"tk"}}`:                `{"type":"connection_init","payload":{"a":2}}`,
		`{"type":"connection_init","payload":{"Authorization":"tk","authProtocol":1,"authToken":"tk"}}`: `{"type":"connection_init","payload":{}}`,
	} {
		if f, err := p.First(framing.Text, []byte(msg)); err != nil || !f.OptIn || f.Token != "tk" || string(f.Out) != out {
			t.Errorf("%s: %+v, Out %q, %v", msg, f, f.Out, err)
		}
	}
	for _, msg := range []string{
		`{"type":"connection_init","authProtocol":1}`, `{"type":"connection_init","payload":{"authProtocol":"1"}}`,
		`{"type":"connection_init","payload":{"authProtocol":1.0}}`,
	} {
		if f, err := p.First(framing.Text, []byte(msg)); err != nil || f.OptIn || f.Out != nil {
			t.Errorf("%s: %+v, %v", msg, f, err)
		}
	}
}

func TestAnotherField(t *testing.T) {
	p := graphqlws.New(graphqlws.Options{TokenField: payload.MustPointer("/headers/authorization")})
	msg := `{"type":"connection_init","payload":{"authToken":"kept","headers":{"authorization":"Bearer tk"}}}`
	f, err := p.First(framing.Text, []byte(msg))
	if want := `{"type":"connection_init","payload":{"authToken":"kept","headers":{}}}`; err != nil || f.Token != "tk" || string(f.Out) != want {
		t.Errorf("%+v, Out %q, %v", f, f.Out, err)
	}
}

func TestAStaticTokenTakesThePlace(t *testing.T) {
	p := graphqlws.New(graphqlws.Options{Replace: "static"})
	for msg, out := range map[string]string{
		`{"type":"connection_init","payload":{"authToken":"tk"}}`:                             `{"type":"connection_init","payload":{"authToken":"static"}}`,
		`{"type":"connection_init","payload":{"Authorization":"Bearer tk"}}`:                  `{"type":"connection_init","payload":{"Authorization":"Bearer static"}}`,
		`{"type":"connection_init","payload":{"Authorization":"BEARER tk","authToken":"tk"}}`: `{"type":"connection_init","payload":{"Authorization":"BEARER static","authToken":"static"}}`,
	} {
		if f, err := p.First(framing.Text, []byte(msg)); err != nil || string(f.Out) != out {
			t.Errorf("%s became %q, %v", msg, f.Out, err)
		}
	}
}

// In a mode that lets such a message in, nothing of a token goes with it.
func TestWhatIsRefusedIsStrippedAllTheSame(t *testing.T) {
	p := graphqlws.New(graphqlws.Options{})
	for msg, out := range map[string]string{
		`{"type":"connection_init","payload":{"authToken":["tk"],"a":1}}`:                   `{"type":"connection_init","payload":{"a":1}}`,
		`{"type":"connection_init","payload":{"authToken":"tk","Authorization":{"a":"b"}}}`: `{"type":"connection_init","payload":{}}`,
		`{"type":7,"payload":{"authToken":"tk"}}`:                                           `{"type":7,"payload":{}}`,
		`{"payload":{"Authorization":"Bearer tk"}}`:                                         `{"payload":{}}`,
	} {
		f, err := p.First(framing.Text, []byte(msg))
		if !errors.Is(err, payload.ErrBadFrame) || string(f.Out) != out || f.Token != "" || f.HasToken || f.OptIn {
			t.Errorf("%s: %+v, Out %q, %v", msg, f, f.Out, err)
		}
	}
}

// A server that reads less strictly could take each of these for a
// connection_init, and servers of the older protocol take one at any time.
func TestALaterMessageThatTwoReadersReadDifferently(t *testing.T) {
	p := graphqlws.New(graphqlws.Options{AllFrames: true})
	for _, msg := range []string{
		`{"type":"x","type":"connection_init","payload":{"authToken":"tk"}}`,
		`{"type":"connection_init","payload":{"authToken":"tk","authToken":"tk"}}`,
		`{"type":"connection_init","payload":{"authToken":"tk"},}`,
		`{"type":"connection_init","payload":{"authToken":"tk","a":"\ud800"}}`,
		`{"type":"connection\u005Finit","type":"\u0063\u006fnnection_\u0069nit","payload":{"authToken":"tk"}}`,
		"\ufeff" + `{"type":"connection_init","payload":{"authToken":"tk"}}`,
		"\x00connection_init",
	} {
		f, err := p.Later(framing.Text, []byte(msg), payload.Bound{})
		if !errors.Is(err, payload.ErrBadFrame) || f.Out != nil || f.HasToken {
			t.Errorf("%q: %+v, %v", msg, f, err)
		}
	}
}

func TestALaterMessage(t *testing.T) {
	all, none := graphqlws.New(graphqlws.Options{AllFrames: true}), graphqlws.New(graphqlws.Options{})
	if !all.ReadsAll() || none.ReadsAll() {
		t.Error("ReadsAll does not follow AllFrames")
	}
	for msg, out := range map[string]string{
		`{"type":"connection_init","payload":{"authToken":"tk"}}`:               `{"type":"connection_init","payload":{}}`,
		`{"type":"connection\u005Finit","payload":{"authToken":{"deep":"tk"}}}`: `{"type":"connection\u005Finit","payload":{}}`,
		`{"type":"subscribe","payload":{"query":"connection_init"}}`:            ``,
		`["connection_init"]`: ``,
		`{"type":"subscribe","payload":{"text":"\ud800 connection\u005f"}}`: ``,
	} {
		if f, err := all.Later(framing.Text, []byte(msg), payload.Bound{}); err != nil || string(f.Out) != out {
			t.Errorf("%s became %q, %v", msg, f.Out, err)
		}
		if f, err := none.Later(framing.Text, []byte(msg), payload.Bound{}); err != nil || f.Out != nil || f.HasToken {
			t.Errorf("%s was read: %+v, %v", msg, f, err)
		}
	}
	refresh := []byte(`{"type":"auth.refresh","authToken":"tk"}`)
	for _, in := range []bool{true, false} {
		if f, err := all.Later(framing.Text, refresh, payload.Bound{OptedIn: in}); err != nil || (f.Kind == payload.AuthRefresh) != in {
			t.Errorf("opted in %v: %+v, %v", in, f, err)
		}
	}
}
