package http1

import (
	"bytes"
	"strconv"
	"strings"
)

// Head is a request head that passed Parse. Its strings share one copy of the
// bytes.
type Head struct {
	Method string
	// Target is the request target as it came: Path, and where there is a
	// query "?" and RawQuery.
	Target, Path, RawQuery string
	Proto                  string // "HTTP/1.1" or "HTTP/1.0"
	Fields

	length  int64  // of the body; -1: chunked
	held    bool   // a Guard lets nothing through behind it
	refusal *Error // a Guard's word that stands in the place of a bad head
}

// chunked is the length of a body that says itself where it ends.
const chunked = -1

// Parse reads the request head b, of exactly the bytes that End counted. It
// keeps nothing of b. Errors are *Error with status 400 and the first thing
// wrong; the rules are RFC 9112's, without all that it merely tolerates.
func Parse(b []byte) (*Head, error) {
	h, err := parse(b)
	if err != nil {
		return nil, err
	}
	return h, nil
}

func parse(b []byte) (*Head, *Error) {
	lf := bytes.IndexByte(b, '\n')
	if lf < 1 || b[lf-1] != '\r' {
		return nil, bad(badLineEnd)
	}
	at, err := parseLine(b[:lf-1])
	if err != nil {
		return nil, err
	}
	s := string(b)
	h := &Head{
		Method: s[:at.method],
		Target: s[at.method+1 : at.target],
		Path:   s[at.method+1 : at.path],
		Proto:  s[at.target+1 : at.target+1+versionLen],
	}
	if at.path < at.target {
		h.RawQuery = s[at.path+1 : at.target]
	}
	if h.Fields, err = parseFields(b[lf+1:], s[lf+1:], plainName); err != nil {
		return nil, err
	}
	if err := h.checkHost(); err != nil {
		return nil, err
	}
	if h.length, err = h.bodyLength(); err != nil {
		return nil, err
	}
	return h, nil
}

// checkHost holds the Host field to RFC 9112 §3.2: one, not empty, and nothing
// in it that a host and port cannot hold. HTTP/1.0 may leave it out.
func (h *Head) checkHost() *Error {
	n := h.Count("Host")
	if n == 0 && h.Proto == "HTTP/1.0" {
		return nil
	}
	v := h.Get("Host")
	if n != 1 || v == "" {
		return bad(badHost)
	}
	for i := range len(v) {
		if c := v[i]; !alnum(c) && strings.IndexByte("-._~:[]%", c) < 0 {
			return bad(badHost)
		}
	}
	return nil
}

// bodyLength decides how the body is framed (RFC 9112 §6), where every doubt
// is a refusal.
func (h *Head) bodyLength() (int64, *Error) {
	for _, f := range h.Fields {
		// CGI and its heirs read Content_Length as Content-Length.
		if n := strings.ReplaceAll(f.Name, "_", "-"); n != f.Name &&
			(fold(n, "Content-Length") || fold(n, "Transfer-Encoding")) {
			return 0, bad(badName)
		}
	}
	lengths, codings := h.Count("Content-Length"), h.Count("Transfer-Encoding")
	switch {
	case lengths > 0 && codings > 0:
		return 0, bad(badTwoFrames)
	case codings > 0:
		if codings != 1 || h.Get("Transfer-Encoding") != "chunked" || h.Proto == "HTTP/1.0" {
			return 0, bad(badCoding)
		}
		return chunked, nil
	case lengths == 0:
		return 0, nil
	}
	v := h.Get("Content-Length")
	for i := range len(v) {
		if v[i] < '0' || v[i] > '9' {
			return 0, bad(badLength) // ParseInt would take a sign
		}
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || lengths != 1 {
		return 0, bad(badLength)
	}
	return n, nil
}
