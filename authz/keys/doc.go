// Package keys holds the sources of public keys for package authz: PEM text,
// and a JWK set that is fetched and followed. It joins several sources into one.
//
//	set, err := keys.NewJWKS(keys.JWKSOptions{URL: "https://auth.example.com/jwks.json"})
//	go set.Run(ctx)
//	verifier, err := authz.New(authz.Config{Keys: keys.Join(secrets, set)})
//
// No token says where a key is to be found: the one address is the
// configured one. The package judges no token, reads no environment variable
// (HTTP_PROXY neither) and writes no log.
package keys
