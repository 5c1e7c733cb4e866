package authz

import "time"

// KeyOf makes a key of any kind, for tests of what kinds are for.
func KeyOf(kind Kind, algorithms []string, verify func(alg string, input, signature []byte) bool) Key {
	return Key{kind: kind, algorithms: algorithms, verify: verify}
}

// Bucket is what Policy sorts users by.
var Bucket = bucket

// The defaults, for tests.
const (
	DefaultGrace         = 24 * time.Hour
	DefaultLeeway        = 30 * time.Second
	DefaultMaxTokenBytes = defaultMaxTokenBytes
)
