package http1

import (
	"crypto/sha1" //nolint:gosec // RFC 6455 asks for it; nothing secret depends on it
	"encoding/base64"
	"net/http"
)

// keyGUID is the constant of RFC 6455 §1.3.
const keyGUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

// CheckUpgrade holds a request to RFC 6455 §4.2.1, in its order; nil means
// that it is a valid WebSocket handshake. The status is 426 for another
// WebSocket version, which the answer then names in Sec-WebSocket-Version, and
// 400 for the rest.
func CheckUpgrade(h *Head) *Error {
	switch {
	case h.Method != http.MethodGet:
		return bad(badMethod)
	case h.Proto != "HTTP/1.1":
		return bad(badVersion)
	case !h.is("Upgrade", "websocket"), !h.ListHas("Connection", "upgrade"):
		return bad(badUpgrade)
	case h.Count("Sec-WebSocket-Key") != 1 || !goodKey(h.Get("Sec-WebSocket-Key")):
		return bad(badKey)
	case !h.is("Sec-WebSocket-Version", "13"):
		return &Error{http.StatusUpgradeRequired, badWSVersion}
	case h.length != 0:
		return bad(bodyOnTop)
	}
	return nil
}

// goodKey tells whether key is the base64 of 16 bytes.
func goodKey(key string) bool {
	var raw [18]byte // what 24 characters decode to at most
	if len(key) != 24 {
		return false
	}
	n, err := base64.StdEncoding.Decode(raw[:], []byte(key))
	return err == nil && n == 16
}

// Accept returns the Sec-WebSocket-Accept that answers key (RFC 6455 §4.2.2).
func Accept(key string) string {
	sum := sha1.Sum([]byte(key + keyGUID)) //nolint:gosec // as above
	return base64.StdEncoding.EncodeToString(sum[:])
}
