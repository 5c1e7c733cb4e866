package identity

import (
	"context"
	"errors"
	"net/http"
)

// claimsKey is the context key of verified claims.
type claimsKey struct{}

// Middleware returns a handler that calls next only for requests that verify,
// with the claims in the context (see FromContext). Others get 401, or 503
// where the fault is the Verifier's own, and a fixed phrase either way. Whoever
// wants to log why calls Verify instead.
func (v *Verifier) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claims, err := v.Verify(r)
		switch {
		case errors.Is(err, ErrNotConfigured), errors.Is(err, ErrUnavailable):
			http.Error(w, "identity cannot be checked now", http.StatusServiceUnavailable)
		case err != nil:
			http.Error(w, "identity refused", http.StatusUnauthorized)
		default:
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), claimsKey{}, claims)))
		}
	})
}

// FromContext returns the claims that Middleware verified; false where it did
// not run.
func FromContext(ctx context.Context) (Claims, bool) {
	claims, ok := ctx.Value(claimsKey{}).(Claims)
	return claims, ok
}
