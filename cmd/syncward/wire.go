package main

import (
	"crypto/tls"
	"slices"
	"time"

	"github.com/syncward/syncward/authz/directory"
	"github.com/syncward/syncward/framing/graphqlws"
	"github.com/syncward/syncward/framing/hocuspocus"
	"github.com/syncward/syncward/framing/livestore"
	"github.com/syncward/syncward/framing/payload"
	"github.com/syncward/syncward/identity"
	"github.com/syncward/syncward/proxy"
)

// newServer makes the proxy of the configuration.
func newServer(c *config, l *live, users *directory.Directory, store proxy.Revocations, b books, hooks proxy.Hooks) (*proxy.Server, error) {
	verifier, err := l.verifier()
	if err != nil {
		return nil, err
	}
	return proxy.New(proxy.Config{
		Upstream:           c.upstream(),
		UpstreamTLS:        l.upstreamTLS.Load,
		Protocol:           c.protocol(),
		Sources:            c.Sources,
		Decide:             c.asking(users, verifier.Decide),
		Revocations:        store,
		Policy:             l.policy,
		Signer:             l,
		Names:              c.names(),
		RejectHTTP:         c.RejectHTTP,
		CloseCodes:         c.closeCodes(),
		Inject:             c.Injector,
		Record:             b.record(),
		Owner:              c.owner(b),
		TokenQuery:         c.TokenQuery,
		TokenCookie:        c.TokenCookie,
		UpstreamToken:      c.UpstreamAuthToken,
		TrustedProxies:     c.TrustedRanges,
		AllowedOrigins:     c.AllowedOrigins,
		PublicPaths:        c.PublicPaths,
		FirstFrameTimeout:  c.FirstFrameTimeout,
		FirstFrameMaxBytes: c.FirstFrameMaxBytes,
		HeaderTimeout:      c.HeaderTimeout,
		MaxHeaderBytes:     c.MaxHeaderBytes,
		MaxMessageBytes:    c.MaxMessageBytes,
		MaxConnections:     c.MaxConnections,
		MaxPending:         c.MaxPending,
		MaxPerUser:         c.MaxPerUser,
		FailuresPerMinute:  c.FailuresPerMinute,
		DialTimeout:        c.DialTimeout,
		DialRetries:        c.DialRetries,
		BreakerFailures:    c.BreakerFailures,
		BreakerOpen:        c.BreakerOpen,
		DrainDelay:         c.DrainDelay,
		DrainPeriod:        c.DrainPeriod,
		TLS:                l.serverTLS(),
		Warning:            c.devWarning(),
		Hooks:              hooks,
	})
}

// Headers signs with the identity key in force (proxy.Signer).
func (l *live) Headers(id identity.Identity, req identity.Request, now time.Time) ([]identity.Header, error) {
	return l.signer.Load().Headers(id, req, now)
}

// upstream returns where the upstream is, TLS and all.
func (c *config) upstream() proxy.Upstream {
	up := c.Upstream
	if up.TLS == nil {
		return up
	}
	up.TLS = up.TLS.Clone()
	up.TLS.RootCAs = c.UpstreamCAs
	if c.UpstreamCert != nil {
		up.TLS.Certificates = []tls.Certificate{*c.UpstreamCert}
	}
	return up
}

// protocol returns the reader of what the clients speak.
func (c *config) protocol() payload.Protocol {
	inFrames := slices.Contains(c.Sources, proxy.SourceFrame)
	switch c.Protocol {
	case "graphql-ws":
		return graphqlws.New(graphqlws.Options{TokenField: c.TokenPointer, Replace: c.UpstreamAuthToken, AllFrames: inFrames})
	case "hocuspocus":
		return hocuspocus.New(hocuspocus.Options{Replace: c.UpstreamAuthToken})
	case "livestore":
		return livestore.New(livestore.Options{TokenField: c.TokenPointer, Replace: c.UpstreamAuthToken, AllowAdmin: c.LiveStoreAllowAdmin})
	case "opaque":
		return payload.Opaque{}
	}
	return payload.JSON{TokenField: c.TokenPointer, Replace: c.UpstreamAuthToken, AllFrames: inFrames && c.TokenFrames == "all", Events: c.Events, Acks: c.Acks}
}

func (c *config) closeCodes() proxy.CloseCodes {
	switch c.CloseCodeStyle {
	case "iana":
		return proxy.CloseCodesIANA
	case "graphql-ws":
		return proxy.CloseCodesGraphQLWS
	}
	return proxy.CloseCodesHTTP
}

// devWarning is what every client is told where nobody is authenticated.
func (c *config) devWarning() string {
	if c.DevMode {
		return "DEV_MODE"
	}
	return ""
}
