package natskv

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"

	"github.com/go-json-experiment/json"

	"github.com/syncward/syncward/authz/revocation"
)

// The bucket's format. A key is the userId in base64url (RFC 4648 §5, without
// padding); that of a single token has a dot and the SHA-256 of the jti behind
// it, in base64url too: neither userId nor jti is text that a subject may hold.
// A value is the entry as JSON. Both name the user, and must name the same one.

// keyOf returns the key of an entry's place.
func keyOf(e revocation.Entry) string {
	key := base64.RawURLEncoding.EncodeToString([]byte(e.UserID))
	if e.Before.IsZero() && !e.Deleted {
		sum := sha256.Sum256([]byte(e.TokenID))
		key += "." + base64.RawURLEncoding.EncodeToString(sum[:])
	}
	return key
}

// errValue is a value that nobody of us wrote.
var errValue = errors.New("natskv: a value of the bucket is no entry of its key's user; it is left alone")

// decode reads a value. Members that this version does not know are no fault:
// a later one may write them while a fleet is updated.
func decode(key string, value []byte) (revocation.Entry, error) {
	var e revocation.Entry
	if err := json.Unmarshal(value, &e); err != nil || !e.Valid() || keyOf(e) != key {
		return revocation.Entry{}, errValue
	}
	return e, nil
}
