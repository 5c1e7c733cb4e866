package identity_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"testing"
)

// The forge makes assertions with nothing but the standard library, so that the
// vectors do not repeat a mistake of the code under test.

const hmacSecret = "test vectors: an HMAC secret of more than 32 bytes"

func b64(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

func edKey(label string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte(label))
	return ed25519.NewKeyFromSeed(seed[:])
}

func ecKey(t testing.TB, label string) *ecdsa.PrivateKey {
	t.Helper()
	scalar := sha256.Sum256([]byte(label))
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), scalar[:])
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func pkcs8(t testing.TB, key any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// vectorKeys returns the three keys of the file, made from fixed labels.
func vectorKeys(t testing.TB) map[string]vectorKey {
	mac := hmac.New(sha256.New, []byte(hmacSecret))
	mac.Write([]byte("syncward identity kid"))
	ed, ec := edKey("vectors"), ecKey(t, "vectors")
	return map[string]vectorKey{
		"hs256": {Alg: "HS256", KeyID: b64(mac.Sum(nil)[:16]), Secret: hmacSecret},
		"eddsa": publicVectorKey("EdDSA", pkcs8(t, ed), map[string]string{
			"kty": "OKP", "crv": "Ed25519", "x": b64(ed.Public().(ed25519.PublicKey))}),
		"es256": publicVectorKey("ES256", pkcs8(t, ec), ecMembers(t, ec)),
	}
}

func ecMembers(t testing.TB, key *ecdsa.PrivateKey) map[string]string {
	t.Helper()
	point, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{"kty": "EC", "crv": "P-256", "x": b64(point[1:33]), "y": b64(point[33:])}
}

// publicVectorKey finds the RFC 7638 thumbprint by encoding/json, which writes
// a map's names in order.
func publicVectorKey(alg, private string, members map[string]string) vectorKey {
	canonical, _ := json.Marshal(members)
	digest := sha256.Sum256(canonical)
	kid := b64(digest[:])
	members["kid"], members["alg"], members["use"] = kid, alg, "sig"
	jwks, _ := json.Marshal(map[string]any{"keys": []any{members}})
	return vectorKey{Alg: alg, KeyID: kid, PEM: private, JWKS: jwks}
}

// forgeSignature signs deterministically: ES256 by RFC 6979.
func forgeSignature(t testing.TB, alg, label string, input string) []byte {
	t.Helper()
	switch alg {
	case "HS256":
		return hmacOver([]byte(hmacSecret), input)
	case "EdDSA":
		return ed25519.Sign(edKey(label), []byte(input))
	}
	der := forgeDER(t, label, input)
	var pair struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &pair); err != nil {
		t.Fatal(err)
	}
	return append(pair.R.FillBytes(make([]byte, 32)), pair.S.FillBytes(make([]byte, 32))...)
}

func forgeDER(t testing.TB, label, input string) []byte {
	t.Helper()
	digest := sha256.Sum256([]byte(input))
	der, err := ecKey(t, label).Sign(nil, digest[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func hmacOver(secret []byte, input string) []byte {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(input))
	return mac.Sum(nil)
}

// object is a JSON object whose order, spelling and repetitions are ours.
type object [][2]string

func (o *object) set(name, raw string) {
	for i := range *o {
		if (*o)[i][0] == name {
			(*o)[i][1] = raw
			return
		}
	}
	o.add(name, raw)
}

func (o *object) add(name, raw string) { *o = append(*o, [2]string{name, raw}) }

func (o *object) drop(name string) {
	var kept object
	for _, member := range *o {
		if member[0] != name {
			kept = append(kept, member)
		}
	}
	*o = kept
}

func (o object) String() string {
	members := make([]string, len(o))
	for i, member := range o {
		members[i] = fmt.Sprintf("%q:%s", member[0], member[1])
	}
	return "{" + strings.Join(members, ",") + "}"
}
