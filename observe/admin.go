package observe

import (
	"io"
	"net/http"
)

// Admin is what the admin port shows.
type Admin struct {
	Metrics http.Handler  // Observer.Metrics
	Health  *Health       // behind /healthz and /readyz
	JWKS    func() []byte // the public keys as they are now, a JWK set (RFC 7517 §5)
}

// AdminHandler serves GET and HEAD of /healthz, /readyz, /metrics and
// /.well-known/jwks.json; every other path is 404. It compares paths to the
// letter: nothing is cleaned, redirected or guessed. All fields of a must be set.
func AdminHandler(a Admin) http.Handler {
	routes := map[string]http.HandlerFunc{
		"/healthz": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			io.WriteString(w, "ok\n")
		},
		"/readyz":  func(w http.ResponseWriter, _ *http.Request) { a.Health.ready(w) },
		"/metrics": a.Metrics.ServeHTTP,
		"/.well-known/jwks.json": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/jwk-set+json")
			w.Header().Set("Cache-Control", "public, max-age=60") // a rotated key must not stay unknown for long
			w.Write(a.JWKS())
		},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		serve, known := routes[r.URL.Path]
		switch {
		case !known:
			http.NotFound(w, r)
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		default:
			w.Header().Set("X-Content-Type-Options", "nosniff")
			serve(w, r)
		}
	})
}
