// Package observe turns what the proxy reports through its hooks into
// Prometheus metrics and log lines, and serves the admin port's read-only side:
// health, metrics and the public keys.
//
//	o := observe.New(observe.Options{Version: v, Commit: c, Log: log})
//	p := proxy.New(proxy.Options{Hooks: o.Hooks(), …})
//	http.Serve(admin, observe.AdminHandler(observe.Admin{Metrics: o.Metrics(), Health: health, JWKS: keys}))
//
// It decides nothing about a connection and sees no credential. Label values
// come from closed lists alone; what a client can choose reaches only the log,
// shortened. It does not serve the admin API and writes no traces.
package observe
