package payload

import "bytes"

var (
	rootPointer  = Pointer{}
	typePointer  = MustPointer("/type")
	tokenPointer = MustPointer("/authToken")

	authPrefix = []byte("auth.")
)

// AuthMessage reads a message of a client that opted in: auth.refresh, whose
// token is always at /authToken, or auth.logout. For these ok is true and Out
// is nil, since they are never relayed; a refresh without a token that is a
// non-empty string has HasToken false. For every other message ok is false, and
// most are told apart without being read.
func AuthMessage(msg []byte) (f Found, ok bool) {
	if !bytes.Contains(msg, authPrefix) && !bytes.Contains(msg, unicodeEscape) {
		return Found{}, false
	}
	want := [...]Pointer{typePointer, tokenPointer}
	var at [len(want)]Value
	if Scan(msg, want[:], at[:]) != nil {
		return Found{}, false
	}
	switch kind, token := at[0], at[1]; {
	case kind.Is(msg, "auth.refresh"):
		f = Found{Kind: AuthRefresh, Token: token.Text(msg)}
		f.HasToken = f.Token != ""
		return f, true
	case kind.Is(msg, "auth.logout"):
		return Found{Kind: AuthLogout}, true
	}
	return Found{}, false
}
