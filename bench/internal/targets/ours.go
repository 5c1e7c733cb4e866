package targets

import (
	"context"
	"net/netip"
)

// ownPeer starts a peer of package peers.
func ownPeer(name string) func(context.Context, *Lab, netip.AddrPort, string) (*Process, error) {
	return func(ctx context.Context, l *Lab, addr netip.AddrPort, dir string) (*Process, error) {
		return spawn(ctx, addr, dir, []string{"BENCH_SECRET=" + l.secret},
			l.binaries.Self, "peer", "-listen", addr.String(), "-upstream", l.Upstream.String(), name)
	}
}

// syncward starts the real binary with its defaults, but for what is given.
// The name tag is signed with HMAC; with the default Ed25519 a connection
// costs some 24 µs more.
func (l *Lab) syncward(ctx context.Context, addr netip.AddrPort, dir string, env ...string) (*Process, error) {
	env = append(env, "LISTEN_ADDR="+addr.String(), "ADMIN_ADDR=127.0.0.1:0", "UPSTREAM_URL=http://"+l.Upstream.String())
	return spawn(ctx, addr, dir, env, l.binaries.Syncward, "serve")
}

func (l *Lab) keys() []string {
	return []string{"JWT_SECRET=" + l.secret, "IDENTITY_KEY=" + newSecret()}
}

func syncwardJSON(ctx context.Context, l *Lab, addr netip.AddrPort, dir string) (*Process, error) {
	return l.syncward(ctx, addr, dir, append(l.keys(), "PROTOCOL=json", "TOKEN_SOURCES=frame")...)
}

func syncwardOpaque(ctx context.Context, l *Lab, addr netip.AddrPort, dir string) (*Process, error) {
	return l.syncward(ctx, addr, dir, append(l.keys(), "PROTOCOL=opaque", "TOKEN_SOURCES=header")...)
}

func syncwardOff(ctx context.Context, l *Lab, addr netip.AddrPort, dir string) (*Process, error) {
	return l.syncward(ctx, addr, dir, "AUTH_MODE=off")
}
