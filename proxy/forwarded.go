package proxy

import (
	"net"
	"net/netip"
	"strings"
)

// peer is who is at the other end of a client connection.
type peer struct {
	addr    netip.Addr // of the TCP connection
	client  netip.Addr // addr, or what trusted proxies say of the client
	trusted bool       // addr is a trusted proxy
	secure  bool       // TLS on the client side
}

// key is the address that limits are counted by: IPv6 by its /64.
func (p peer) key() string {
	if p.client.Is6() {
		if prefix, err := p.client.Prefix(64); err == nil {
			return prefix.String()
		}
	}
	return p.client.String()
}

func newPeer(c net.Conn, trusted []netip.Prefix, secure bool) peer {
	p := peer{secure: secure}
	if ap, err := netip.ParseAddrPort(c.RemoteAddr().String()); err == nil {
		p.addr = ap.Addr().Unmap().WithZone("")
	}
	p.client = p.addr
	p.trusted = isTrusted(p.addr, trusted)
	return p
}

func isTrusted(a netip.Addr, trusted []netip.Prefix) bool {
	for _, p := range trusted {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// forwardedBy reads X-Forwarded-For where the peer is trusted: the last address
// that is not itself a trusted proxy's is the client's.
func (p peer) forwardedBy(values []string, trusted []netip.Prefix) peer {
	if !p.trusted {
		return p
	}
	hops := strings.Split(strings.Join(values, ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		a, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break // what stands left of nonsense is not to be believed
		}
		p.client = a.Unmap().WithZone("")
		if !isTrusted(p.client, trusted) {
			break
		}
	}
	return p
}

// isForwarding tells whether a header speaks of hops before us. An untrusted
// peer's are removed.
func isForwarding(name string) bool {
	n := strings.ReplaceAll(strings.ToLower(name), "_", "-")
	return strings.HasPrefix(n, "x-forwarded-") || n == "forwarded" || n == "x-real-ip"
}

// forwarding returns the X-Forwarded-* fields that the upstream is told.
func (p peer) forwarding(host string, had func(name string) []string) [][2]string {
	scheme := "http"
	if p.secure {
		scheme = "https"
	}
	if !p.trusted {
		return [][2]string{{"X-Forwarded-For", p.addr.String()}, {"X-Forwarded-Proto", scheme}, {"X-Forwarded-Host", host}}
	}
	chain := append(had("X-Forwarded-For"), p.addr.String())
	out := [][2]string{{"X-Forwarded-For", strings.Join(chain, ", ")}}
	if len(had("X-Forwarded-Proto")) == 0 {
		out = append(out, [2]string{"X-Forwarded-Proto", scheme})
	}
	if len(had("X-Forwarded-Host")) == 0 {
		out = append(out, [2]string{"X-Forwarded-Host", host})
	}
	return out
}
