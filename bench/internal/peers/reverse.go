package peers

import (
	"errors"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// reverseProxy is what most people would write: net/http, the standard
// library's ReverseProxy and golang-jwt with strict settings; the token comes
// in the Authorization header, and the user's name goes on in one of its own.
func reverseProxy(cfg Config) error {
	upstream := &url.URL{Scheme: "http", Host: cfg.Upstream.String()}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(upstream)
		r.Out.Host = r.In.Host
	}}
	return http.ListenAndServe(cfg.Listen.String(), verified(proxy, cfg.Secret))
}

// verified lets only requests with a good token pass, and takes it out of them.
func verified(next http.Handler, secret []byte) http.Handler {
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"HS256"}), jwt.WithExpirationRequired())
	key := func(*jwt.Token) (any, error) { return secret, nil }
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, err := userOf(parser, key, r.Header.Get("Authorization"))
		if err != nil {
			http.Error(w, "unauthorized", http.StatusUnauthorized)
			return
		}
		r.Header.Del("Authorization")
		r.Header.Set("X-Sync-User-Id", user)
		next.ServeHTTP(w, r)
	})
}

func userOf(parser *jwt.Parser, key jwt.Keyfunc, authorization string) (string, error) {
	raw, ok := strings.CutPrefix(authorization, "Bearer ")
	if !ok {
		return "", errors.New("no bearer token")
	}
	var claims jwt.RegisteredClaims
	if _, err := parser.ParseWithClaims(raw, &claims, key); err != nil {
		return "", err
	}
	if claims.Subject == "" {
		return "", errors.New("no subject")
	}
	return claims.Subject, nil
}
