package http1

import (
	"bytes"
	"strconv"
)

// chunkSize takes a chunk-size line (RFC 9112 §7.1): hexadecimal digits and
// nothing else but extensions, which are checked and dropped (§7.1.1 lets a
// recipient ignore them). The line goes on written anew, but for the last
// chunk's, which goes with the trailer section.
func (s *stream) chunkSize() (piece, error) {
	b := s.in[:min(len(s.in), maxSizeLine)]
	lf := bytes.IndexByte(b, '\n')
	if lf < 0 {
		if len(b) == maxSizeLine {
			return piece{}, bad(badChunk)
		}
		return piece{}, nil
	}
	n, ok := parseSize(b[:lf])
	if !ok {
		return piece{}, bad(badChunk)
	}
	s.take(lf + 1)
	if n == 0 {
		s.state = atTrailer
		return piece{}, nil
	}
	s.state, s.left = inData, n
	out := strconv.AppendInt(s.size[:0], n, 16)
	return piece{out: append(out, "\r\n"...)}, nil
}

// parseSize reads a chunk-size line without its LF.
func parseSize(b []byte) (int64, bool) {
	b, ok := bytes.CutSuffix(b, []byte{'\r'})
	if !ok {
		return 0, false
	}
	var n int64
	i := 0
	for ; i < len(b) && unhex(b[i]) >= 0; i++ {
		if i == 15 { // 60 bits: more does not fit
			return 0, false
		}
		n = n<<4 | int64(unhex(b[i]))
	}
	if i == 0 || i < len(b) && b[i] != ';' {
		return 0, false
	}
	for _, c := range b[i:] {
		if c < ' ' && c != '\t' || c >= 0x7f {
			return 0, false
		}
	}
	return n, true
}

// dataEnd takes the CRLF behind a chunk's data.
func (s *stream) dataEnd() (piece, error) {
	if len(s.in) < 2 {
		return piece{}, nil
	}
	if s.in[0] != '\r' || s.in[1] != '\n' {
		return piece{}, bad(badChunk)
	}
	s.state = atSize
	return piece{out: s.take(2)}, nil
}

// trailer takes the trailer section (RFC 9112 §7.1.2), holds it to the rules
// of a head, and puts an empty one in its place: a trailer could carry a field
// that was removed from the head.
func (s *stream) trailer() (piece, error) {
	n, err := blockEnd(s.in, s.seen, s.maxHead)
	s.seen = len(s.in)
	if err != nil {
		return piece{}, bad(badTrailer)
	}
	if n == 0 {
		return piece{}, nil
	}
	if _, err := parseFields(s.in[:n], string(s.in[:n]), plainName); err != nil {
		return piece{}, bad(badTrailer)
	}
	s.take(n)
	s.state = atHead
	return piece{out: append(s.size[:0], "0\r\n\r\n"...)}, nil
}
