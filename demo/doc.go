// Package demo is everything round the sidecar in `syncward demo`: a legacy
// sync server, an auth service, and a page that shows what each of them sees.
//
//	d, err := demo.New("127.0.0.1:8787")
//	// run a sidecar with d.Variables() that logs to d.Log(), wait for d.Ready()
//	err = d.Serve(ctx)
//
// It holds nothing of the sidecar: what it shows of it are its log lines, the
// requests that reach the legacy server, and the JWKS, as any upstream could
// see them. It is for trying things out, not for real users.
package demo
