package identity_test

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/syncward/syncward/identity"
)

var (
	now   = time.Unix(vectorNow, 999_999_999)
	alice = identity.Identity{
		UserID: "user-1", ConnectionID: "01980000-0000-7000-8000-000000000001",
		InstanceID: "notes", Status: "valid", TokenExpires: time.Unix(1800003600, 5),
	}
	upgrade = identity.Request{Method: "GET", Target: vectorTarget, WebSocketKey: vectorSocket}
)

func newSigner(t testing.TB, key identity.Key) *identity.Signer {
	t.Helper()
	signer, err := identity.NewSigner(identity.SignerOptions{Key: key})
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

// testKeys returns a key of each kind.
func testKeys(t testing.TB) map[string]identity.Key {
	t.Helper()
	keys := map[string]identity.Key{}
	for _, k := range vectorKeys(t) {
		keys[k.Alg] = must(identity.ParseKey([]byte(k.Secret + k.PEM)))
	}
	return keys
}

// verifierFor checks all there is to check, at the time now.
func verifierFor(keys ...identity.Key) *identity.Verifier {
	return &identity.Verifier{
		Keys: identity.NewKeySet(keys...), Issuer: identity.DefaultIssuer, Audience: identity.DefaultAudience,
		RequireSingleUse: true, CheckWebSocketKey: true, CheckPath: true,
		Now: func() time.Time { return now },
	}
}

func requestWith(t testing.TB, headers []identity.Header) *http.Request {
	t.Helper()
	r := must(http.NewRequest(upgrade.Method, "http://upstream.test"+upgrade.Target, nil))
	r.Header.Set("Sec-WebSocket-Key", upgrade.WebSocketKey)
	for _, h := range headers {
		r.Header.Add(h.Name, h.Value)
	}
	return r
}

func signedRequest(t testing.TB, signer *identity.Signer) *http.Request {
	t.Helper()
	return requestWith(t, must(signer.Headers(alice, upgrade, now)))
}

func TestWhatIsSignedVerifies(t *testing.T) {
	for alg, key := range testKeys(t) {
		claims, err := verifierFor(key).Verify(signedRequest(t, newSigner(t, key)))
		if err != nil {
			t.Errorf("%s: %v", alg, err)
			continue
		}
		want := alice
		want.TokenExpires = time.Unix(1800003600, 0)
		if claims.Identity != want || claims.WebSocketKey != upgrade.WebSocketKey || claims.Method != "GET" {
			t.Errorf("%s: %+v", alg, claims)
		}
	}
}

func TestTheHeadersComeInOrderAndAgreeWithTheDocuments(t *testing.T) {
	signer := newSigner(t, testKeys(t)["HS256"])
	headers := must(signer.Headers(alice, upgrade, now))
	want := []identity.Header{
		{Name: "X-Sync-User-Id", Value: "user-1"},
		{Name: "X-Sync-Connection-Id", Value: alice.ConnectionID},
		{Name: "X-Sync-Auth-Status", Value: "valid"},
		{Name: "X-Sync-Token-Expires", Value: "1800003600"},
		{Name: "X-Sync-Assertion", Value: headers[len(headers)-1].Value},
	}
	if !slices.Equal(headers, want) {
		t.Errorf("%v, want %v", headers, want)
	}
	guest := identity.Identity{UserID: "anonymous", ConnectionID: "c", Status: "anonymous"}
	for _, h := range must(signer.Headers(guest, upgrade, now)) {
		if h.Name == "X-Sync-Token-Expires" {
			t.Errorf("an expiry of no token: %q", h.Value)
		}
	}
}

func TestTheAssertionReadsAsTheContractSays(t *testing.T) {
	key := testKeys(t)["HS256"]
	parts := strings.Split(must(newSigner(t, key).Sign(alice, upgrade, now)), ".")
	head := string(must(jwt.NewParser().DecodeSegment(parts[0])))
	if want := `{"alg":"HS256","kid":"` + key.KeyID() + `","typ":"sync-identity+jwt"}`; head != want {
		t.Errorf("header %s, want %s", head, want)
	}
	var claims map[string]any
	if err := json.Unmarshal(must(jwt.NewParser().DecodeSegment(parts[1])), &claims); err != nil {
		t.Fatal(err)
	}
	path := sha256.Sum256([]byte(vectorTarget))
	want := map[string]any{
		"iss": "syncward", "aud": "sync-upstream", "sub": "user-1", "cid": alice.ConnectionID,
		"iid": "notes", "status": "valid", "uexp": 1800003600., "mth": "GET", "iat": 1.8e9,
		"exp": 1800000060., "jti": claims["jti"], "wsk": vectorSocket, "pth": b64(path[:]),
	}
	got, _ := json.Marshal(claims)
	if wanted, _ := json.Marshal(want); string(got) != string(wanted) {
		t.Errorf("claims %s, want %s", got, wanted)
	}
}

func TestAnotherLibraryVerifiesWhatIsSigned(t *testing.T) {
	public := map[string]any{
		"HS256": []byte(hmacSecret), "EdDSA": edKey("vectors").Public(), "ES256": &ecKey(t, "vectors").PublicKey,
	}
	for alg, key := range testKeys(t) {
		for range 50 { // an ES256 half with leading zeros comes once in 128
			assertion := must(newSigner(t, key).Sign(alice, upgrade, now))
			_, err := jwt.Parse(assertion, func(*jwt.Token) (any, error) { return public[alg], nil },
				jwt.WithValidMethods([]string{alg}), jwt.WithAudience("sync-upstream"), jwt.WithIssuer("syncward"),
				jwt.WithTimeFunc(func() time.Time { return now }), jwt.WithExpirationRequired(), jwt.WithStrictDecoding())
			if err != nil {
				t.Fatalf("%s: %v", alg, err)
			}
		}
	}
}

func TestNoValueBreaksOutOfItsPlace(t *testing.T) {
	signer := newSigner(t, testKeys(t)["HS256"])
	id := alice
	id.UserID, id.InstanceID = `a"\,"sub":"root`, "\x00\u2028\n\"},{é😀\\"
	r := requestWith(t, must(signer.Headers(id, upgrade, now)))
	claims, err := verifierFor(testKeys(t)["HS256"]).Verify(r)
	if err != nil || claims.UserID != id.UserID || claims.InstanceID != id.InstanceID {
		t.Errorf("%+v, %v", claims, err)
	}
}

func TestTheLargestIdentityStillVerifies(t *testing.T) {
	signer := must(identity.NewSigner(identity.SignerOptions{
		Key: testKeys(t)["ES256"], Issuer: strings.Repeat(`"`, 256), Audience: strings.Repeat(`\`, 256),
	}))
	id := identity.Identity{
		UserID: strings.Repeat(`"`, 256), ConnectionID: strings.Repeat(`\`, 256),
		InstanceID: strings.Repeat("\x00", 1024), Status: "anonymous", TokenExpires: time.Unix(253402300799, 0),
	}
	v := verifierFor(testKeys(t)["ES256"])
	v.Issuer, v.Audience = strings.Repeat(`"`, 256), strings.Repeat(`\`, 256)
	if _, err := v.Verify(requestWith(t, must(signer.Headers(id, upgrade, now)))); err != nil {
		t.Error(err)
	}
}

func TestWhatMustNotBeSignedIsRefused(t *testing.T) {
	signer := newSigner(t, testKeys(t)["HS256"])
	for _, c := range []struct {
		name   string
		change func(*identity.Identity, *identity.Request)
		want   error
	}{
		{"no user", func(i *identity.Identity, _ *identity.Request) { i.UserID = "" }, identity.ErrIdentity},
		{"a user with a line break", func(i *identity.Identity, _ *identity.Request) { i.UserID = "a\r\nb" }, identity.ErrIdentity},
		{"a user with a space", func(i *identity.Identity, _ *identity.Request) { i.UserID = "a b" }, identity.ErrIdentity},
		{"a user beyond ASCII", func(i *identity.Identity, _ *identity.Request) { i.UserID = "é" }, identity.ErrIdentity},
		{"a user of 257", func(i *identity.Identity, _ *identity.Request) { i.UserID = strings.Repeat("u", 257) }, identity.ErrIdentity},
		{"no connection", func(i *identity.Identity, _ *identity.Request) { i.ConnectionID = "" }, identity.ErrIdentity},
		{"an instance of 1025", func(i *identity.Identity, _ *identity.Request) { i.InstanceID = strings.Repeat("i", 1025) }, identity.ErrIdentity},
		{"an instance of bad UTF-8", func(i *identity.Identity, _ *identity.Request) { i.InstanceID = "\xff" }, identity.ErrIdentity},
		{"no status", func(i *identity.Identity, _ *identity.Request) { i.Status = "" }, identity.ErrIdentity},
		{"another status", func(i *identity.Identity, _ *identity.Request) { i.Status = "admin" }, identity.ErrIdentity},
		{"an expiry before 1970", func(i *identity.Identity, _ *identity.Request) { i.TokenExpires = time.Unix(-1, 0) }, identity.ErrIdentity},
		{"no method", func(_ *identity.Identity, r *identity.Request) { r.Method = "" }, identity.ErrRequest},
		{"no target", func(_ *identity.Identity, r *identity.Request) { r.Target = "" }, identity.ErrRequest},
		{"a whole URL", func(_ *identity.Identity, r *identity.Request) { r.Target = "http://a/b" }, identity.ErrRequest},
		{"a socket key of 65", func(_ *identity.Identity, r *identity.Request) { r.WebSocketKey = strings.Repeat("k", 65) }, identity.ErrRequest},
	} {
		id, req := alice, upgrade
		c.change(&id, &req)
		assertion, err := signer.Sign(id, req, now)
		headers, err2 := signer.Headers(id, req, now)
		if !errors.Is(err, c.want) || !errors.Is(err2, c.want) || assertion != "" || headers != nil {
			t.Errorf("%s: %q, %v, %v", c.name, assertion, err, err2)
		}
	}
}

func TestASignerNeedsAKeyAndUsableNames(t *testing.T) {
	key := identity.GenerateKey()
	for _, c := range []struct {
		options identity.SignerOptions
		want    error
	}{
		{identity.SignerOptions{}, identity.ErrSigner},
		{identity.SignerOptions{Previous: key}, identity.ErrSigner},
		{identity.SignerOptions{Key: key, Issuer: "a b"}, identity.ErrSigner},
		{identity.SignerOptions{Key: key, Audience: strings.Repeat("a", 257)}, identity.ErrSigner},
		{identity.SignerOptions{Key: key, Names: identity.Names{Prefix: "X-"}}, identity.ErrNames},
	} {
		if _, err := identity.NewSigner(c.options); !errors.Is(err, c.want) {
			t.Errorf("%+v: %v, want %v", c.options, err, c.want)
		}
	}
}

func TestManyGoroutinesSignAtOnceAndNoIDComesTwice(t *testing.T) {
	for alg, key := range testKeys(t) {
		signer, verifier := newSigner(t, key), verifierFor(key)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 25 {
					if _, err := verifier.Verify(signedRequest(t, signer)); err != nil { // single use: ids differ
						t.Errorf("%s: %v", alg, err)
					}
				}
			})
		}
		wg.Wait()
	}
}
