// Package revocation remembers who was ended before their token was: a
// watermark for each user, single tokens, and users who are gone.
//
//	m, err := revocation.Open(revocation.Options{Keep: 31 * 24 * time.Hour, Path: "revocations.ndjson"})
//	err = m.Add(revocation.Entry{UserID: "ada", Before: time.Now()})
//	verdict := m.Check("ada", jti, issuedAt) // Revoked
//
// A Memory serves one process; what it knows outlives it where a Path is given.
// A fleet's store is natskv, on the same Index. The package judges no token and ends no connection: whoever is told of an entry does.
package revocation
