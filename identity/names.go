package identity

import "strings"

// DefaultPrefix begins the name of every identity header.
const DefaultPrefix = "X-Sync-"

// maxNameLength bounds a configured header name or prefix, in bytes.
const maxNameLength = 64

// Names spells the identity headers. The zero value is the default spelling.
type Names struct {
	// Prefix begins every name; "" is DefaultPrefix.
	Prefix string
	// UserID is the whole name of the user-id header, for an upstream that
	// knows another one; "" is Prefix + "User-Id".
	UserID string
}

// UserIDHeader names the header that holds the userId.
func (n Names) UserIDHeader() string {
	if n.UserID != "" {
		return n.UserID
	}
	return n.prefix() + "User-Id"
}

// ConnectionIDHeader names the header that holds the connection's UUID.
func (n Names) ConnectionIDHeader() string { return n.prefix() + "Connection-Id" }

// AuthStatusHeader names the header that holds valid, grace or anonymous.
func (n Names) AuthStatusHeader() string { return n.prefix() + "Auth-Status" }

// TokenExpiresHeader names the header that holds the client token's expiry in
// Unix seconds.
func (n Names) TokenExpiresHeader() string { return n.prefix() + "Token-Expires" }

// AssertionHeader names the header that holds the signed assertion.
func (n Names) AssertionHeader() string { return n.prefix() + "Assertion" }

// Reserved reports whether a client's header of this name must never reach the
// upstream: lower-cased and with "_" read as "-", it begins with the prefix or
// is the user-id header. The fold matters because CGI-like upstreams cannot
// tell X_Sync_User_Id from X-Sync-User-Id.
func (n Names) Reserved(name string) bool {
	prefix := n.prefix()
	if len(name) >= len(prefix) && sameName(name[:len(prefix)], prefix) {
		return true
	}
	return n.UserID != "" && sameName(name, n.UserID)
}

// Validate returns an ErrNames where the names cannot be used: a character
// outside [A-Za-z0-9_-], over 64 bytes, two headers of one name, or a choice
// that would reserve a header which the relay itself needs.
func (n Names) Validate() error {
	if !plainName(n.prefix()) {
		return ErrNames.about("prefix")
	}
	if !plainName(n.UserIDHeader()) {
		return ErrNames.about("user-id header")
	}
	for _, other := range []string{
		n.ConnectionIDHeader(), n.AuthStatusHeader(), n.TokenExpiresHeader(), n.AssertionHeader(),
	} {
		if sameName(n.UserIDHeader(), other) {
			return ErrNames.about("user-id header is another identity header")
		}
	}
	for _, needed := range neededHeaders() {
		if n.Reserved(needed) {
			return ErrNames.about("reserves " + needed)
		}
	}
	return nil
}

func (n Names) prefix() string {
	if n.Prefix != "" {
		return n.Prefix
	}
	return DefaultPrefix
}

// neededHeaders lists what a proxied request cannot do without.
func neededHeaders() []string {
	return []string{
		"Host", "Connection", "Upgrade", "Sec-WebSocket-Key", "Sec-WebSocket-Version",
		"Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions", "Content-Length", "Content-Type",
		"Content-Encoding", "Transfer-Encoding", "TE", "Trailer", "Expect", "Origin", "Cookie",
		"Authorization", "Accept", "Accept-Encoding", "User-Agent", "Forwarded",
		"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP",
	}
}

func plainName(s string) bool {
	if s == "" || len(s) > maxNameLength {
		return false
	}
	return strings.IndexFunc(s, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && r != '_' && r != '-'
	}) < 0
}

// sameName compares two header names as the least careful reader would.
func sameName(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if foldByte(a[i]) != foldByte(b[i]) {
			return false
		}
	}
	return true
}

func foldByte(c byte) byte {
	switch {
	case c == '_':
		return '-'
	case 'A' <= c && c <= 'Z':
		return c + ('a' - 'A')
	}
	return c
}
