package http1

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strconv"
)

// stream walks what a client sends on one connection: heads and bodies, one
// piece at a time. It has no socket, so that tests can cut its input anywhere.
//
//	head ──no body──────────────────────────────► head
//	  ├─Content-Length─► body ──────────────────► head
//	  ├─chunked─► size ─► data ─► dataEnd ─► size
//	  │             └─0─► trailer ──────────────► head
//	  ├─upgrade─► held      nothing more goes on
//	  └─refused─► ended     nothing more is read
type stream struct {
	maxHead int
	in      []byte // has come, is not walked yet
	seen    int    // of in: searched for the end of a head or trailer already
	state   state
	left    int64    // state body, data: bytes to come
	size    [20]byte // a chunk-size line, written anew
	err     error    // what ended the stream, for good
}

type state int

const (
	atHead state = iota
	inBody
	atSize
	inData
	atDataEnd
	atTrailer
	held
	ended
)

// maxSizeLine bounds a chunk-size line with its extensions and CRLF, in bytes.
const maxSizeLine = 256

// piece is what goes on in one go. It shares memory with the stream and is
// valid until more input comes.
type piece struct {
	out  []byte
	head *Head // where out is a whole head
}

// next takes the next piece out of the input; an empty one means that more
// input is needed. Errors: io.EOF behind a refused head; *Error for a body that
// breaks its framing.
func (s *stream) next() (piece, error) {
	for s.err == nil {
		was := s.state
		p, err := s.step()
		if err != nil {
			s.err = err
		} else if len(p.out) > 0 || s.state == was {
			return p, nil
		}
	}
	return piece{}, s.err
}

// step does one step of the state machine. A step with neither a piece nor a
// new state needs more input.
func (s *stream) step() (piece, error) {
	switch s.state {
	case atHead:
		return s.head(), nil
	case inBody, inData:
		return s.data(), nil
	case atSize:
		return s.chunkSize()
	case atDataEnd:
		return s.dataEnd()
	case atTrailer:
		return s.trailer()
	case held:
		if len(s.in) >= s.maxHead {
			return piece{}, &Error{http.StatusRequestHeaderFieldsTooLarge, tooLarge}
		}
		return piece{}, nil
	}
	return piece{}, io.EOF
}

// head takes a whole head, or the refusal that stands for a bad one.
func (s *stream) head() piece {
	if len(s.in) == 0 {
		return piece{}
	}
	n, err := requestEnd(s.in, s.seen, s.maxHead)
	s.seen = len(s.in)
	if err != nil {
		return s.refuse(err)
	}
	if n == 0 {
		return piece{}
	}
	h, err := parse(s.in[:n])
	if err == nil && h.WantsUpgrade() {
		err = CheckUpgrade(h)
	}
	if err != nil {
		return s.refuse(err)
	}
	raw := s.take(n)
	switch {
	case h.WantsUpgrade():
		s.state, h.held = held, true
		raw = appendClose(raw)
	case h.Chunked():
		s.state = atSize
		raw = dropTrailerField(h, raw)
	case h.length > 0:
		s.state, s.left = inBody, h.length
	}
	return piece{raw, h}
}

// refuse puts a request that no client can send in the place of the offending
// one, so that the refusal is answered in its turn, and reads nothing behind it.
func (s *stream) refuse(err *Error) piece {
	s.state, s.in = ended, nil
	out := refuseMethod + " /" + strconv.Itoa(err.Status) + "/" + string(err.Reason) +
		" HTTP/1.1\r\nHost: invalid\r\nConnection: close\r\n\r\n"
	return piece{[]byte(out), &Head{refusal: err}}
}

// data takes what has come of a body or a chunk.
func (s *stream) data() piece {
	out := s.take(int(min(s.left, int64(len(s.in)))))
	s.left -= int64(len(out))
	switch {
	case s.left > 0:
	case s.state == inBody:
		s.state = atHead
	default:
		s.state = atDataEnd
	}
	return piece{out: out}
}

// take removes n bytes from the input and returns them.
func (s *stream) take(n int) []byte {
	out := s.in[:n:n]
	s.in, s.seen = s.in[n:], 0
	return out
}

// appendClose adds "Connection: close" to a head, in memory of its own: after
// a refused upgrade the server must not wait for another request.
func appendClose(raw []byte) []byte {
	end := len(raw) - len("\r\n")
	return append(slices.Clip(raw[:end]), "Connection: close\r\n\r\n"...)
}

// dropTrailerField removes the announcement of trailers that will be dropped
// (RFC 9110 §6.6.2).
func dropTrailerField(h *Head, raw []byte) []byte {
	if h.Count("Trailer") == 0 {
		return raw
	}
	var out []byte
	for l := range bytes.Lines(raw) {
		if name, _, _ := bytes.Cut(l, []byte{':'}); !fold(string(name), "Trailer") {
			out = append(out, l...)
		}
	}
	return out
}
