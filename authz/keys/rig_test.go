package keys_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/authz/keys"
)

// patience is a safety net: what is waited for comes much sooner.
const patience = 10 * time.Second

// pairs of each kind, made once: an RSA key takes its time.
var pairs = sync.OnceValue(func() map[string]crypto.Signer {
	must := func(key crypto.Signer, err error) crypto.Signer {
		if err != nil {
			panic(err)
		}
		return key
	}
	short := must(rsa.GenerateKey(rand.Reader, 2048))
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	return map[string]crypto.Signer{
		"RS256": short, "PS256": short,
		"ES256": must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)),
		"ES384": must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)),
		"EdDSA": must(ed, err),
	}
})

func newEd(t testing.TB) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// token is a good token of alice, signed with alg by key; kid "" is none.
func token(t testing.TB, alg, kid string, key any) string {
	t.Helper()
	tk := jwt.NewWithClaims(jwt.GetSigningMethod(alg), jwt.MapClaims{
		"sub": "alice", "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
	})
	if kid != "" {
		tk.Header["kid"] = kid
	}
	text, err := tk.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// jwk writes a public key as a JWK with more members behind it.
func jwk(kid string, key crypto.PublicKey, more ...string) string {
	var members []string
	switch key := key.(type) {
	case *rsa.PublicKey:
		members = []string{`"kty":"RSA"`, `"n":"` + b64(key.N.Bytes()) + `"`, `"e":"AQAB"`}
	case *ecdsa.PublicKey:
		point, err := key.Bytes()
		if err != nil {
			panic(err)
		}
		half := len(point) / 2
		members = []string{
			`"kty":"EC"`, fmt.Sprintf(`"crv":"P-%d"`, key.Params().BitSize), `"x":"` + b64(point[1:1+half]) + `"`, `"y":"` + b64(point[1+half:]) + `"`,
		}
	case ed25519.PublicKey:
		members = []string{`"kty":"OKP"`, `"crv":"Ed25519"`, `"x":"` + b64(key) + `"`}
	}
	if kid != "" {
		members = append(members, `"kid":"`+kid+`"`)
	}
	return "{" + strings.Join(append(members, more...), ",") + "}"
}

func set(jwks ...string) string { return `{"keys":[` + strings.Join(jwks, ",") + `]}` }

// issuer is an HTTP server of a JWK set that does what it is told.
type issuer struct {
	*httptest.Server
	answer  atomic.Pointer[http.HandlerFunc]
	fetches atomic.Int64
	asked   sync.Map // every request URI
}

func newIssuer(t testing.TB, document string) *issuer {
	t.Helper()
	i := &issuer{}
	i.serve(document)
	i.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i.fetches.Add(1)
		i.asked.Store(r.RequestURI, true)
		(*i.answer.Load())(w, r)
	}))
	t.Cleanup(i.Close)
	return i
}

func (i *issuer) does(f http.HandlerFunc) { i.answer.Store(&f) }

func (i *issuer) serve(document string) {
	i.does(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, document) })
}

// following is a JWKS that runs until the test is over, and what its fetches
// came to.
type following struct {
	*keys.JWKS
	results chan error
}

// follow starts to follow a set; the cool-down is an hour unless o says
// otherwise, so that a fetch is never due by accident.
func follow(t testing.TB, o keys.JWKSOptions) following {
	t.Helper()
	if o.CoolDown == 0 {
		o.CoolDown = time.Hour
	}
	f := following{results: make(chan error, 1000)}
	o.Fetched = func(_ bool, err error) {
		select {
		case f.results <- err:
		default: // nobody looks
		}
	}
	var err error
	if f.JWKS, err = keys.NewJWKS(o); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		f.Run(ctx)
	}()
	t.Cleanup(func() {
		stop()
		<-ended
	})
	return f
}

// next waits for the next fetch and returns what it came to.
func (f following) next(t testing.TB) error {
	t.Helper()
	select {
	case err := <-f.results:
		return err
	case <-time.After(patience):
		t.Fatal("no fetch")
		return nil
	}
}

// good waits for the next fetch, which must be good.
func (f following) good(t testing.TB) following {
	t.Helper()
	if err := f.next(t); err != nil {
		t.Fatalf("fetch: %v", err)
	}
	return f
}

// until waits for a fetch that came to what is wanted.
func (f following) until(t testing.TB, wanted func(error) bool) {
	t.Helper()
	for end := time.Now().Add(patience); !wanted(f.next(t)); {
		if time.Now().After(end) {
			t.Fatal("no fetch came to what is wanted")
		}
	}
}

func verifier(t testing.TB, source authz.Keys) *authz.Verifier {
	t.Helper()
	v, err := authz.New(authz.Config{Keys: source})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// verdict is "valid", or the code and the reason.
func verdict(v *authz.Verifier, token string) string {
	d := v.Decide(context.Background(), token)
	if d.Allow {
		return string(d.Status)
	}
	return string(d.Refusal()) + " " + string(d.Reason)
}

// check holds the sentence "what is want".
func check(t testing.TB, v *authz.Verifier, what, token, want string) {
	t.Helper()
	if got := verdict(v, token); got != want {
		t.Errorf("%s: got %s, want %s", what, got, want)
	}
}

func decode64(tb testing.TB, text string) []byte {
	tb.Helper()
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}
