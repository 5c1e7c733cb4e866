package wire

import (
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"strings"
)

// Key is the Sec-WebSocket-Key that every client of the benchmark sends; a
// fresh one for each connection would only cost.
const Key = "c3luY3dhcmQtYmVuY2gtaw=="

// Accept returns the Sec-WebSocket-Accept for a key (RFC 6455 §4.2.2).
func Accept(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// Request returns a client's upgrade request. bearer, where set, goes into the
// Authorization header.
func Request(host, path, bearer string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n", path, host)
	fmt.Fprintf(&b, "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\nUser-Agent: syncward-bench\r\n", Key)
	if bearer != "" {
		fmt.Fprintf(&b, "Authorization: Bearer %s\r\n", bearer)
	}
	b.WriteString("\r\n")
	return []byte(b.String())
}

// Response returns the answer to an upgrade request with that key.
func Response(key string) []byte {
	return fmt.Appendf(nil, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
		Accept(key))
}

// Field returns the value of the first header field of that name in a head, and
// its request target's path for the name ":path"; empty where there is none.
func Field(head, name string) string {
	first, rest, _ := strings.Cut(head, "\r\n")
	if name == ":path" {
		words := strings.Fields(first)
		if len(words) < 2 {
			return ""
		}
		path, _, _ := strings.Cut(words[1], "?")
		return path
	}
	for line := range strings.SplitSeq(rest, "\r\n") {
		if n, v, ok := strings.Cut(line, ":"); ok && strings.EqualFold(n, name) {
			return strings.TrimSpace(v)
		}
	}
	return ""
}
