package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"

	"github.com/syncward/syncward/attribution"
	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/framing/payload"
	"github.com/syncward/syncward/proxy"
)

// settings are the environment variables as they were written. Defaults are
// the table's (variables.go), so that there is one place for them.
type settings struct {
	ListenAddr       string `env:"LISTEN_ADDR"`
	AdminAddr        string `env:"ADMIN_ADDR"`
	UpstreamURL      string `env:"UPSTREAM_URL"`
	UpstreamCAFile   string `env:"UPSTREAM_CA_FILE"`
	UpstreamCertFile string `env:"UPSTREAM_CERT_FILE"`
	UpstreamKeyFile  string `env:"UPSTREAM_KEY_FILE"`

	Protocol                string `env:"PROTOCOL"`
	RequireAuth             bool   `env:"REQUIRE_AUTH"`
	AuthMode                string `env:"AUTH_MODE"`
	EnforcePercent          int    `env:"ENFORCE_PERCENT"`
	FlagsFile               string `env:"FLAGS_FILE"`
	AnonymousUserID         string `env:"ANONYMOUS_USER_ID"`
	DevMode                 bool   `env:"DEV_MODE"`
	InsecureDevModeAnywhere bool   `env:"INSECURE_DEV_MODE_ANYWHERE"`

	JWTSecret         string        `env:"JWT_SECRET"`
	JWTPreviousSecret string        `env:"JWT_PREVIOUS_SECRET"`
	JWTPreviousUntil  string        `env:"JWT_PREVIOUS_SECRET_VALID_UNTIL"`
	JWTJWKSURL        string        `env:"JWT_JWKS_URL"`
	JWKSTimeout       time.Duration `env:"JWKS_TIMEOUT"`
	JWTPublicKeyFile  string        `env:"JWT_PUBLIC_KEY_FILE"`
	JWTAlgorithms     []string      `env:"JWT_ALGORITHMS"`
	JWTIssuer         string        `env:"JWT_ISSUER"`
	JWTAudience       string        `env:"JWT_AUDIENCE"`
	JWTUserClaim      string        `env:"JWT_USER_CLAIM"`
	JWTInstancesClaim string        `env:"JWT_INSTANCES_CLAIM"`
	JWTType           string        `env:"JWT_TYPE"`
	JWTLeeway         time.Duration `env:"JWT_LEEWAY"`
	JWTGracePeriod    time.Duration `env:"JWT_GRACE_PERIOD"`
	JWTMaxLifetime    time.Duration `env:"JWT_MAX_LIFETIME"`

	TokenSources      []string `env:"TOKEN_SOURCES"`
	TokenField        string   `env:"TOKEN_FIELD"`
	TokenFrames       string   `env:"TOKEN_FRAMES"`
	TokenQuery        string   `env:"TOKEN_QUERY"`
	TokenCookie       string   `env:"TOKEN_COOKIE"`
	UpstreamAuthToken string   `env:"UPSTREAM_AUTH_TOKEN"`

	FirstFrameTimeout  time.Duration `env:"FIRST_FRAME_TIMEOUT"`
	FirstFrameMaxBytes int           `env:"FIRST_FRAME_MAX_BYTES"`
	HeaderTimeout      time.Duration `env:"HEADER_TIMEOUT"`
	MaxHeaderBytes     int           `env:"MAX_HEADER_BYTES"`
	MaxMessageBytes    int64         `env:"MAX_MESSAGE_BYTES"`
	MaxConnections     int           `env:"MAX_CONNECTIONS"`
	MaxPending         int           `env:"MAX_PENDING"`
	MaxPerUser         int           `env:"MAX_CONNECTIONS_PER_USER"`
	FailuresPerMinute  int           `env:"AUTH_FAILURES_PER_MINUTE"`

	TrustedProxies []string `env:"TRUSTED_PROXIES"`
	AllowedOrigins []string `env:"ALLOWED_ORIGINS"`
	PublicPaths    []string `env:"PUBLIC_PATHS"`
	RejectMode     string   `env:"REJECT_MODE"`
	CloseCodes     string   `env:"CLOSE_CODES"`

	IdentityKey          string `env:"IDENTITY_KEY"`
	IdentityPreviousKey  string `env:"IDENTITY_PREVIOUS_KEY"`
	RevocationStore      string `env:"REVOCATION_STORE"`
	RevocationFile       string `env:"REVOCATION_FILE"`
	RevocationFailure    string `env:"REVOCATION_FAILURE"`
	NATSURL              string `env:"NATS_URL"`
	NATSCredsFile        string `env:"NATS_CREDS_FILE"`
	NATSCAFile           string `env:"NATS_CA_FILE"`
	NATSCertFile         string `env:"NATS_CERT_FILE"`
	NATSKeyFile          string `env:"NATS_KEY_FILE"`
	NATSBucket           string `env:"NATS_BUCKET"`
	AdminToken           string `env:"ADMIN_TOKEN"`
	IdentityIssuer       string `env:"IDENTITY_ISSUER"`
	IdentityAudience     string `env:"IDENTITY_AUDIENCE"`
	IdentityHeaderPrefix string `env:"IDENTITY_HEADER_PREFIX"`
	UserIDHeader         string `env:"USER_ID_HEADER"`

	DialTimeout     time.Duration `env:"DIAL_TIMEOUT"`
	DialRetries     int           `env:"DIAL_RETRIES"`
	BreakerFailures int           `env:"BREAKER_FAILURES"`
	BreakerOpen     time.Duration `env:"BREAKER_OPEN"`

	UserDirectoryURL     string        `env:"USER_DIRECTORY_URL"`
	UserDirectoryTimeout time.Duration `env:"USER_DIRECTORY_TIMEOUT"`
	UserDirectoryTTL     time.Duration `env:"USER_DIRECTORY_TTL"`
	UserDirectoryFailure string        `env:"USER_DIRECTORY_FAILURE"`

	Attribution    string   `env:"ATTRIBUTION"`
	EventPaths     []string `env:"EVENT_PATHS"`
	AckPath        string   `env:"ACK_PATH"`
	JournalURL     string   `env:"JOURNAL_URL"`
	JournalFsync   string   `env:"JOURNAL_FSYNC"`
	JournalFailure string   `env:"JOURNAL_FAILURE"`

	LiveStoreAllowAdmin bool          `env:"LIVESTORE_ALLOW_ADMIN"`
	ClientIDOwnership   bool          `env:"CLIENT_ID_OWNERSHIP"`
	DrainDelay          time.Duration `env:"DRAIN_DELAY"`
	DrainPeriod         time.Duration `env:"DRAIN_PERIOD"`
	DrainSocket         string        `env:"DRAIN_SOCKET"`
	TLSCertFile         string        `env:"TLS_CERT_FILE"`
	TLSKeyFile          string        `env:"TLS_KEY_FILE"`
	RelayEngine         string        `env:"RELAY_ENGINE"`
	LogLevel            string        `env:"LOG_LEVEL"`
	LogFormat           string        `env:"LOG_FORMAT"`
}

