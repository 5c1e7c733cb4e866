package observe

import (
	"slices"
	"strconv"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/proxy"
	"github.com/syncward/syncward/proxy/engine"
)

// The closed lists of label values. A test compares those that mirror constants
// of authz and proxy with the constants themselves, so neither side can grow
// alone.
var (
	statuses    = []authz.Status{authz.Valid, authz.Grace, authz.Anonymous}
	codes       = authz.Codes()
	modes       = []authz.Mode{authz.Enforce, authz.Observe, authz.Off}
	sources     = []proxy.Source{proxy.SourceFrame, proxy.SourcePayload, proxy.SourceHeader, proxy.SourceSubprotocol, proxy.SourceCookie, proxy.SourceQuery, proxy.SourceNone}
	stages      = []proxy.Stage{proxy.StageHead, proxy.StageFirstFrame, proxy.StageDecide, proxy.StageDial}
	dialResults = []proxy.DialResult{proxy.DialOK, proxy.DialAnswered, proxy.DialFailed, proxy.DialOpen}
	states      = []proxy.State{proxy.StatePending, proxy.StateOpen}
	hows        = []proxy.RefreshHow{proxy.RefreshInBand, proxy.RefreshReconnect}
	refreshes   = []proxy.RefreshResult{proxy.RefreshOK, proxy.RefreshIgnored, proxy.RefreshRefused}
	enders      = []engine.By{engine.ByClient, engine.ByUpstream, engine.BySyncward}

	breakers    = []string{"upstream", "directory"}
	directions  = []string{"to_upstream", "to_client"} // indexed by engine.Direction
	protocols   = []string{"json", "livestore", "graphql-ws", "hocuspocus", "opaque"}
	revocations = []string{"token", "user", "deleted", "everybody"}
	reloads     = []Reload{ReloadFlags, ReloadJWTKeys, ReloadJWKS, ReloadIdentityKey, ReloadTLS, ReloadUpstreamTLS, ReloadAdminToken}
	outcomes    = []string{outcomeOK, outcomeFailed}
)

const (
	admitted = "admitted"
	refused  = "refused"

	outcomeOK     = "ok"
	outcomeFailed = "failed"

	// other stands for a value outside its list. Only a fault in Syncward can
	// bring one here; it then costs one series and not one for each value.
	other = "other"
)

// Reload names a thing that is read again while Syncward runs.
type Reload string

// The closed list of what is read again.
const (
	ReloadFlags       Reload = "flags"        // FLAGS_FILE
	ReloadJWTKeys     Reload = "jwt_keys"     // JWT_SECRET_FILE, JWT_PREVIOUS_SECRET_FILE, JWT_PUBLIC_KEY_FILE
	ReloadJWKS        Reload = "jwks"         // JWT_JWKS_URL
	ReloadIdentityKey Reload = "identity_key" // IDENTITY_KEY_FILE, IDENTITY_PREVIOUS_KEY_FILE
	ReloadTLS         Reload = "tls"          // TLS_CERT_FILE, TLS_KEY_FILE
	ReloadUpstreamTLS Reload = "upstream_tls" // UPSTREAM_CA_FILE, UPSTREAM_CERT_FILE, UPSTREAM_KEY_FILE
	ReloadAdminToken  Reload = "admin_token"  // ADMIN_TOKEN_FILE
)

// closeCodes is the closed list of close-code labels: the codes of RFC 6455
// §7.4.1 and its registry that may stand on a wire, Syncward's own, and a class
// for each range that applications fill as they like.
var closeCodes = []string{
	"1000", "1001", "1002", "1003", "1007", "1008", "1009", "1010", "1011", "1012", "1013", "1014",
	"3000", "3003", "3008", "4400", "4401", "4403", "4408", "4429",
	"none", "3xxx", "4xxx", other,
}

// word returns v as a label: a listed value as it is, all else other.
func word[T ~string](list []T, v T) string {
	if slices.Contains(list, v) {
		return string(v)
	}
	return other
}

// words returns a list as label values.
func words[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = string(v)
	}
	return out
}

// modeWord returns a mode as a label.
func modeWord(m authz.Mode) string {
	if !slices.Contains(modes, m) {
		return other
	}
	return m.String()
}

// closeWord returns a close code as a label. An application may pick any of
// 2,000 codes (RFC 6455 §7.4.2), and a client another one for each connection:
// beyond the listed ones only the class is kept.
func closeWord(code int) string {
	if code == 0 {
		return "none"
	}
	if exact := strconv.Itoa(code); slices.Contains(closeCodes, exact) {
		return exact
	}
	switch code / 1000 {
	case 3:
		return "3xxx"
	case 4:
		return "4xxx"
	}
	return other
}
