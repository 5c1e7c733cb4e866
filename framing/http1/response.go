package http1

import (
	"bytes"
	"net/http"
	"strings"
)

// ResponseHead is the head of an upstream's answer to an upgrade request.
type ResponseHead struct {
	Proto  string // "HTTP/1.1" or "HTTP/1.0"
	Status int
	Phrase string // the words behind the status, as they came
	Fields        // of a 101 only
	Raw    []byte // the head's bytes as they came, for passing it on whole
}

// ParseResponse reads the response head b, of exactly the bytes that
// EndResponse counted; Raw shares its memory. Of a status other than 101 only
// the status line is read: such an answer belongs to net/http, which knows
// about bodies. (100 to 199 without 101 is an interim answer: another head
// follows.) A 101 is read strictly, since its bytes will be believed by the
// client. Errors are *Error with status 502.
func ParseResponse(b []byte) (*ResponseHead, error) {
	lf := bytes.IndexByte(b, '\n')
	if lf < 1 || b[lf-1] != '\r' {
		return nil, &Error{http.StatusBadGateway, badLineEnd}
	}
	s := string(b)
	r, ok := parseStatus(s[:lf-1])
	if !ok {
		return nil, &Error{http.StatusBadGateway, badStatus}
	}
	r.Raw = b
	if r.Status != http.StatusSwitchingProtocols {
		return r, nil
	}
	fs, err := parseFields(b[lf+1:], s[lf+1:], token)
	if err != nil {
		return nil, &Error{http.StatusBadGateway, err.Reason}
	}
	r.Fields = fs
	return r, nil
}

// parseStatus reads a status line (RFC 9112 §4). The space before an absent
// phrase may be missing, as some servers have it.
func parseStatus(s string) (*ResponseHead, bool) {
	proto, rest, _ := strings.Cut(s, " ")
	if proto != "HTTP/1.1" && proto != "HTTP/1.0" {
		return nil, false
	}
	code, phrase, _ := strings.Cut(rest, " ")
	if len(code) != 3 || code[0] < '1' || code[0] > '9' {
		return nil, false
	}
	status := 0
	for i := range len(code) {
		if code[i] < '0' || code[i] > '9' {
			return nil, false
		}
		status = 10*status + int(code[i]-'0')
	}
	for i := range len(phrase) {
		if c := phrase[i]; c < ' ' && c != '\t' || c == 0x7f {
			return nil, false
		}
	}
	return &ResponseHead{Proto: proto, Status: status, Phrase: phrase}, true
}

// CheckUpgrade tells whether the answer accepts the WebSocket handshake that
// was sent with key (RFC 6455 §4.1); nil means that a tunnel may open. A
// status other than 101 never does, whatever its fields say. Content-Length
// and Transfer-Encoding mean nothing on a 101 (RFC 9110 §8.6) and are ignored.
func (r *ResponseHead) CheckUpgrade(key string) *Error {
	switch {
	case r.Status != http.StatusSwitchingProtocols, r.Proto != "HTTP/1.1":
		return &Error{http.StatusBadGateway, badStatus}
	case !r.is("Upgrade", "websocket"), !r.ListHas("Connection", "upgrade"):
		return &Error{http.StatusBadGateway, badUpgrade}
	case r.Count("Sec-WebSocket-Accept") != 1, r.Get("Sec-WebSocket-Accept") != Accept(key):
		return &Error{http.StatusBadGateway, badAccept}
	}
	return nil
}
