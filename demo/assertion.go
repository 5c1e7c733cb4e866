package demo

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/syncward/syncward/identity"
)

// checked is what came of an identity assertion: what any upstream learns that
// verifies it with package identity.
type checked struct {
	OK     bool   `json:"ok"`
	UserID string `json:"userId,omitempty"`
	Status string `json:"status,omitempty"`
	Error  string `json:"error,omitempty"`
}

// keys are the sidecar's public keys, fetched from its admin side when the
// first assertion asks for them. One run has one key.
type keys struct {
	mu       sync.Mutex
	url      string
	verifier *identity.Verifier
}

// from says where the keys are.
func (k *keys) from(admin string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.url = "http://" + admin + "/.well-known/jwks.json"
}

// check verifies the assertion of a request; nil where it has none.
func (k *keys) check(r *http.Request) *checked {
	if r.Header.Get(identity.Names{}.AssertionHeader()) == "" {
		return nil
	}
	v, err := k.verified(r.Context())
	if err != nil {
		return &checked{Error: "the keys cannot be fetched"}
	}
	claims, err := v.Verify(r)
	if err != nil {
		return &checked{Error: err.Error()}
	}
	return &checked{OK: true, UserID: claims.UserID, Status: string(claims.Status)}
}

// verified returns the verifier, which it makes of the fetched keys once.
func (k *keys) verified(ctx context.Context) (*identity.Verifier, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.verifier != nil {
		return k.verifier, nil
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, k.url, nil)
	if err != nil {
		return nil, fmt.Errorf("demo: keys: %w", err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("demo: keys: %w", err)
	}
	defer res.Body.Close()
	document, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	if err != nil {
		return nil, fmt.Errorf("demo: keys: %w", err)
	}
	set, err := identity.ParseJWKS(document)
	if err != nil {
		return nil, fmt.Errorf("demo: keys: %w", err)
	}
	k.verifier = &identity.Verifier{
		Keys: set, Issuer: identity.DefaultIssuer, Audience: identity.DefaultAudience,
		RequireSingleUse: true, CheckWebSocketKey: true, CheckPath: true,
	}
	return k.verifier, nil
}
