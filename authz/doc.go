// Package authz answers one question: who is this, and may they. A credential
// goes in, a Decision with a typed reason comes out.
//
//	secrets, err := authz.NewHMACSecrets(current, nil, time.Time{}, nil)
//	verifier, err := authz.New(authz.Config{Keys: secrets, Grace: 24 * time.Hour})
//	decision, _ := policy.Apply(verifier.Decide(ctx, token), clientAddress)
//
// It finds no token in a request, writes no log, counts nothing and closes no
// connection, and no error or Decision of it holds a token or a part of one.
package authz
