package hocuspocus_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/framing/hocuspocus"
	"github.com/syncward/syncward/framing/payload"
)

// recorded are messages that real providers sent with the token
// HEAD.BODY.SIGNATURE: two documents (three with provider 4), changes, a
// stateless message, the token once more, and the end of one document.
func recorded(t testing.TB) (all []struct {
	Provider int
	msg      []byte
}) {
	t.Helper()
	text, err := os.ReadFile("testdata/provider.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		var one struct {
			Provider int
			Hex      string
		}
		if err := json.Unmarshal(line, &one); err != nil {
			t.Fatal(err)
		}
		msg, err := hex.DecodeString(one.Hex)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, struct {
			Provider int
			msg      []byte
		}{one.Provider, msg})
	}
	return all
}

const token = "HEAD.BODY.SIGNATURE"

func TestRealProvidersAreRead(t *testing.T) {
	p := hocuspocus.New(hocuspocus.Options{})
	openings := map[int]map[string]string{2: {}, 3: {}, 4: {}}
	for _, one := range recorded(t) {
		before := bytes.Clone(one.msg)
		f, err := p.Later(framing.Binary, one.msg, payload.Bound{})
		if err != nil || !bytes.Equal(before, one.msg) {
			t.Fatalf("provider %d, %x: %v", one.Provider, one.msg, err)
		}
		if !bytes.Contains(one.msg, []byte(token)) {
			if f.Kind != payload.Within || f.Out != nil || f.HasToken {
				t.Errorf("provider %d, %x: %+v", one.Provider, one.msg, f)
			}
			continue
		}
		if f.Kind != payload.Opening || f.Token != token || !f.HasToken {
			t.Errorf("provider %d, %x: %+v", one.Provider, one.msg, f)
		}
		// Nothing but the token and its length, one byte here, is gone.
		if want := bytes.Replace(one.msg, []byte("\x13"+token), []byte{0}, 1); !bytes.Equal(f.Out, want) {
			t.Errorf("provider %d, %x became %x", one.Provider, one.msg, f.Out)
		}
		openings[one.Provider][f.Address] = f.Instance
	}
	for provider, want := range map[int][]string{2: {"notes", "café ☕"}, 3: {"notes", "café ☕"}, 4: {"notes", "café ☕", "notes-2"}} {
		got := map[string]bool{}
		for address, instance := range openings[provider] {
			got[instance] = true
			if name, _, _ := strings.Cut(address, "\x00"); name != instance {
				t.Errorf("provider %d: %q is for %q", provider, address, instance)
			}
		}
		if len(got) != len(want) {
			t.Errorf("provider %d opened %v, want %q", provider, got, want)
		}
	}
}

