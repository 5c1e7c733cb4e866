package http1

import (
	"bytes"
	"strings"
)

// maxMethod bounds a method, so that a stream of letters is not taken for one.
const maxMethod = 32

// refuseMethod is the method of the request by which a Guard tells its server
// about a refusal. parseLine lets no client send it.
const refuseMethod = "SYNCWARD-REFUSE"

// versionLen is the length of "HTTP/1.1".
const versionLen = 8

// line holds the offsets of a request line's parts:
//
//	GET /sync?store=a HTTP/1.1
//	   ^method       ^target
//	         ^path (= target where there is no query)
type line struct{ method, path, target int }

// lineStart judges the part of a request line that has come so far, by its
// method and the first byte of its target only: all of it is parseLine's.
func lineStart(b []byte) *Error {
	for i, c := range b {
		switch {
		case c == ' ' && i > 0:
			return targetStart(b[:i], b[i+1:])
		case !token(c) || i == maxMethod:
			return bad(badMethod)
		}
	}
	return nil
}

// targetStart refuses every target that is not in origin form (RFC 9112
// §3.2.1): a proxy's absolute form, CONNECT's authority form and the asterisk
// of OPTIONS and of the HTTP/2 preface have nothing to reach here.
func targetStart(method, target []byte) *Error {
	if m := string(method); m == "CONNECT" || m == refuseMethod {
		return bad(badMethod)
	}
	if len(target) > 0 && target[0] != '/' {
		return bad(badTarget)
	}
	return nil
}

// parseLine reads a request line without its CRLF (RFC 9112 §3): exactly one
// space between its three parts.
func parseLine(b []byte) (line, *Error) {
	if err := lineStart(b); err != nil {
		return line{}, err
	}
	method := bytes.IndexByte(b, ' ')
	target := bytes.LastIndexByte(b, ' ')
	if method < 0 || target == method {
		return line{}, bad(badLine)
	}
	if v := string(b[target+1:]); v != "HTTP/1.1" && v != "HTTP/1.0" {
		return line{}, bad(badVersion)
	}
	t := b[method+1 : target]
	if len(t) == 0 {
		return line{}, bad(badTarget)
	}
	for _, c := range t {
		if c <= ' ' || c >= 0x7f || c == '#' {
			return line{}, bad(badTarget)
		}
	}
	path := target
	if q := bytes.IndexByte(t, '?'); q >= 0 {
		path = method + 1 + q
	}
	if !goodPath(b[method+1 : path]) {
		return line{}, bad(badPath)
	}
	return line{method: method, path: path, target: target}, nil
}

// token tells whether c may stand in a method (RFC 9110 §5.6.2).
func token(c byte) bool {
	return alnum(c) || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}

func alnum(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}
