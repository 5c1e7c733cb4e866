package auth_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/syncward/syncward/demo/auth"
)

var (
	secret = []byte("a-secret-of-the-tests-0123456789abcdef")
	now    = time.Date(2026, 1, 2, 3, 4, 5, 600e6, time.UTC)
)

// grant is what a client reads.
type grant struct {
	Session, User, Token, Error string
	ExpiresAt, ServerTime       int64
}

func start() http.Handler {
	return auth.New(auth.Options{Secret: secret, Issuer: "iss", Audience: "aud", Life: 20 * time.Second, Now: func() time.Time { return now }})
}

// call posts body and asserts the status.
func call(t *testing.T, h http.Handler, path, body string, want int) grant {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("POST", path, strings.NewReader(body)))
	if w.Code != want {
		t.Fatalf("POST %s %s: %d %s, want %d", path, body, w.Code, w.Body, want)
	}
	var g grant
	if w.Code != http.StatusNoContent {
		if err := json.Unmarshal(w.Body.Bytes(), &g); err != nil {
			t.Fatalf("%v: %s", err, w.Body)
		}
	}
	return g
}

// claims verifies a token's signature at the given moment.
func claims(t *testing.T, token string, at time.Time) (jwt.RegisteredClaims, error) {
	t.Helper()
	var c jwt.RegisteredClaims
	_, err := jwt.ParseWithClaims(token, &c, func(*jwt.Token) (any, error) { return secret, nil },
		jwt.WithValidMethods([]string{"HS256"}), jwt.WithIssuer("iss"), jwt.WithAudience("aud"),
		jwt.WithExpirationRequired(), jwt.WithTimeFunc(func() time.Time { return at }))
	return c, err
}

func TestAnyoneCanLogIn(t *testing.T) {
	g := call(t, start(), "/login", `{"user":"alice"}`, 200)
	c, err := claims(t, g.Token, now)
	if err != nil || c.Subject != "alice" || c.ID == "" {
		t.Errorf("claims %+v, %v", c, err)
	}
	if c.ExpiresAt.Sub(c.IssuedAt.Time) != 20*time.Second {
		t.Errorf("lives from %v to %v, want 20 s", c.IssuedAt, c.ExpiresAt)
	}
	if g.User != "alice" || g.Session == "" || g.ExpiresAt != c.ExpiresAt.UnixMilli() || g.ServerTime != now.UnixMilli() {
		t.Errorf("granted %+v", g)
	}
}

func TestRefreshGrantsTheSameUserANewToken(t *testing.T) {
	h := start()
	first := call(t, h, "/login", `{"user":"alice"}`, 200)
	second := call(t, h, "/refresh", `{"session":"`+first.Session+`"}`, 200)
	if c, err := claims(t, second.Token, now); err != nil || c.Subject != "alice" || second.Token == first.Token {
		t.Errorf("claims %+v, %v", c, err)
	}
	if second.Session != first.Session {
		t.Errorf("session %s became %s", first.Session, second.Session)
	}
}

func TestABackdatedTokenExpiredAWhileAgo(t *testing.T) {
	h := start()
	g := call(t, h, "/login", `{"user":"alice"}`, 200)
	old := call(t, h, "/backdate", `{"session":"`+g.Session+`","expiredFor":42000}`, 200)
	if _, err := claims(t, old.Token, now); err == nil {
		t.Error("it has not expired")
	}
	c, err := claims(t, old.Token, now.Add(-43*time.Second))
	if err != nil || !c.ExpiresAt.Equal(now.Add(-42*time.Second).Truncate(time.Second)) {
		t.Errorf("expires at %v, %v", c.ExpiresAt, err)
	}
	for _, bad := range []string{"-1", "3600001", `"1"`, "0.5"} {
		call(t, h, "/backdate", `{"session":"`+g.Session+`","expiredFor":`+bad+`}`, 400)
	}
}

func TestLogoutEndsTheSessionAndNoOther(t *testing.T) {
	h := start()
	g, other := call(t, h, "/login", `{"user":"alice"}`, 200), call(t, h, "/login", `{"user":"alice"}`, 200)
	call(t, h, "/logout", `{"session":"`+g.Session+`"}`, 204)
	call(t, h, "/logout", `{"session":"`+g.Session+`"}`, 204) // twice is as good as once
	for _, path := range []string{"/refresh", "/backdate"} {
		if e := call(t, h, path, `{"session":"`+g.Session+`"}`, 401); e.Error == "" || e.Token != "" {
			t.Errorf("%s: %+v", path, e)
		}
	}
	call(t, h, "/refresh", `{"session":"`+other.Session+`"}`, 200)
}

func TestBadRequestsAreRefused(t *testing.T) {
	h := start()
	for _, c := range []struct {
		path, body string
		want       int
	}{
		{"/login", `{"user":""}`, 400},
		{"/login", `{"user":"a b"}`, 400},
		{"/login", `{"user":"a\nb"}`, 400},
		{"/login", `{"user":"` + strings.Repeat("a", 33) + `"}`, 400},
		{"/login", `not JSON`, 400},
		{"/login", `{"user":"` + strings.Repeat("a", 5000) + `"}`, 400},
		{"/refresh", `{}`, 401},
		{"/refresh", `{"session":"made-up"}`, 401},
	} {
		if g := call(t, h, c.path, c.body, c.want); g.Error == "" || g.Token != "" {
			t.Errorf("POST %s: %+v", c.path, g)
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/login", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d", w.Code)
	}
}
