package pages

import (
	"encoding/json"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/syncward/syncward/e2e/internal/rig"
)

// Auth is an auth service that believes whoever asks: POST {"user"} answers
// {"token"}, unless it was told to answer something else.
type Auth struct {
	t testing.TB

	mu     sync.Mutex
	ttl    time.Duration // of tokens
	status int           // answered instead of a token; 0: none is
	asked  int
	tokens []string
}

// NewAuth returns one whose tokens live an hour.
func NewAuth(t testing.TB) *Auth { return &Auth{t: t, ttl: time.Hour} }

// Tell sets how long tokens live (0: as before) and the HTTP status that is
// answered instead of one (0: a token is).
func (a *Auth) Tell(ttl time.Duration, status int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if ttl != 0 {
		a.ttl = ttl
	}
	a.status = status
}

// Asked returns how often it was asked so far.
func (a *Auth) Asked() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.asked
}

// Tokens returns all that it gave.
func (a *Auth) Tokens() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]string{}, a.tokens...)
}

func (a *Auth) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in struct{ User string }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		http.Error(w, "no JSON", http.StatusBadRequest)
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked++
	if a.status != 0 {
		http.Error(w, "as it was told", a.status)
		return
	}
	token := Mint(a.t, in.User, a.ttl)
	a.tokens = append(a.tokens, token)
	Answer(w, map[string]string{"token": token})
}

// Mint makes a token that was issued now, whatever its lifetime: one that has
// expired was issued an hour before that.
func Mint(t testing.TB, user string, ttl time.Duration) string {
	now := time.Now()
	claims := map[string]any{"iat": now.Unix(), "jti": user + now.String()}
	if ttl < 0 {
		claims["iat"] = now.Add(ttl - time.Hour).Unix()
	}
	return rig.Token(t, user, ttl, claims)
}