// config is a checked configuration: the settings, and what was made of those
// that are more than words.
type config struct {
	settings
	environ environ

	Upstream       proxy.Upstream // without UpstreamCAs and UpstreamCert
	UpstreamCAs    *x509.CertPool
	UpstreamCert   *tls.Certificate
	Sources        []proxy.Source
	TrustedRanges  []netip.Prefix
	PreviousUntil  time.Time // zero: no end
	Secrets        secrets
	Mode           authz.Mode // by the variables; a flags file is stronger
	Flags          flags      // of the flags file, at the start
	ServerTLS      *tls.Certificate
	RejectHTTP     bool
	CloseCodeStyle string
	TokenPointer   payload.Pointer
	Events, Acks   payload.Paths
	Injector       *attribution.Injector // nil: nothing is written into events
	Journal        journalURL            // zero: none
	started        []digest              // of each of followed, from before anything was read
}

// environ is the part of the process environment that the table knows. Empty
// variables count as unset.
type environ map[string]string

// pick takes the table's variables and their _FILE twins from lines of the
// form NAME=value.
func pick(lines []string) environ {
	e := environ{}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, "=")
		if value != "" && rank(name) < 2*len(variables) {
			e[name] = value
		}
	}
	return e
}

// set tells whether a variable was set, to whatever value.
func (e environ) set(name string) bool { return e[name] != "" }

