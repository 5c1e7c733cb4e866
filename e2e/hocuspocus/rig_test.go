// Package hocuspocus_test lets real Hocuspocus providers (versions 2, 3 and 4)
// sync with a real server through `syncward serve`.
//
//	make e2e
//
// It does not test Hocuspocus: what is asserted is what Syncward lets through,
// what the server sees, and what the provider makes of a refusal.
package hocuspocus_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/syncward/syncward/e2e/internal/rig"
)

// event is one line of either program's output.
type event struct {
	Listening bool
	Connected *string
	Headers   map[string]string
	Token     *string
	Document  string

	Authenticated, Failed, Synced, Changed *string
	Key, Value                             string
	Close                                  *int
	Reason                                 string
	Opened                                 *int
}

// program is a running Node script, and how much of its output was consumed.
type program struct {
	*rig.Process
	read int
}

// next waits for the next event that accept takes.
func (p *program) next(t *testing.T, what string, accept func(event) bool) event {
	t.Helper()
	var e event
	_, p.read = p.Line(t, p.read, rig.Patience, what, func(line string) bool {
		e = event{}
		return json.Unmarshal([]byte(line), &e) == nil && accept(e)
	})
	return e
}

func (p *program) tell(t *testing.T, command map[string]any) {
	t.Helper()
	line, err := json.Marshal(command)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Stdin.Write(append(line, '\n')); err != nil {
		t.Fatal(err)
	}
}

func is(got *string, want string) bool { return got != nil && *got == want }

// syncs, fails and closes wait for these events of a client.
func (p *program) syncs(t *testing.T, doc string) {
	t.Helper()
	p.next(t, "sync of "+doc, func(e event) bool { return is(e.Synced, doc) })
}

func (p *program) fails(t *testing.T, doc, reason string) {
	t.Helper()
	if e := p.next(t, "denial of "+doc, func(e event) bool { return e.Failed != nil }); *e.Failed != doc || e.Reason != reason {
		t.Fatalf("denied %s with %s, want %s with %s", *e.Failed, e.Reason, doc, reason)
	}
}

func (p *program) closes(t *testing.T, code int, reason string) {
	t.Helper()
	if e := p.next(t, "close", func(e event) bool { return e.Close != nil }); *e.Close != code || e.Reason != reason {
		t.Fatalf("closed with %d %s, want %d %s", *e.Close, e.Reason, code, reason)
	}
}

// sees waits for a change of a document.
func (p *program) sees(t *testing.T, doc, key, value string) {
	t.Helper()
	p.next(t, "change of "+doc, func(e event) bool { return is(e.Changed, doc) && e.Key == key && e.Value == value })
}

func (p *program) open(t *testing.T, doc string, tokens ...string) {
	t.Helper()
	p.tell(t, map[string]any{"open": doc, "tokens": tokens})
}

func (p *program) set(t *testing.T, doc, key, value string) {
	t.Helper()
	p.tell(t, map[string]any{"set": doc, "key": key, "value": value})
}

// setting is a Hocuspocus server behind a sidecar.
type setting struct {
	version string
	server  *program
	tap     *rig.Tap // between the sidecar and the server
	side    *rig.Sidecar
}

// newSetting starts a server of a version, and a sidecar with more variables;
// those of the server begin with SERVER_.
func newSetting(t *testing.T, version string, env ...string) *setting {
	t.Helper()
	addr := rig.FreeAddr(t)
	_, port, _ := strings.Cut(addr, ":")
	forServer := []string{"VERSION=" + version, "PORT=" + port}
	tap := rig.StartTap(t, addr)
	forSidecar := []string{"PROTOCOL=hocuspocus", "UPSTREAM_URL=http://" + tap.Addr(), "JWT_SECRET=" + rig.Secret}
	for _, e := range env {
		if own, is := strings.CutPrefix(e, "SERVER_"); is {
			forServer = append(forServer, own)
			continue
		}
		forSidecar = append(forSidecar, e)
	}
	s := &setting{version: version, tap: tap}
	s.server = &program{Process: rig.Start(t, "server "+version, rig.E2E("hocuspocus"), forServer, rig.Node(t), "server.mjs")}
	s.server.next(t, "listening server", func(e event) bool { return e.Listening })
	s.side = rig.StartSidecar(t, forSidecar...)
	return s
}

// client starts a client of the setting's version.
func (s *setting) client(t *testing.T) *program {
	t.Helper()
	env := []string{"VERSION=" + s.version, "URL=" + s.side.URL("/collaboration")}
	return &program{Process: rig.Start(t, "client "+s.version, rig.E2E("hocuspocus"), env, rig.Node(t), "client.mjs")}
}

// sawAs waits until the server has opened a document, and asserts for whom.
func (s *setting) sawAs(t *testing.T, doc, user, status string) {
	t.Helper()
	e := s.server.next(t, "opening of "+doc+" at the server", func(e event) bool { return is(e.Connected, doc) })
	if e.Headers["x-sync-user-id"] != user || e.Headers["x-sync-auth-status"] != status {
		t.Errorf("the server opened %s for %q, %q", doc, e.Headers["x-sync-user-id"], e.Headers["x-sync-auth-status"])
	}
}

// noTokenSeen fails the test if the server was sent a part of one of tokens, in
// a head or in a message, or if no auth message was among these.
func (s *setting) noTokenSeen(t *testing.T, tokens ...string) {
	t.Helper()
	openings := 0
	for _, sent := range s.tap.Sent() {
		head, frames, err := rig.ClientStream(sent)
		if err != nil {
			t.Fatal(err)
		}
		all := []byte(head)
		for _, f := range frames {
			all = append(all, f.Payload...)
			if f.Opcode == 2 && len(f.Payload) > int(f.Payload[0])+1 && f.Payload[f.Payload[0]+1] == 2 {
				openings++
			}
		}
		for _, token := range tokens {
			rig.NoToken(t, "what the server was sent", string(all), token)
		}
	}
	if openings == 0 {
		t.Error("no auth message was sent to the server")
	}
	s.side.NoTokenSeen(t, tokens...)
}
