package identity

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"

	"github.com/go-json-experiment/json/jsontext"
)

// maxJWKS bounds a JWKS document, in bytes; Syncward's own has two keys at most.
const maxJWKS = 64 << 10

// jwk is a public key as the JWKS shows it (RFC 7517 §4, RFC 8037 §2).
type jwk struct {
	KeyType   string `json:"kty"`
	Curve     string `json:"crv"`
	X         string `json:"x"`
	Y         string `json:"y,omitempty"`
	KeyID     string `json:"kid"`
	Algorithm string `json:"alg"`
	Use       string `json:"use"`
}

// ParseJWKS reads a JWK set (RFC 7517 §5). Keys of a kind, use or algorithm
// that assertions do not know are left out. A document that is not strict JSON,
// holds private or symmetric keys, two keys of one kid, or no usable key at all
// is ErrJWKS: an upstream then keeps the set that it has.
func ParseJWKS(document []byte) (KeySet, error) {
	if len(document) > maxJWKS {
		return KeySet{}, ErrJWKS.about("size")
	}
	fields, ok := readObject(document)
	if !ok {
		return KeySet{}, ErrJWKS.about("no JSON object")
	}
	members, ok := readArray(fields["keys"])
	if !ok {
		return KeySet{}, ErrJWKS.about("keys")
	}
	var set KeySet
	for _, member := range members {
		key, err := parseJWK(member)
		if err != nil {
			return KeySet{}, err
		}
		if key == nil {
			continue
		}
		if set.find(key.kid) != nil {
			return KeySet{}, ErrJWKS.about("kid repeated")
		}
		set.keys = append(set.keys, key)
	}
	if len(set.keys) == 0 {
		return KeySet{}, ErrJWKS.about("no usable key")
	}
	return set, nil
}

// parseJWK returns nil and no error for a key to leave out.
func parseJWK(member jsontext.Value) (*verifyKey, error) {
	fields, ok := readObject(member)
	if !ok {
		return nil, ErrJWKS.about("key")
	}
	if fields["d"] != nil || fields["k"] != nil { // a private or a symmetric key
		return nil, ErrJWKS.about("a secret")
	}
	var j jwk
	for name, to := range map[string]*string{
		"kty": &j.KeyType, "crv": &j.Curve, "x": &j.X, "y": &j.Y,
		"kid": &j.KeyID, "alg": &j.Algorithm, "use": &j.Use,
	} {
		if value := fields[name]; value != nil {
			if *to, ok = readString(value); !ok {
				return nil, ErrJWKS.about(name)
			}
		}
	}
	if j.Use != "" && j.Use != "sig" {
		return nil, nil
	}
	return j.verifyKey()
}

func (j *jwk) verifyKey() (*verifyKey, error) {
	x, xOK := decode(j.X)
	y, yOK := decode(j.Y)
	var key verifyKey
	switch {
	case j.KeyType == "OKP" && j.Curve == "Ed25519" && (j.Algorithm == "" || j.Algorithm == algEdDSA):
		if !xOK || len(x) != ed25519.PublicKeySize {
			return nil, ErrJWKS.about("x")
		}
		key = newEdVerifyKey(x)
	case j.KeyType == "EC" && j.Curve == "P-256" && (j.Algorithm == "" || j.Algorithm == algES256):
		if !xOK || !yOK || len(x) != scalarSize || len(y) != scalarSize {
			return nil, ErrJWKS.about("x, y")
		}
		var err error
		if key, err = newECVerifyKey(append(append([]byte{4}, x...), y...)); err != nil {
			return nil, ErrJWKS.about("point")
		}
	default:
		return nil, nil
	}
	if j.KeyID != "" {
		key.kid = j.KeyID
	}
	return &key, nil
}

// thumbprint returns the RFC 7638 key id: the hash of the required members in
// alphabetical order. Every value is base64url or a constant: nothing to escape.
func (j *jwk) thumbprint() string {
	text := `{"crv":"` + j.Curve + `","kty":"` + j.KeyType + `","x":"` + j.X + `"`
	if j.Y != "" {
		text += `,"y":"` + j.Y + `"`
	}
	digest := sha256.Sum256([]byte(text + "}"))
	return encode(digest[:])
}

// marshalJWKS returns the public keys among these, each once.
func marshalJWKS(keys ...Key) ([]byte, error) {
	set := struct {
		Keys []jwk `json:"keys"`
	}{Keys: []jwk{}}
	seen := map[string]bool{}
	for _, k := range keys {
		if k.private != nil && k.private.jwk != nil && !seen[k.KeyID()] {
			seen[k.KeyID()] = true
			set.Keys = append(set.Keys, *k.private.jwk)
		}
	}
	return json.Marshal(set)
}
