package identity

import (
	"strings"
	"time"
	"unicode/utf8"
)

// What bounds an assertion. Together they keep it under maxToken bytes, which
// fits the 16 KiB that common servers grant to a request's headers.
const (
	maxID         = 256  // userId, connectionId, issuer, audience; bytes
	maxInstanceID = 1024 // bytes, before JSON escaping
	maxMethod     = 32
	maxSocketKey  = 64
	maxToken      = 14 << 10
)

// latest bounds every time in a claim: the end of the year 9999.
const latest = 253402300799

// Identity is who a connection speaks for.
type Identity struct {
	UserID       string // 1 to 256 visible ASCII characters
	ConnectionID string // 1 to 256 visible ASCII characters; a UUIDv7 from Syncward
	InstanceID   string // what the connection is about; UTF-8, up to 1024 bytes, may be empty
	Status       string // valid, grace or anonymous
	// TokenExpires is the expiry of the client's token, to the second; zero
	// where there is none, which leaves out the header and the claim.
	TokenExpires time.Time
}

// Request is the upstream request that an assertion is made for.
type Request struct {
	Method       string // as sent
	Target       string // path?query, byte for byte as sent
	WebSocketKey string // the Sec-WebSocket-Key as sent; "" for a plain HTTP request
}

// fault names the first field that must not be signed or believed, or "".
func (id *Identity) fault() string {
	switch {
	case !visible(id.UserID, maxID):
		return "sub"
	case !visible(id.ConnectionID, maxID):
		return "cid"
	case len(id.InstanceID) > maxInstanceID || !utf8.ValidString(id.InstanceID):
		return "iid"
	case id.Status != "valid" && id.Status != "grace" && id.Status != "anonymous":
		return "status"
	case !id.TokenExpires.IsZero() && !validUnix(id.TokenExpires.Unix()):
		return "uexp"
	}
	return ""
}

func (r *Request) fault() string {
	switch {
	case !visible(r.Method, maxMethod):
		return "method"
	case !strings.HasPrefix(r.Target, "/") && r.Target != "*":
		return "target"
	case r.WebSocketKey != "" && !visible(r.WebSocketKey, maxSocketKey):
		return "websocket key"
	}
	return ""
}

// visible reports whether s is 1 to limit visible ASCII characters, which also
// means that it cannot break out of a header line.
func visible(s string, limit int) bool {
	if s == "" || len(s) > limit {
		return false
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

func validUnix(seconds int64) bool { return seconds > 0 && seconds <= latest }
