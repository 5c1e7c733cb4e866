// Package peers holds the proxies that are measured beside Syncward and have
// no program of their own: two floors that only move bytes, and two that
// people write in Go.
//
//	serve, ok := peers.ByName("splice")
//	err := serve(peers.Config{Listen: addr, Upstream: addr})
//
// Each runs as a process of its own, so that its CPU clock counts it alone.
package peers

import "net/netip"

// Config is what a peer is told.
type Config struct {
	Listen, Upstream netip.AddrPort
	Secret           []byte // of HS256, for the peer that verifies
}

// ByName returns the peer of that name; it serves until it fails.
func ByName(name string) (serve func(Config) error, ok bool) {
	switch name {
	case "splice":
		return splice, true
	case "epoll":
		return epoll, true
	case "koding":
		return koding, true
	case "reverseproxy":
		return reverseProxy, true
	}
	return nil, false
}
