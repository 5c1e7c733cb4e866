package main

import (
	"crypto/tls"
	"crypto/x509"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
)

// How a connection to NATS is kept. A server that is lost is noticed by its
// pings within 15 s, where the network does not tell earlier.
const (
	natsConnectTimeout = 2 * time.Second
	natsReconnectWait  = 250 * time.Millisecond
	natsPing           = 5 * time.Second
)

// dialNATS returns a connection to the servers of urls (as NATS_URL names
// them), which calls itself name, with the credentials and the TLS of the
// NATS_… variables. It waits for no server: where none answers it keeps trying,
// now and after each loss, for ever; the caller closes it. fault is told of
// losses, refusals and faults of the connection, of those in a row the first;
// it must not block. Nothing that is sent while there is no connection is kept
// for later. more is applied last. Errors are those of files and URLs.
func dialNATS(c *config, name, urls string, fault func(error), more ...nats.Option) (*nats.Conn, error) {
	servers, err := natsServers(urls)
	if err != nil {
		return nil, err
	}
	var failing atomic.Bool
	first := func(err error) {
		if err != nil && !failing.Swap(true) {
			fault(err)
		}
	}
	o := []nats.Option{
		nats.Name(name), nats.Timeout(natsConnectTimeout), nats.RetryOnFailedConnect(true), nats.IgnoreAuthErrorAbort(),
		nats.MaxReconnects(-1), nats.ReconnectWait(natsReconnectWait), nats.ReconnectJitter(natsReconnectWait, natsReconnectWait),
		nats.ReconnectBufSize(-1), nats.PingInterval(natsPing), nats.MaxPingsOutstanding(2),
		nats.ConnectHandler(func(*nats.Conn) { failing.Store(false) }),
		nats.ReconnectHandler(func(*nats.Conn) { failing.Store(false) }),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) { first(err) }),
		nats.ReconnectErrHandler(func(_ *nats.Conn, err error) { first(err) }),
		// Without a handler the library writes to stderr itself.
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { fault(err) }),
	}
	if c.NATSCredsFile != "" {
		o = append(o, nats.UserCredentials(c.NATSCredsFile))
	}
	if secure := natsTLS(c); secure != nil {
		o = append(o, secure)
	}
	return nats.Connect(strings.Join(servers, ","), append(o, more...)...)
}

// natsTLS reads its files again for each connection; nil: what the URL says.
func natsTLS(c *config) nats.Option {
	var pair func() (tls.Certificate, error)
	var pool func() (*x509.CertPool, error)
	if c.NATSCertFile != "" {
		pair = func() (tls.Certificate, error) { return readPair(c.NATSCertFile, c.NATSKeyFile) }
	}
	if c.NATSCAFile != "" {
		pool = func() (*x509.CertPool, error) { return readPool(c.NATSCAFile) }
	}
	if pair == nil && pool == nil {
		return nil
	}
	return nats.ClientTLSConfig(pair, pool)
}
