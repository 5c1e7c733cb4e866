// Package targets knows what is measured: what each target is called, what it
// verifies, how it is started and stopped.
//
//	lab, err := targets.NewLab(ctx, binaries)
//	defer lab.Close()
//	p, err := lab.Start(ctx, targets.All[0])
//
// It drives no load. A target that claims to verify tokens must refuse a
// forged one before it is measured (Probe).
package targets

import (
	"context"
	"net/netip"
	"os/exec"

	"github.com/syncward/syncward/bench/internal/load"
)

// Credential says where a target wants the token.
type Credential string

// The closed list of credentials.
const (
	None   Credential = ""       // the target verifies nothing
	Header Credential = "header" // Authorization: Bearer
	Frame  Credential = "frame"  // in the first frame
)

// Role says what a target is there for.
type Role string

// The closed list of roles.
const (
	Base  Role = "base"  // direct, and the floors: no HTTP is read
	Peer  Role = "peer"  // what somebody would use instead
	Ours  Role = "ours"  // Syncward
	route      = "/echo" // of ordinary connections
	drain      = "/sink" // of bulk
)

// Target is one row.
type Target struct {
	Name       string // stable, in the JSON
	Title      string // in tables
	Role       Role
	Credential Credential
	Needs      string // program that must be installed; empty: none
	start      func(ctx context.Context, lab *Lab, addr netip.AddrPort, dir string) (*Process, error)
}

// Verifies tells whether the target stands in the rows with a JWT.
func (t Target) Verifies() bool { return t.Credential != None }

// Missing tells whether the program that the target needs is not installed.
func (t Target) Missing() bool {
	if t.Needs == "" {
		return false
	}
	_, err := exec.LookPath(t.Needs)
	return err != nil
}

// All are the targets, in the order of the tables.
var All = []Target{
	{"syncward-json", "**Syncward**, token in the first frame", Ours, Frame, "", syncwardJSON},
	{"syncward-opaque", "**Syncward**, token in the header", Ours, Header, "", syncwardOpaque},
	{"haproxy-jwt", "HAProxy with `jwt_verify`, header", Peer, Header, "haproxy", haproxyJWT},
	{"reverseproxy", "httputil.ReverseProxy with golang-jwt, header", Peer, Header, "", ownPeer("reverseproxy")},
	{"direct", "direct, no proxy", Base, None, "", nil},
	{"epoll", "raw epoll loop in Go, TCP only", Base, None, "", ownPeer("epoll")},
	{"splice", "`io.Copy` (splice) in Go, TCP only", Base, None, "", ownPeer("splice")},
	{"syncward-off", "**Syncward**, `AUTH_MODE=off`", Ours, None, "", syncwardOff},
	{"nginx", "nginx", Peer, None, "nginx", nginx("4k")},
	{"nginx-16k", "nginx, 16 KiB buffers", Peer, None, "nginx", nginx("16k")},
	{"haproxy-http", "HAProxy, http mode", Peer, None, "haproxy", haproxyHTTP},
	{"haproxy-tcp", "HAProxy, tcp mode", Peer, None, "haproxy", haproxyTCP},
	{"caddy", "Caddy", Peer, None, "caddy", caddy},
	{"koding", "koding/websocketproxy", Peer, None, "", ownPeer("koding")},
}

// Client returns how a client connects to the target at addr, for ordinary
// connections.
func (l *Lab) Client(t Target, addr string) load.Client {
	return l.client(t, addr, l.token)
}

// Sink is Client for bulk: whole messages are answered with one byte.
func (l *Lab) Sink(t Target, addr string) load.Client {
	c := l.client(t, addr, l.token)
	c.Path = drain
	return c
}

func (l *Lab) client(t Target, addr, token string) load.Client {
	c := load.Client{Addr: addr, Path: route, First: []byte(`{"type":"init","instanceId":"bench","lastEventId":0}`)}
	switch {
	case token == "":
	case t.Credential == Header:
		c.Bearer = token
	case t.Credential == Frame:
		c.First = []byte(`{"type":"init","instanceId":"bench","authToken":"` + token + `","lastEventId":0}`)
	}
	return c
}
