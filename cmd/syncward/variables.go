package main

import (
	"slices"
	"strconv"
	"time"
)

// variable is one line of the configuration table: what the documentation,
// the parser's defaults, the order of faults and `check` are made from.
type variable struct {
	Name    string
	Default string // what an unset or empty variable means; "" where nothing
	Shown   string // Default in the documentation, where words say more
	Meaning string
	Values  []string // closed list; empty where the value is free
	Each    bool     // Values holds for each element of a comma-separated list
	Secret  bool     // the value is never printed
	Twin    bool     // NAME_FILE reads the value from a file and follows it
	// Later: this version knows the name and cannot do it. Anything but
	// Default stops the start: a setting is never silently ignored.
	Later bool
	// LaterValues are members of Values that this version cannot do yet.
	LaterValues []string
}

var yesNo = []string{"true", "false"}

// algorithms are those of secrets, then those of public keys.
var algorithms = []string{"HS256", "HS384", "HS512", "RS256", "PS256", "ES256", "ES384", "EdDSA"}

// variables is the whole table, in the order of the documentation. It is
// never changed.
var variables = []variable{
	{Name: "LISTEN_ADDR", Default: ":8080", Meaning: "client side"},
	{Name: "ADMIN_ADDR", Default: ":9090", Meaning: "health, metrics, JWKS; never on the client side"},
	{Name: "UPSTREAM_URL", Shown: "required", Meaning: "`http://`, `https://` (a base path is kept in front of the client's path) or `unix:///path.sock`"},
	{Name: "UPSTREAM_CA_FILE", Meaning: "PEM certificates that the upstream's must be signed by; only with `https://`; followed live"},
	{Name: "UPSTREAM_CERT_FILE", Meaning: "PEM client certificate towards the upstream; only with `https://`; followed live"},
	{Name: "UPSTREAM_KEY_FILE", Meaning: "PEM key of `UPSTREAM_CERT_FILE`, followed live"},
	{Name: "PROTOCOL", Default: "json", Meaning: "what the clients speak",
		Values: []string{"json", "livestore", "graphql-ws", "hocuspocus", "opaque"}},
	{Name: "REQUIRE_AUTH", Default: "true", Meaning: "`true` = enforce, `false` = observe", Values: yesNo},
	{Name: "AUTH_MODE", Shown: "from `REQUIRE_AUTH`", Meaning: "contradicting an explicitly set `REQUIRE_AUTH` refuses the start",
		Values: []string{"enforce", "observe", "off"}},
	{Name: "ENFORCE_PERCENT", Default: "100", Meaning: "share of users enforced, the rest observed; below 100 it protects nothing"},
	{Name: "FLAGS_FILE", Meaning: "YAML file with `authMode`, `enforcePercent`, `logLevel`; followed live; stronger than the variables; a bad file keeps the last good values"},
	{Name: "ANONYMOUS_USER_ID", Default: "anonymous", Meaning: "the userId of connections admitted without a valid token; a token with this userId is `TOKEN_INVALID`"},
	{Name: "DEV_MODE", Default: "false", Values: yesNo,
		Meaning: "development: observe, `ANONYMOUS_USER_ID` becomes `dev-user`, a warning each minute; refused unless `LISTEN_ADDR` is loopback or `INSECURE_DEV_MODE_ANYWHERE=true`"},
	{Name: "INSECURE_DEV_MODE_ANYWHERE", Default: "false", Meaning: "lets `DEV_MODE` listen beyond loopback", Values: yesNo},
	{Name: "JWT_SECRET", Meaning: "HMAC secret, at least 32 bytes", Secret: true, Twin: true},
	{Name: "JWT_PREVIOUS_SECRET", Meaning: "rotation: also accepted", Secret: true, Twin: true},
	{Name: "JWT_PREVIOUS_SECRET_VALID_UNTIL", Meaning: "RFC 3339 time from which `JWT_PREVIOUS_SECRET` is no longer accepted"},
	{Name: "JWT_JWKS_URL", Meaning: "JWKS over http(s) or `file://`, read again each minute (a file: each second) and when a token names an unknown key, at most once in 5 s; the last good keys stay; redirects and proxies of the environment are not followed"},
	{Name: "JWKS_TIMEOUT", Default: "3s", Meaning: "time for fetching the JWKS, in the background: no connection waits longer than 0.4 s for it"},
	{Name: "JWT_PUBLIC_KEY_FILE", Meaning: "PEM, one to eight public keys (RSA from 2048 bits, EC P-256 and P-384, Ed25519), followed live"},
	{Name: "JWT_ALGORITHMS", Shown: "by key kind", Meaning: "pinned list; `none` is never possible; one key kind never serves another's algorithm", Values: algorithms, Each: true},
	{Name: "JWT_ISSUER", Meaning: "exact match where set; the start warns where unset"},
	{Name: "JWT_AUDIENCE", Meaning: "exact match where set; the start warns where unset"},
	{Name: "JWT_USER_CLAIM", Default: "sub", Meaning: "dotted path of the claim with the userId: a string of 1 to 256 visible ASCII characters, else `TOKEN_INVALID`"},
	{Name: "JWT_INSTANCES_CLAIM", Meaning: "where set: dotted path of the claim (array or string) with the instanceIds that this user may open: another one, or none in the first frame, is `FORBIDDEN`, as is a change of it later; every client message is then read. Not with `PROTOCOL=opaque` and `graphql-ws`, which name none"},
	{Name: "JWT_TYPE", Meaning: "where set: required `typ` header"},
	{Name: "JWT_LEEWAY", Default: "30s", Meaning: "clock skew for `nbf`, `iat` (not for grace)"},
	{Name: "JWT_GRACE_PERIOD", Default: "24h", Meaning: "how long after `exp` a token is still accepted with a warning; `0` = none"},
	{Name: "JWT_MAX_LIFETIME", Default: "720h", Meaning: "`exp` − `iat` above it is `TOKEN_INVALID`"},
	{Name: "TOKEN_SOURCES", Shown: "by protocol", Meaning: "ordered list of places where a token is looked for", Each: true,
		Values: []string{"frame", "payload", "header", "subprotocol", "cookie", "query"}},
	{Name: "TOKEN_FIELD", Default: "/authToken", Meaning: "JSON Pointer of the token inside the sync payload; `graphql-ws`: inside `payload`, and the default means `/Authorization` as well; not with `hocuspocus`"},
	{Name: "TOKEN_FRAMES", Default: "all", Meaning: "`json`: `all` = a later init's token is stripped too and treated as `auth.refresh`; `first` = only the first sync frame is read",
		Values: []string{"all", "first"}},
	{Name: "TOKEN_QUERY", Default: "token", Meaning: "parameter of the source `query`"},
	{Name: "TOKEN_COOKIE", Default: "sync_token", Meaning: "name for the source `cookie`, which needs `ALLOWED_ORIGINS`"},
	{Name: "UPSTREAM_AUTH_TOKEN", Meaning: "where set, the stripped token is replaced by this static value instead of being removed", Secret: true},
	{Name: "FIRST_FRAME_TIMEOUT", Default: "10s", Meaning: "total time for the first sync frame, whatever trickles in"},
	{Name: "FIRST_FRAME_MAX_BYTES", Default: "65536", Meaning: "limit of the first sync frame"},
	{Name: "HEADER_TIMEOUT", Default: "5s", Meaning: "total time for the request head"},
	{Name: "MAX_HEADER_BYTES", Default: "32768", Meaning: "limit of the request head"},
	{Name: "MAX_MESSAGE_BYTES", Default: "16777216", Meaning: "limit of a message, either direction; larger: close 1009"},
	{Name: "MAX_CONNECTIONS", Default: "0", Meaning: "open connections; `0` = no limit"},
	{Name: "MAX_PENDING", Default: "1024", Meaning: "connections not yet authenticated, counted from TCP accept (full: the oldest of the address that holds most is dropped)"},
	{Name: "MAX_CONNECTIONS_PER_USER", Default: "0", Meaning: "open connections of one userId on this replica, anonymous ones not counted; beyond it `RATE_LIMITED`; `0` = no limit"},
	{Name: "AUTH_FAILURES_PER_MINUTE", Default: "60", Meaning: "failing attempts of one client address (IPv6: /64); beyond it they get `RATE_LIMITED` without look-ups and log lines, good tokens are still admitted; not in observe or off; `0` = no limit"},
	{Name: "TRUSTED_PROXIES", Meaning: "CIDRs whose `X-Forwarded-For` counts"},
	{Name: "ALLOWED_ORIGINS", Shown: "any", Meaning: "exact origins or `https://*.example.com` (one label); in force in every mode but `off`"},
	{Name: "PUBLIC_PATHS", Meaning: "globs (`*` = within a segment, `**` = any) of plain GET and HEAD requests that need no token; never upgrades"},
	{Name: "REJECT_MODE", Shown: "by protocol", Meaning: "for decisions on the upgrade request: `close` (complete the 101, then close with the code) or `http` (401/403 before the 101)",
		Values: []string{"close", "http"}},
	{Name: "CLOSE_CODES", Shown: "by protocol", Meaning: "`http` (44xx), `iana` (3000, 3003, 3008), `graphql-ws`",
		Values: []string{"http", "iana", "graphql-ws"}},
	{Name: "IDENTITY_KEY", Shown: "ephemeral Ed25519, with a warning", Secret: true, Twin: true,
		Meaning: "HMAC secret (≥ 32 bytes) or PEM private key (Ed25519, EC P-256) that signs the assertion; one that equals a JWT secret refuses the start"},
	{Name: "IDENTITY_PREVIOUS_KEY", Meaning: "the key before: stays in the JWKS; HMAC keys never do", Secret: true, Twin: true},
	{Name: "IDENTITY_ISSUER", Default: "syncward", Meaning: "`iss` of the assertion"},
	{Name: "IDENTITY_AUDIENCE", Default: "sync-upstream", Meaning: "`aud` of the assertion"},
	{Name: "IDENTITY_HEADER_PREFIX", Default: "X-Sync-", Meaning: "begins every identity header; a client's own are removed"},
	{Name: "USER_ID_HEADER", Default: "X-Sync-User-Id", Meaning: "renames one header for a legacy that knows another name; where only the prefix is set, it follows the prefix"},
	{Name: "DIAL_TIMEOUT", Default: "5s", Meaning: "upstream handshake"},
	{Name: "DIAL_RETRIES", Default: "2", Meaning: "further tries; nothing is retried once a byte of a request body was sent"},
	{Name: "BREAKER_FAILURES", Default: "10", Meaning: "failed connects, TLS and time-outs in a row that open the breaker round the upstream dial"},
	{Name: "BREAKER_OPEN", Default: "5s", Meaning: "how long the breaker stays open"},
	{Name: "USER_DIRECTORY_URL", Meaning: "where set, the user of a good token is looked up: `https://auth/users/{userId}` (one escaped path segment); 2xx exists, 404 and 410 `USER_NOT_FOUND`, all else is no answer", Secret: true},
	{Name: "USER_DIRECTORY_TIMEOUT", Default: "3s", Meaning: "time for one look-up"},
	{Name: "USER_DIRECTORY_TTL", Default: "60s", Meaning: "how long an answer is kept, either way; `0` = not at all"},
	{Name: "USER_DIRECTORY_FAILURE", Default: "deny", Meaning: "what a user gets about whom there is no answer: `deny` = `AUTH_UNAVAILABLE`, `allow` = admitted", Values: []string{"deny", "allow"}},
	{Name: "REVOCATION_STORE", Default: "memory", Meaning: "where revocations are kept: `memory` knows one replica, `nats` carries them to all", Values: []string{"memory", "nats"}},
	{Name: "REVOCATION_FILE", Meaning: "keeps the memory store over restarts"},
	{Name: "NATS_URL", Meaning: "servers of the JetStream bucket: `nats://host:4222` or `tls://host:4222`, several of a cluster with commas between; a user and password may stand in it, `NATS_CREDS_FILE` is better", Secret: true},
	{Name: "NATS_CREDS_FILE", Meaning: "credentials for them (a user's JWT and seed, as `nsc` writes it); read again for each connection"},
	{Name: "NATS_CA_FILE", Meaning: "PEM certificates that the servers' must be signed by; with it, TLS whatever the URL begins with; read again for each connection"},
	{Name: "NATS_CERT_FILE", Meaning: "PEM client certificate towards them; read again for each connection"},
	{Name: "NATS_KEY_FILE", Meaning: "PEM key of `NATS_CERT_FILE`"},
	{Name: "NATS_BUCKET", Default: "syncward-revocations", Meaning: "JetStream key-value bucket; made where it does not exist, with as many copies as the cluster gives, up to 3"},
	{Name: "REVOCATION_FAILURE", Default: "allow", Values: []string{"allow", "deny"},
		Meaning: "what a new connection gets while the store has been out of reach for over 30 s: `allow` = judged by what is known, `deny` = `AUTH_UNAVAILABLE`; before the first catch-up always `AUTH_UNAVAILABLE`"},
	{Name: "ATTRIBUTION", Default: "off", Meaning: "who wrote which event: `inject` writes it into the events (`json`), `journal` keeps it beside the upstream's log; see [attribution](attribution.md)",
		Values: []string{"off", "inject", "journal"}},
	{Name: "EVENT_PATHS", Default: "/event,/events/*,/batch/*", Meaning: "`json`: JSON Pointers of events in a client frame; a step `*` = each element of an array"},
	{Name: "ACK_PATH", Default: "/ack", Meaning: "`json`: JSON Pointer of what an upstream frame acknowledges: the `id` of an event, or an array of them"},
	{Name: "JOURNAL_URL", Meaning: "where the journal is: `file:///path.ndjson` (one process), `sqlite:///path.db` (processes of one machine), `nats://host:4222/STREAM` or `tls://…` (a fleet; several hosts with commas between, credentials and TLS by `NATS_CREDS_FILE` and its kin)", Secret: true},
	{Name: "JOURNAL_FSYNC", Default: "always", Meaning: "`always` = before anything goes on; `interval` = each second (sqlite: now and then), so that a loss of power, though no kill, may lose what is younger; NATS: its servers' `sync_interval` decides", Values: []string{"always", "interval"}},
	{Name: "JOURNAL_FAILURE", Default: "hold", Meaning: "while the journal fails: `hold` = events and acknowledgements wait, up to 30 s, then the connection ends with `AUTH_UNAVAILABLE`; `pass` = they go on without an author", Values: []string{"hold", "pass"}},
	{Name: "LIVESTORE_ALLOW_ADMIN", Default: "false", Meaning: "relay `WSMessage.Admin*`", Values: yesNo},
	{Name: "CLIENT_ID_OWNERSHIP", Default: "false", Meaning: "refuse a clientId that another user used (`PROTOCOL=livestore`)", Values: yesNo},
	{Name: "ADMIN_TOKEN", Meaning: "bearer (≥ 32 bytes) for `/admin/*`; without it those paths answer 404", Secret: true, Twin: true},
	{Name: "DRAIN_DELAY", Default: "5s", Meaning: "from SIGTERM until new upgrades are refused"},
	{Name: "DRAIN_PERIOD", Default: "20s", Meaning: "over which live connections are closed, evenly"},
	{Name: "DRAIN_SOCKET", Shown: "from `ADMIN_ADDR`", Meaning: "local socket of `syncward drain`: an absolute path, or on Linux `@name` (abstract), the default, which needs no writable folder and is reached from the pod alone; root and the own user may drain"},
	{Name: "TLS_CERT_FILE", Meaning: "PEM certificate chain: TLS on the client side (ALPN http/1.1), followed live"},
	{Name: "TLS_KEY_FILE", Meaning: "PEM key of `TLS_CERT_FILE`, followed live"},
	{Name: "RELAY_ENGINE", Default: "auto", Meaning: "who drives the relay", Values: []string{"auto", "epoll", "goroutine"}, LaterValues: []string{"epoll"}},
	{Name: "LOG_LEVEL", Default: "info", Meaning: "least level that is logged", Values: []string{"debug", "info", "warn", "error"}},
	{Name: "LOG_FORMAT", Default: "json", Meaning: "form of the log lines on stderr", Values: []string{"json", "console"}},
	{Name: "OTEL_EXPORTER_OTLP_ENDPOINT", Meaning: "traces, by the standard OpenTelemetry variables", Later: true, Secret: true},
}

// rank returns the place of a variable in the table, its _FILE twin right
// behind it, and a place behind all where the table does not know it.
func rank(name string) int {
	i := slices.IndexFunc(variables, func(v variable) bool { return v.Name == name || v.Twin && v.Name+"_FILE" == name })
	switch {
	case i < 0:
		return 2 * len(variables)
	case variables[i].Name != name:
		return 2*i + 1
	}
	return 2 * i
}

// same tells whether two spellings set one value: true and 1, 60s and 1m.
func same(a, b string) bool {
	if a == b {
		return true
	}
	x, errX := strconv.ParseBool(a)
	y, errY := strconv.ParseBool(b)
	if errX == nil && errY == nil {
		return x == y
	}
	d, errD := time.ParseDuration(a)
	e, errE := time.ParseDuration(b)
	return errD == nil && errE == nil && d == e
}
