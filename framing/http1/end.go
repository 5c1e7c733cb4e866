package http1

import (
	"bytes"
	"net/http"
)

// End returns the length in bytes of the request head at the start of b, its
// empty line included; 0 means that more bytes are needed. No more than max
// bytes of b are looked at.
//
// Errors are *Error: 431 where max bytes hold no whole head; 400 as soon as the
// bytes can never become a good head (another protocol, the HTTP/2 preface, a
// target that is no path, a bare LF), so that nobody waits for the rest of
// garbage. A positive n does not mean that the head is good: Parse says so.
func End(b []byte, max int) (n int, err error) {
	n, e := requestEnd(b, 0, max)
	if e != nil {
		return 0, e
	}
	return n, nil
}

// EndResponse is End for the head of a response; all its errors have status
// 502.
func EndResponse(b []byte, max int) (n int, err error) {
	const start = "HTTP/1."
	if m := min(len(b), len(start)); string(b[:m]) != start[:m] {
		return 0, &Error{http.StatusBadGateway, badStatus}
	}
	n, e := blockEnd(b, 0, max)
	if e != nil {
		return 0, &Error{http.StatusBadGateway, e.Reason}
	}
	return n, nil
}

// requestEnd is End for b whose first seen bytes were looked at before. What
// it finds does not depend on how the bytes were cut: the first line is judged
// before all that follows it, and nothing behind max is looked at.
func requestEnd(b []byte, seen, max int) (int, *Error) {
	b = b[:min(len(b), max)]
	first := bytes.IndexByte(b, '\n')
	switch {
	case first < 0:
		if err := lineStart(b); err != nil {
			return 0, err
		}
	case seen <= first:
		if err := lineStart(b[:first]); err != nil {
			return 0, err
		}
		if first == 0 || b[first-1] != '\r' {
			return 0, bad(badLineEnd)
		}
		if _, err := parseLine(b[:first-1]); err != nil {
			return 0, err
		}
	}
	return blockEnd(b, seen, max)
}

// blockEnd returns the length of the lines at the start of b up to and with
// the first empty one (RFC 9112 §2.1), of which the first seen bytes are known
// not to hold it; 0 where it is not there yet.
func blockEnd(b []byte, seen, max int) (int, *Error) {
	b = b[:min(len(b), max)]
	for i := seen; ; i++ {
		lf := bytes.IndexByte(b[i:], '\n')
		if lf < 0 {
			break
		}
		i += lf
		if i == 0 || b[i-1] != '\r' {
			return 0, bad(badLineEnd)
		}
		if i == 1 || b[i-2] == '\n' {
			return i + 1, nil
		}
	}
	if len(b) == max {
		return 0, &Error{http.StatusRequestHeaderFieldsTooLarge, tooLarge}
	}
	return 0, nil
}
