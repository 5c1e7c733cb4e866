package demo

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/syncward/syncward/demo/auth"
	"github.com/syncward/syncward/demo/legacy"
)

// How long a token lives, and how long it is accepted afterwards: short, so
// that all of it can be watched in a minute.
const (
	life  = 20 * time.Second
	grace = 40 * time.Second
)

// Who issues the demo's tokens, and whom they are for.
const (
	issuer   = "syncward-demo"
	audience = "syncward-demo-sync"
)

// headerTimeout is the time for a request's head.
const headerTimeout = 5 * time.Second

// Demo is a running demo without its sidecar.
type Demo struct {
	page     net.Listener
	upstream net.Listener
	dir      string // holds the flags file
	secret   []byte
	feed     *feed
	legacy   *legacy.Server
	server   *http.Server // of the legacy server
}

// New opens the page's listener on addr (host:port; port 0: any), starts the
// legacy server on a loopback port, and writes a flags file that says enforce.
// Close ends what it started.
func New(addr string) (*Demo, error) {
	d := &Demo{secret: newSecret(), feed: newFeed()}
	var err error
	if d.page, err = net.Listen("tcp", addr); err != nil {
		return nil, fmt.Errorf("demo: %w; free the address, or choose another with --listen", err)
	}
	if d.upstream, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		d.page.Close()
		return nil, fmt.Errorf("demo: %w", err)
	}
	if d.dir, err = os.MkdirTemp("", "syncward-demo-"); err == nil {
		err = d.setMode("enforce")
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("demo: flags file: %w", err), d.page.Close(), d.upstream.Close(), os.RemoveAll(d.dir))
	}
	d.legacy = legacy.New(d.feed.sighted)
	d.server = &http.Server{Handler: d.legacy, ReadHeaderTimeout: headerTimeout}
	go d.server.Serve(d.upstream) // ends with Close
	return d, nil
}

// newSecret returns 32 random bytes, in letters: it goes through a variable.
func newSecret() []byte {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return []byte(base64.RawURLEncoding.EncodeToString(b))
}

// URL is the page's address, by the name of loopback where it listens on all.
func (d *Demo) URL() string {
	addr := *d.page.Addr().(*net.TCPAddr)
	if addr.IP.IsUnspecified() {
		addr.IP = net.IPv4(127, 0, 0, 1)
	}
	return "http://" + addr.String()
}

// Variables is the environment of the sidecar, NAME=value: any production
// value of these would do as well.
func (d *Demo) Variables() []string {
	return []string{
		"LISTEN_ADDR=127.0.0.1:0",
		"ADMIN_ADDR=127.0.0.1:0",
		"UPSTREAM_URL=http://" + d.upstream.Addr().String(),
		"FLAGS_FILE=" + d.flagsFile(),
		"JWT_SECRET=" + string(d.secret),
		"JWT_ISSUER=" + issuer,
		"JWT_AUDIENCE=" + audience,
		"JWT_GRACE_PERIOD=" + grace.String(),
		"ATTRIBUTION=inject",
		"DRAIN_DELAY=0s",
		"DRAIN_PERIOD=0s",
	}
}

// Log takes the sidecar's log, one JSON line for each Write.
func (d *Demo) Log() io.Writer { return d.feed }

// Ready is closed when the sidecar has logged where it listens.
func (d *Demo) Ready() <-chan struct{} { return d.feed.ready }

// Serve serves the page until ctx ends, and returns nil then. Call it once the
// demo is ready.
func (d *Demo) Serve(ctx context.Context) error {
	service := auth.New(auth.Options{Secret: d.secret, Issuer: issuer, Audience: audience, Life: life})
	server := &http.Server{Handler: d.handler(service), ReadHeaderTimeout: headerTimeout, IdleTimeout: time.Minute}
	defer server.Close()
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(d.page) }()
	select {
	case <-ctx.Done():
		return nil
	case err := <-failed:
		return fmt.Errorf("demo: %w", err)
	}
}

// Close ends the legacy server and removes the flags file.
func (d *Demo) Close() error {
	_ = d.page.Close() // Serve may have closed it
	err := d.server.Close()
	d.legacy.Close()
	return errors.Join(err, os.RemoveAll(d.dir))
}

func (d *Demo) flagsFile() string { return filepath.Join(d.dir, "flags.yaml") }

// setMode writes the flags file: beside it first, so that nobody reads half.
func (d *Demo) setMode(mode string) error {
	next := d.flagsFile() + ".next"
	if err := os.WriteFile(next, []byte("authMode: "+mode+"\n"), 0o600); err != nil {
		return err
	}
	return os.Rename(next, d.flagsFile())
}
