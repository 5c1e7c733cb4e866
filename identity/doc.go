// Package identity makes and checks the signed name tag that Syncward puts on
// every upstream request: plain headers that say who is connected, and a
// compact JWS (RFC 7515) over the same facts that proves it.
//
//	keys, err := identity.ParseJWKS(document)
//	v := &identity.Verifier{Keys: keys, Issuer: "syncward", Audience: "sync-upstream"}
//	claims, err := v.Verify(request) // claims.UserID, claims.Status, …
//
// It fetches no keys, keeps no state beyond an optional replay cache in memory,
// and decides nothing: whether "anonymous" may write is the upstream's business.
package identity