func TestMessages(t *testing.T) {
	long := strings.Repeat("t", 200)
	for name, c := range map[string]struct {
		msg  string
		want payload.Found
		err  error
	}{
		"an auth message":                     {"\x01a\x02\x00\x02tk", opening("a", "a", "tk", "\x01a\x02\x00\x00"), nil},
		"with the provider's version":         {"\x01a\x02\x00\x02tk\x054.8.0", opening("a", "a", "tk", "\x01a\x02\x00\x00\x054.8.0"), nil},
		"of a session":                        {"\x04a\x00s1\x02\x00\x02tk", opening("a\x00s1", "a", "tk", "\x04a\x00s1\x02\x00\x00"), nil},
		"with a long token":                   {"\x01a\x02\x00\xc8\x01" + long, opening("a", "a", long, "\x01a\x02\x00\x00"), nil},
		"without a token":                     {"\x01a\x02\x00\x00", payload.Found{Kind: payload.Opening, Address: "a", Instance: "a"}, nil},
		"of the document without a name":      {"\x00\x02\x00\x02tk", opening("", "", "tk", "\x00\x02\x00\x00"), nil},
		"a sync message":                      {"\x01a\x00\x00\x01\x00", payload.Found{Kind: payload.Within, Address: "a", Instance: "a"}, nil},
		"a type that nobody knows":            {"\x01a\xac\x02", payload.Found{Kind: payload.Within, Address: "a", Instance: "a"}, nil},
		"the answer to a ping":                {"\x0a", payload.Found{}, nil},
		"a ping, which no client sends":       {"\x09", payload.Found{}, payload.ErrBadFrame},
		"nothing":                             {"", payload.Found{}, payload.ErrBadFrame},
		"a name that ends too early":          {"\x05abc", payload.Found{}, payload.ErrBadFrame},
		"no type":                             {"\x01a", payload.Found{}, payload.ErrBadFrame},
		"no kind of auth":                     {"\x01a\x02", payload.Found{}, payload.ErrBadFrame},
		"a refusal, from a client":            {"\x01a\x02\x01\x02tk", payload.Found{}, payload.ErrBadFrame},
		"a consent, from a client":            {"\x01a\x02\x02\x02tk", payload.Found{}, payload.ErrBadFrame},
		"a token that ends too early":         {"\x01a\x02\x00\x09tk", payload.Found{}, payload.ErrBadFrame},
		"another auth message behind it":      {"\x01a\x02\x00\x02tk\x01b\x02\x00\x02tk", payload.Found{}, payload.ErrBadFrame},
		"two strings behind it":               {"\x01a\x02\x00\x02tk\x014\x014", payload.Found{}, payload.ErrBadFrame},
		"a version that ends too early":       {"\x01a\x02\x00\x02tk\x054", payload.Found{}, payload.ErrBadFrame},
		"a version that is no UTF-8":          {"\x01a\x02\x00\x02tk\x01\xff", payload.Found{}, payload.ErrBadFrame},
		"a token that is no UTF-8":            {"\x01a\x02\x00\x01\xff", payload.Found{}, payload.ErrBadFrame},
		"a name that is no UTF-8":             {"\x01\xff\x00", payload.Found{}, payload.ErrBadFrame},
		"a name with a BOM":                   {"\x04\xef\xbb\xbfa\x00", payload.Found{}, payload.ErrBadFrame},
		"auth, spelled in two bytes":          {"\x01a\x82\x00\x00\x02tk", payload.Found{}, payload.ErrBadFrame},
		"a length, spelled in two bytes":      {"\x81\x00a\x02\x00\x02tk", payload.Found{}, payload.ErrBadFrame},
		"a length beyond all measure":         {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", payload.Found{}, payload.ErrBadFrame},
		"a length beyond what lib0 can count": {"\x01a\x80\x80\x80\x80\x80\x80\x80\x10", payload.Found{}, payload.ErrBadFrame},
	} {
		t.Run(name, func(t *testing.T) {
			p := hocuspocus.New(hocuspocus.Options{})
			for _, op := range []framing.Opcode{framing.Binary, framing.Text} {
				f, err := p.First(op, []byte(c.msg))
				if !errors.Is(err, c.err) || !same(f, c.want) {
					t.Errorf("got %+v, %v", f, err)
				}
			}
		})
	}
}

func opening(address, instance, token, out string) payload.Found {
	return payload.Found{Kind: payload.Opening, Address: address, Instance: instance, Token: token, HasToken: true, Out: []byte(out)}
}

func same(a, b payload.Found) bool {
	return a.Kind == b.Kind && a.Address == b.Address && a.Instance == b.Instance && a.Token == b.Token &&
		a.HasToken == b.HasToken && bytes.Equal(a.Out, b.Out) && (a.Out == nil) == (b.Out == nil)
}

func TestAStaticTokenTakesThePlace(t *testing.T) {
	static := strings.Repeat("s", 130)
	p := hocuspocus.New(hocuspocus.Options{Replace: static})
	for _, sent := range []string{"\x01a\x02\x00\x02tk\x014", "\x01a\x02\x00\x00\x014"} {
		f, err := p.First(framing.Binary, []byte(sent))
		if want := "\x01a\x02\x00\x82\x01" + static + "\x014"; err != nil || string(f.Out) != want {
			t.Errorf("%q became %q, %v", sent, f.Out, err)
		}
	}
}

func TestAnOpeningIsReadAsOne(t *testing.T) {
	p := hocuspocus.New(hocuspocus.Options{})
	f, err := p.First(framing.Binary, p.Opening("a\x00s", "tk"))
	if err != nil || !same(f, opening("a\x00s", "a", "tk", "\x03a\x00s\x02\x00\x00")) {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestADenialIsAMessageOfTheServer(t *testing.T) {
	op, msg := hocuspocus.New(hocuspocus.Options{}).Denial("a\x00s", "FORBIDDEN")
	if op != framing.Binary || string(msg) != "\x03a\x00s\x02\x01\x09FORBIDDEN" {
		t.Errorf("%v %q", op, msg)
	}
}

// Only a text message can be one of Syncward's own, and only of a client that
// opted in.
func TestAuthMessagesOfAClientThatOptedIn(t *testing.T) {
	p := hocuspocus.New(hocuspocus.Options{})
	msg := []byte(`{"type":"auth.refresh","authToken":"tk"}`)
	for name, c := range map[string]struct {
		op   framing.Opcode
		in   bool
		want payload.Kind
	}{
		"opted in": {framing.Text, true, payload.AuthRefresh}, "binary": {framing.Binary, true, 0}, "not opted in": {framing.Text, false, 0},
	} {
		f, err := p.Later(c.op, msg, payload.Bound{OptedIn: c.in})
		if f.Kind != c.want || (err == nil) != (c.want == payload.AuthRefresh) {
			t.Errorf("%s: %+v, %v", name, f, err)
		}
	}
}
