package targets

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
)

// Binaries are the programs that the lab starts.
type Binaries struct {
	Self     string // this program: the upstream and the peers of our own
	Syncward string
}

// Lab is one run's upstream, secrets and temporary files.
type Lab struct {
	Upstream netip.AddrPort
	binaries Binaries
	dir      string
	secret   string
	token    string
	forged   string
	server   *Process
	started  int
}

// NewLab starts the upstream.
func NewLab(ctx context.Context, binaries Binaries) (*Lab, error) {
	dir, err := os.MkdirTemp("", "syncward-bench-")
	if err != nil {
		return nil, err
	}
	l := &Lab{binaries: binaries, dir: dir, secret: newSecret()}
	if err := l.prepare(ctx); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

func (l *Lab) prepare(ctx context.Context) (err error) {
	if l.token, err = mint(l.secret); err != nil {
		return err
	}
	if l.forged, err = mint(newSecret()); err != nil {
		return err
	}
	if err := os.Chmod(l.dir, 0o755); err != nil { // nginx's worker is another user
		return err
	}
	if l.Upstream, err = freeAddr(); err != nil {
		return err
	}
	l.server, err = spawn(ctx, l.Upstream, l.dir, nil, l.binaries.Self, "upstream", "-listen", l.Upstream.String())
	if err != nil {
		return fmt.Errorf("bench: upstream: %w", err)
	}
	return nil
}

// Start starts a target and waits until it listens.
func (l *Lab) Start(ctx context.Context, t Target) (*Process, error) {
	if t.start == nil {
		return &Process{Addr: l.Upstream.String()}, nil
	}
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	l.started++
	dir := filepath.Join(l.dir, fmt.Sprintf("%d-%s", l.started, t.Name))
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	p, err := t.start(ctx, l, addr, dir)
	if err != nil {
		return nil, fmt.Errorf("bench: %s: %w", t.Name, err)
	}
	return p, nil
}

// Close stops the upstream and removes the temporary files.
func (l *Lab) Close() {
	if l.server != nil {
		l.server.Stop()
	}
	os.RemoveAll(l.dir) // only temporary files are left behind if it fails
}
