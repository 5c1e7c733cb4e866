package authz

// Kind is the kind of a verification key. A key of one kind never serves an
// algorithm of another: that is what stops an RSA public key from being taken
// for an HMAC secret.
type Kind string

// The closed list of key kinds.
const (
	KindHMAC    Kind = "hmac"
	KindRSA     Kind = "rsa"
	KindEC      Kind = "ec"
	KindEd25519 Kind = "ed25519"
)

// kindOf returns the only kind whose keys serve the JWS algorithm alg (RFC
// 7518 §3.1, RFC 8037 §3.1), "" for every other name. Names compare exactly:
// neither "none" nor any spelling of it is an algorithm here.
func kindOf(alg string) Kind {
	switch alg {
	case "HS256", "HS384", "HS512":
		return KindHMAC
	case "RS256", "PS256":
		return KindRSA
	case "ES256", "ES384":
		return KindEC
	case "EdDSA":
		return KindEd25519
	}
	return ""
}
