package identity_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

const (
	vectorNow    = 1_800_000_000
	vectorTarget = "/sync?storeId=notes&x=%7C"
	vectorSocket = "dGhlIHNhbXBsZSBub25jZQ=="
)

// draft is a good assertion and request that a recipe then spoils.
type draft struct {
	alg, label   string // which key signs
	head, claims object
	headText     string // where set, in place of head
	claimsText   string // where set, in place of claims
	sign         func(input string) []byte
	mangle       func(token string) string
	assertions   []string // header names that carry the token
	v            vector
}

// recipe makes one vector, or with every set one for each algorithm.
type recipe struct {
	name, want string
	algs       string
	change     func(*draft)
}

const everyAlg = "HS256 EdDSA ES256"

func makeVectors(t testing.TB) []byte {
	t.Helper()
	file := vectorFile{
		About: "Assertions and the one right answer to each. A verifier trusts the named keys, has the " +
			"options and the clock, and sees the request as it came over the wire.",
		Keys: vectorKeys(t),
	}
	for _, r := range recipes(t) {
		for _, alg := range strings.Fields(r.algs) {
			d := newDraft(file.Keys, alg)
			d.v.Name, d.v.Want = alg+": "+r.name, r.want
			r.change(d)
			file.Vectors = append(file.Vectors, d.finish(t))
		}
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(file); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func newDraft(keys map[string]vectorKey, alg string) *draft {
	name := strings.ToLower(alg)
	path := sha256.Sum256([]byte(vectorTarget))
	d := &draft{alg: alg, label: "vectors", assertions: []string{"X-Sync-Assertion"}}
	d.head = object{{"alg", quoted(alg)}, {"kid", quoted(keys[name].KeyID)}, {"typ", `"sync-identity+jwt"`}}
	d.claims = object{
		{"iss", `"syncward"`}, {"aud", `"sync-upstream"`}, {"sub", `"user-1"`},
		{"cid", `"01980000-0000-7000-8000-000000000001"`}, {"iid", `"notes"`}, {"status", `"valid"`},
		{"uexp", "1800003600"}, {"mth", `"GET"`}, {"iat", "1800000000"}, {"exp", "1800000060"},
		{"jti", `"AAECAwQFBgcICQoLDA0ODw"`}, {"wsk", quoted(vectorSocket)}, {"pth", quoted(b64(path[:]))},
	}
	d.v = vector{
		Keys: []string{name}, Now: vectorNow,
		Options: vectorOptions{Issuer: "syncward", Audience: "sync-upstream"},
		Request: vectorRequest{Method: "GET", Target: vectorTarget, Headers: [][2]string{
			{"Sec-WebSocket-Key", vectorSocket}, {"X-Sync-User-Id", "user-1"},
			{"X-Sync-Connection-Id", "01980000-0000-7000-8000-000000000001"},
			{"X-Sync-Auth-Status", "valid"}, {"X-Sync-Token-Expires", "1800003600"},
		}},
	}
	return d
}

func quoted(s string) string { return fmt.Sprintf("%q", s) }

// header replaces the value of one plain header.
func (d *draft) header(name, value string) {
	d.dropHeader(name)
	d.addHeader(name, value)
}

func (d *draft) addHeader(name, value string) {
	d.v.Request.Headers = append(d.v.Request.Headers, [2]string{name, value})
}

func (d *draft) dropHeader(name string) {
	var kept [][2]string
	for _, h := range d.v.Request.Headers {
		if h[0] != name {
			kept = append(kept, h)
		}
	}
	d.v.Request.Headers = kept
}

// finish signs the draft and writes down what a good one claims.
func (d *draft) finish(t testing.TB) vector {
	t.Helper()
	head, claims := d.headText, d.claimsText
	if head == "" {
		head = d.head.String()
	}
	if claims == "" {
		claims = d.claims.String()
	}
	input := b64([]byte(head)) + "." + b64([]byte(claims))
	var signature []byte
	if d.sign != nil {
		signature = d.sign(input)
	} else {
		signature = forgeSignature(t, d.alg, d.label, input)
	}
	token := input + "." + b64(signature)
	if d.mangle != nil {
		token = d.mangle(token)
	}
	for _, name := range d.assertions {
		d.addHeader(name, token)
	}
	if d.v.Want == "ok" {
		if err := json.Unmarshal([]byte(claims), &d.v.Claims); err != nil {
			t.Fatal(err)
		}
		delete(d.v.Claims, "role") // the unknown claim of one recipe
	}
	return d.v
}
