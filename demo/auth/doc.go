// Package auth is the demo's auth service: whoever says a name is that user.
//
//	service := auth.New(auth.Options{Secret: secret, Issuer: "me", Audience: "sync", Life: 20 * time.Second})
//	http.Handle("/auth/", http.StripPrefix("/auth", service))
//	// POST /login {"user":"alice"}, /refresh, /backdate, /logout {"session":"…"}
//
// It asks for no password and remembers sessions in memory only: it is for
// trying things out, never for real users.
package auth
