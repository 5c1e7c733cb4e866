package payload

import (
	"crypto/sha256"
	"crypto/subtle"
)

// Take reports the token that v is, and msg without it (Cut). A v that is no
// value gives the zero Found; one that is no string, or an empty one, is no
// token and goes all the same.
func (v Value) Take(msg []byte, with string, b Bound) Found {
	if v.Kind == 0 {
		return Found{}
	}
	f := Found{Out: v.Splice(b.Room, msg, with)}
	if v.same(msg, b.LastToken) {
		f.HasToken, f.SameToken = true, true
		return f
	}
	f.Token = v.Text(msg)
	f.HasToken = f.Token != ""
	return f
}

// same tells whether v is a string, written without escapes, that has the hash;
// the zero hash is none.
func (v Value) same(msg []byte, hash [sha256.Size]byte) bool {
	if v.Kind != '"' || v.End-v.Start <= 2 || hash == [sha256.Size]byte{} {
		return false
	}
	text := msg[v.Start+1 : v.End-1]
	if !plain(text) {
		return false
	}
	sum := sha256.Sum256(text)
	return subtle.ConstantTimeCompare(sum[:], hash[:]) == 1
}
