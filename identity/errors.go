package identity

import "fmt"

// Error is one word of the closed list of what this package refuses. The word
// itself is stable: logs and the shared test vectors use it. Errors that this
// package returns match exactly one of them with errors.Is, and never hold
// anything that came from a key or a token.
type Error string

// What [Verifier.Verify] refuses.
const (
	ErrNotConfigured Error = "not_configured" // the Verifier lacks keys, an issuer or an audience
	ErrUnavailable   Error = "unavailable"    // KeysFunc failed, or the replay cache is full
	ErrNoAssertion   Error = "no_assertion"   // the request carries no assertion
	ErrHeaders       Error = "headers"        // a plain header is missing, repeated or contradicts the claims
	ErrMalformed     Error = "malformed"      // not a compact JWS of strict base64url and strict JSON
	ErrParameter     Error = "parameter"      // a JOSE header parameter other than alg, kid and typ
	ErrType          Error = "type"           // typ is not "sync-identity+jwt"
	ErrAlgorithm     Error = "algorithm"      // alg is not the one of the key that kid names
	ErrUnknownKey    Error = "unknown_key"    // no key of that kid
	ErrSignature     Error = "signature"      // the signature is not the key's
	ErrClaims        Error = "claims"         // a claim is missing, mistyped or out of range
	ErrIssuer        Error = "issuer"         // iss is another
	ErrAudience      Error = "audience"       // aud is another
	ErrExpired       Error = "expired"        // exp has passed
	ErrNotYetValid   Error = "not_yet_valid"  // iat lies in the future
	ErrMethod        Error = "method"         // mth is not the request's method
	ErrWebSocketKey  Error = "websocket_key"  // wsk is not the request's Sec-WebSocket-Key
	ErrPath          Error = "path"           // pth is not the hash of the request's path?query
	ErrReplayed      Error = "replayed"       // jti was seen before
)

// What the signing side and the key parsers refuse.
const (
	ErrIdentity  Error = "identity"   // an Identity that must not be signed
	ErrRequest   Error = "request"    // a Request that must not be signed
	ErrNames     Error = "names"      // header names that cannot be used, see Names.Validate
	ErrSigner    Error = "signer"     // SignerOptions without a key, or with an impossible issuer or audience
	ErrKeyShort  Error = "key_short"  // an HMAC secret under 32 bytes
	ErrKeyFormat Error = "key_format" // PEM that cannot be read, or holds more than one key
	ErrKeyType   Error = "key_type"   // PEM that is no Ed25519 or P-256 private key
	ErrJWKS      Error = "jwks"       // a JWKS that cannot be read, holds a secret, or holds no usable key
)

// Error returns the word with the package's name in front.
func (e Error) Error() string { return "identity: " + string(e) }

// Refusals returns the errors that Verify can return, in the order in which it
// checks.
func Refusals() []Error {
	return []Error{
		ErrNotConfigured, ErrNoAssertion, ErrMalformed, ErrParameter, ErrType, ErrAlgorithm,
		ErrUnavailable, ErrUnknownKey, ErrSignature, ErrClaims, ErrIssuer, ErrAudience,
		ErrNotYetValid, ErrExpired, ErrMethod, ErrHeaders, ErrWebSocketKey, ErrPath, ErrReplayed,
	}
}

// about adds which of our own names (a claim, a field) the error is about.
func (e Error) about(what string) error { return fmt.Errorf("%w: %s", e, what) }
