package proxy

import (
	"context"
	"crypto/tls"
	"errors"
	"net/netip"
	"time"

	"github.com/syncward/syncward/attribution"
	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/framing/payload"
	"github.com/syncward/syncward/identity"
	"github.com/syncward/syncward/proxy/engine"
)

// Config is everything that a Server needs. Durations and sizes of zero take
// the default named beside them; Decide, Protocol, Signer and Upstream are
// required.
type Config struct {
	Upstream Upstream
	// UpstreamTLS returns the TLS configuration in force, for each dial, where
	// Upstream.TLS is not nil; nil: that one, for ever.
	UpstreamTLS func() *tls.Config
	Protocol    payload.Protocol
	Sources     []Source // where credentials are looked for, in this order

	// Decide judges a token. It must answer in a time that a client can wait,
	// though it holds up nobody else, and never blames a token for what it could not find out. Under
	// authz.WithoutLookups it waits for nobody.
	Decide func(ctx context.Context, token string) authz.Decision
	// Revocations says who was ended before their token was; nil: nobody is,
	// and a logout cannot be carried out.
	Revocations Revocations
	// Policy returns the mode and percentage in force now; it is called once
	// for each connection and each HTTP request. nil: enforce, 100 %.
	Policy func() authz.Policy

	Signer Signer
	Names  identity.Names // as the Signer spells them

	// RejectHTTP answers a refusal of the upgrade request with 401 or 403
	// instead of completing the handshake and closing with a code.
	RejectHTTP bool
	CloseCodes CloseCodes

	TokenQuery  string // default "token"
	TokenCookie string // default "sync_token"
	// Inject writes their author into the events of client messages; nil: they
	// pass as they are.
	Inject *attribution.Injector
	// Record opens the account of one connection's author with a journal that
	// keeps the authors of its events; nil: there is none. The Protocol must be
	// a payload.Log then. Not together with Inject.
	Record func(author attribution.Author, instanceID string) Recorder
	// Owner tells whether events of an instance may be written under a clientId
	// by a user: what is another's is FORBIDDEN, what it cannot say
	// AUTH_UNAVAILABLE. It may wait as long as ctx lets it. nil: everybody may
	// use every clientId. The Protocol must be a payload.Log then.
	Owner func(ctx context.Context, instanceID, clientID, userID string) (bool, error)

	// HoldTimeout is how long a message may wait for the Recorder before its
	// connection ends; default 30 s. Nobody reads of a side that is held up, so
	// without it a client that left would keep its place until the journal is back.
	HoldTimeout time.Duration

	// UpstreamToken replaces the stripped token where it is not empty.
	UpstreamToken string

	TrustedProxies []netip.Prefix
	AllowedOrigins []string // empty: any
	PublicPaths    []string // globs of GET and HEAD requests without a token

	FirstFrameTimeout  time.Duration // default 10 s
	FirstFrameMaxBytes int           // default 64 KiB
	HeaderTimeout      time.Duration // default 5 s
	MaxHeaderBytes     int           // default 32 KiB
	MaxMessageBytes    int64         // default 16 MiB
	MaxConnections     int           // 0: no limit
	MaxPerUser         int           // open connections of one userId; 0: no limit
	MaxPending         int           // default 1024
	// FailuresPerMinute is how many attempts of one client address (IPv6:
	// one /64) the policy may refuse in a minute before they are answered
	// RATE_LIMITED without look-ups; 0: no limit. Good tokens are admitted all
	// the same.
	FailuresPerMinute int

	DialTimeout     time.Duration // default 5 s
	DialRetries     int           // 0: none
	BreakerFailures int           // default 10
	BreakerOpen     time.Duration // default 5 s

	DrainDelay  time.Duration
	DrainPeriod time.Duration
	// FlipSpread is the time over which connections are closed that a change
	// of the policy no longer admits; default 30 s.
	FlipSpread time.Duration

	// Warning, where set, is told in every auth.ok: DEV_MODE protects nobody.
	Warning string

	TLS    *tls.Config   // nil: plain TCP on the client side
	Engine engine.Engine // nil: engine.Goroutines{}
	Hooks  Hooks
	Now    func() time.Time // nil: time.Now
}

// Revocations is a store of who was ended before their token was. Its methods
// may be called from any goroutine and must not block for long.
type Revocations interface {
	// Check returns the code and the reason to refuse d's token with now; ""
	// where nothing is known against it. A store that cannot say returns
	// authz.AuthUnavailable: that keeps new connections and refreshes out, and
	// ends no live connection.
	Check(d authz.Decision) (authz.Code, authz.Reason)
	// Logout ends what d may end: every token of the user where it is valid,
	// in grace that token alone. Server.Revoked is called for it.
	Logout(d authz.Decision) error
}

// Signer makes the identity headers of one upstream request; *identity.Signer
// is one, and a rotation may put another behind the same interface.
type Signer interface {
	Headers(id identity.Identity, req identity.Request, now time.Time) ([]identity.Header, error)
}

// withDefaults fills in what was left zero, and refuses what cannot work.
func (c Config) withDefaults() (Config, error) {
	switch {
	case c.Decide == nil:
		return c, errors.New("proxy: Config.Decide is required")
	case c.Protocol == nil:
		return c, errors.New("proxy: Config.Protocol is required")
	case c.Signer == nil:
		return c, errors.New("proxy: Config.Signer is required")
	case c.Upstream.Address == "":
		return c, errors.New("proxy: Config.Upstream is required")
	}
	if c.Record != nil {
		if _, ok := c.Protocol.(payload.Log); !ok || c.Inject != nil {
			return c, errors.New("proxy: Config.Record needs a Protocol that is a payload.Log, and no Config.Inject")
		}
	}
	if _, ok := c.Protocol.(payload.Log); !ok && c.Owner != nil {
		return c, errors.New("proxy: Config.Owner needs a Protocol that is a payload.Log")
	}
	orDefault(&c.TokenQuery, "token")
	orDefault(&c.TokenCookie, "sync_token")
	orDefault(&c.FirstFrameTimeout, 10*time.Second)
	orDefault(&c.FirstFrameMaxBytes, 64<<10)
	orDefault(&c.HeaderTimeout, 5*time.Second)
	orDefault(&c.MaxHeaderBytes, 32<<10)
	orDefault(&c.MaxMessageBytes, 16<<20)
	orDefault(&c.MaxPending, 1024)
	orDefault(&c.DialTimeout, 5*time.Second)
	orDefault(&c.BreakerFailures, 10)
	orDefault(&c.BreakerOpen, 5*time.Second)
	orDefault(&c.HoldTimeout, 30*time.Second)
	orDefault(&c.FlipSpread, 30*time.Second)
	if c.Policy == nil {
		c.Policy = func() authz.Policy { return authz.Policy{EnforcePercent: 100} }
	}
	if c.Engine == nil {
		c.Engine = engine.Goroutines{}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c, nil
}

func orDefault[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}
