package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"syscall"
	"time"
)

// probe is one thing that was tried.
type probe struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
}

// probeAll tries what serve will need.
func probeAll(ctx context.Context, c *config) []probe {
	running := runsHere(ctx, c.AdminAddr)
	return []probe{
		probeListen("listen", c.ListenAddr, running), probeListen("admin", c.AdminAddr, running), probeDrain(c, running), probeKeys(ctx, c), probeUpstream(ctx, c),
		probeUsers(ctx, c), probeStore(ctx, c), probeJournal(ctx, c),
	}
}

// probeListen tries to listen. An address in use stops a start, unless it is a
// running syncward's: check is also run beside the serve that it asks about.
func probeListen(name, addr string, running bool) probe {
	ln, err := net.Listen("tcp", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE) && running:
		return probe{name, true, addr + " is in use by a running syncward"}
	case errors.Is(err, syscall.EADDRINUSE):
		return probe{name, false, addr + " is in use by another process; end it, or choose another address"}
	case err != nil:
		return probe{name, false, addr + ": " + plain(err)}
	}
	ln.Close()
	return probe{name, true, addr}
}

// runsHere tells whether a syncward answers at the admin address.
func runsHere(ctx context.Context, admin string) bool {
	host, port, err := net.SplitHostPort(admin)
	if err != nil {
		return false
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/metrics", nil)
	if err != nil {
		return false
	}
	direct := &http.Transport{Proxy: nil, DisableKeepAlives: true}
	res, err := direct.RoundTrip(r)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	page, _ := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	return bytes.Contains(page, []byte("\nsyncward_build_info{"))
}

// probeUpstream connects, and shakes hands where there is TLS. It sends no
// request: what an upstream answers to one is its own affair.
func probeUpstream(ctx context.Context, c *config) probe {
	const name = "upstream"
	up := c.upstream()
	ctx, cancel := context.WithTimeout(ctx, c.DialTimeout)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, up.Network, up.Address)
	if err != nil {
		return probe{name, false, up.Address + ": " + plain(err) + "; start it, or correct UPSTREAM_URL"}
	}
	defer conn.Close()
	if up.TLS == nil {
		return probe{name, true, up.Address + " accepts connections"}
	}
	if err := tls.Client(conn, up.TLS).HandshakeContext(ctx); err != nil {
		return probe{name, false, up.Address + ": TLS: " + plain(err) + "; see UPSTREAM_CA_FILE, UPSTREAM_CERT_FILE"}
	}
	return probe{name, true, up.Address + " accepts TLS connections"}
}

// plain returns the innermost reason of a network error, without the
// addresses that our caller names itself.
func plain(err error) string {
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	return err.Error()
}