// load makes a configuration of the environment. All faults are in the report;
// the configuration is complete only where there are none.
func load(e environ) (*config, *report) {
	c, r := &config{environ: e, started: digests(e)}, &report{}
	c.checkNames(r)
	c.parse(r)
	c.loadFlags(r)
	c.Mode = c.modeOf()
	if c.DevMode && !e.set("ANONYMOUS_USER_ID") {
		c.AnonymousUserID = devUser
	}
	c.Secrets = readSecrets(c, r)
	for _, check := range []func(*config, *report){
		checkAddresses, checkUpstream, checkMode, checkDevMode, checkJWKS, checkKeys, checkAlgorithms, checkToken, checkSources,
		checkAttribution, checkOwnership, checkLimits, checkAccess, checkUsers, checkRevocations, checkIdentity, checkDurations, checkDrainSocket, checkServerTLS,
	} {
		check(c, r)
	}
	r.sort()
	return c, r
}

// checkNames faults what this version cannot do yet, and words outside a
// closed list.
func (c *config) checkNames(r *report) {
	for _, v := range variables {
		if v.Later {
			c.checkLater(v, r)
			continue
		}
		if len(v.Values) == 0 || !c.environ.set(v.Name) || slices.Equal(v.Values, yesNo) {
			continue
		}
		words := []string{c.environ[v.Name]}
		if v.Each {
			words = list(words[0])
		}
		for _, word := range words {
			switch {
			case slices.Contains(v.LaterValues, word):
				r.fault(v.Name, "%s is not supported by this version yet; use one of %s", word, strings.Join(v.now(), ", "))
			case !slices.Contains(v.Values, word):
				r.fault(v.Name, "unknown value %q; use one of %s", word, strings.Join(v.now(), ", "))
			}
		}
	}
}

func (c *config) checkLater(v variable, r *report) {
	names := []string{v.Name}
	if v.Twin {
		names = append(names, v.Name+"_FILE")
	}
	for _, name := range names {
		if c.environ.set(name) && !same(c.environ[name], v.Default) {
			r.fault(name, "%s is not supported by this version yet; unset it", name)
		}
	}
}

// now returns the values that this version can do.
func (v variable) now() []string {
	return slices.DeleteFunc(slices.Clone(v.Values), func(s string) bool { return slices.Contains(v.LaterValues, s) })
}

// parse fills the settings. What cannot be parsed keeps the table's default,
// so that the other checks do not blame it a second time.
func (c *config) parse(r *report) {
	merged := map[string]string{}
	for _, v := range variables {
		merged[v.Name] = v.Default
		if c.environ.set(v.Name) {
			merged[v.Name] = c.environ[v.Name]
		}
	}
	for range 2 {
		err := env.ParseWithOptions(&c.settings, env.Options{Environment: merged})
		if err == nil {
			break
		}
		var all env.AggregateError
		if !errors.As(err, &all) {
			r.fault("environment", "cannot be read: %v", err)
			return
		}
		for _, one := range all.Errors {
			c.unparsed(one, merged, r)
		}
	}
	for _, l := range []*[]string{&c.JWTAlgorithms, &c.TokenSources, &c.TrustedProxies, &c.AllowedOrigins, &c.PublicPaths, &c.EventPaths} {
		*l = list(strings.Join(*l, ","))
	}
}

// unparsed reports one parse error in our words and puts the default in place.
func (c *config) unparsed(err error, merged map[string]string, r *report) {
	var p env.ParseError
	if !errors.As(err, &p) {
		r.fault("environment", "cannot be read: %v", err)
		return
	}
	field, _ := reflect.TypeFor[settings]().FieldByName(p.Name)
	name := field.Tag.Get("env")
	switch p.Type.Kind() {
	case reflect.Bool:
		r.fault(name, "%q is neither true nor false; write one of the two", merged[name])
	case reflect.Int:
		r.fault(name, "%q is no whole number (or one beyond all measure); write digits only", merged[name])
	case reflect.Int64:
		if p.Type == reflect.TypeFor[time.Duration]() {
			r.fault(name, "%q is no duration; write a number with a unit, such as 10s, 5m or 24h", merged[name])
			break
		}
		r.fault(name, "%q is no whole number; write digits only", merged[name])
	default:
		r.fault(name, "cannot be read; see docs/configuration.md")
	}
	merged[name] = variables[rank(name)/2].Default
}

// list splits a comma-separated value; spaces round an element do not count.
func list(s string) []string {
	if strings.TrimSpace(s) == "" {
		return nil
	}
	parts := strings.Split(s, ",")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}
