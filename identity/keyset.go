package identity

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/sha256"
)

// KeySet holds the keys that a Verifier trusts, HMAC secrets and public keys
// alike. The zero value trusts nothing. It is safe for concurrent use.
type KeySet struct{ keys []*verifyKey }

// verifyKey is a key that verifies one algorithm.
type verifyKey struct {
	alg, kid string
	verify   verifyFunc
	jwk      *jwk // nil for an HMAC secret
}

// NewKeySet returns the set that verifies what these keys sign. An upstream
// that shares an HMAC secret with Syncward gets its set this way.
func NewKeySet(keys ...Key) KeySet {
	var set KeySet
	for _, k := range keys {
		if k.private != nil {
			set.keys = append(set.keys, &k.private.verifyKey)
		}
	}
	return set
}

// Join returns a set that trusts the keys of both.
func (s KeySet) Join(other KeySet) KeySet {
	return KeySet{keys: append(append([]*verifyKey(nil), s.keys...), other.keys...)}
}

// KeyIDs returns the kid of every key, in order.
func (s KeySet) KeyIDs() []string {
	ids := make([]string, 0, len(s.keys))
	for _, k := range s.keys {
		ids = append(ids, k.kid)
	}
	return ids
}

func (s KeySet) find(kid string) *verifyKey {
	for _, k := range s.keys {
		if k.kid == kid {
			return k
		}
	}
	return nil
}

// newHMACVerifyKey derives the kid from the secret by a one-way function that
// is keyed with it, cut to 128 bits: whoever sees it is no nearer to the secret
// than whoever sees an assertion.
func newHMACVerifyKey(secret []byte) verifyKey {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("syncward identity kid"))
	return verifyKey{alg: algHS256, kid: encode(mac.Sum(nil)[:16]), verify: verifyHS256(secret)}
}

func newEdVerifyKey(public ed25519.PublicKey) verifyKey {
	j := jwk{KeyType: "OKP", Curve: "Ed25519", X: encode(public), Algorithm: algEdDSA, Use: "sig"}
	j.KeyID = j.thumbprint()
	return verifyKey{alg: algEdDSA, kid: j.KeyID, verify: verifyEdDSA(public), jwk: &j}
}

// newECVerifyKey takes an uncompressed P-256 point (SEC 1 §2.3.3).
func newECVerifyKey(point []byte) (verifyKey, error) {
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		return verifyKey{}, err
	}
	j := jwk{
		KeyType: "EC", Curve: "P-256", Algorithm: algES256, Use: "sig",
		X: encode(point[1 : 1+scalarSize]), Y: encode(point[1+scalarSize:]),
	}
	j.KeyID = j.thumbprint()
	return verifyKey{alg: algES256, kid: j.KeyID, verify: verifyES256(public), jwk: &j}, nil
}
