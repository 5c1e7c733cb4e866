package hocuspocus

import (
	"encoding/binary"
	"strings"
	"unicode/utf8"

	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/framing/payload"
)

// The wire format, in the encoding of npm lib0. A varUint holds 7 bits a byte,
// the lowest first, bit 7 says that more follow; a varString is its length in
// bytes as a varUint, then UTF-8.
//
//	varString address     the document's name; of provider 4 where it tells
//	                      sessions apart, the name, NUL, and the session
//	varUint   type        0 sync, 1 awareness, 2 auth, 3 query awareness,
//	                      4 sync reply, 5 stateless, 7 close
//	auth, from a client:
//	varUint   0           1 denied and 2 authenticated come from the server alone
//	varString token
//	varString version     of provider 4; the others end with the token
//
// One message has no address: provider 4 answers a server's ping, the one byte
// 9, with the one byte 10.
const (
	typeAuth  = 2
	authToken = 0
	// authDenied is how a server refuses: a reason follows, a varString.
	authDenied = 1

	pong = "\x0a"
)

// maxUint is the greatest number that lib0 reads, 2^53-1.
const maxUint = 1<<53 - 1

// First reads the first message: payload.Opening where it is an auth message,
// else payload.Within and no token. The error is ErrBadFrame, as Later's.
func (p *Protocol) First(op framing.Opcode, msg []byte) (payload.Found, error) {
	return p.Later(op, msg, payload.Bound{})
}

// Later reads one message, text or binary alike, since servers do not tell them
// apart: payload.Opening is an auth message, whose token goes; payload.Within
// any other for a document; payload.Application the answer to a server's ping.
//
// The error is ErrBadFrame for a message that ends too early, for an auth
// message of a kind that no client sends or with more in it than clients send
// (another message, with a token of its own), for text that is no UTF-8 or begins
// with a BOM (decoders differ in whether they keep it), and for a number that is
// written longer than it need be.
func (p *Protocol) Later(op framing.Opcode, msg []byte, b payload.Bound) (payload.Found, error) {
	if b.OptedIn && op == framing.Text {
		if f, ok := payload.AuthMessage(msg); ok {
			return f, nil
		}
	}
	if string(msg) == pong {
		return payload.Found{}, nil
	}
	address, rest, ok := readString(msg)
	if !ok {
		return payload.Found{}, payload.ErrBadFrame
	}
	kind, rest, ok := readUint(rest)
	if !ok {
		return payload.Found{}, payload.ErrBadFrame
	}
	f := payload.Found{Kind: payload.Within, Address: address}
	f.Instance, _, _ = strings.Cut(address, "\x00")
	if kind != typeAuth {
		return f, nil
	}
	f.Kind = payload.Opening
	sub, rest, ok := readUint(rest)
	if !ok || sub != authToken {
		return payload.Found{}, payload.ErrBadFrame
	}
	head := msg[:len(msg)-len(rest)]
	f.Token, rest, ok = readString(rest)
	if !ok {
		return payload.Found{}, payload.ErrBadFrame
	}
	if _, more, ok := readString(rest); len(rest) > 0 && (!ok || len(more) > 0) {
		return payload.Found{}, payload.ErrBadFrame
	}
	f.HasToken = f.Token != ""
	if f.Token != p.options.Replace {
		out := make([]byte, 0, len(head)+binary.MaxVarintLen64+len(p.options.Replace)+len(rest))
		f.Out = append(appendString(append(out, head...), p.options.Replace), rest...)
	}
	return f, nil
}

// readUint reads a varUint in its shortest form.
func readUint(b []byte) (v uint64, rest []byte, ok bool) {
	v, n := binary.Uvarint(b)
	if n <= 0 || v > maxUint || n > 1 && b[n-1] == 0 {
		return 0, nil, false
	}
	return v, b[n:], true
}

// readString reads a varString.
func readString(b []byte) (s string, rest []byte, ok bool) {
	n, b, ok := readUint(b)
	if !ok || n > uint64(len(b)) || !utf8.Valid(b[:n]) {
		return "", nil, false
	}
	s = string(b[:n])
	return s, b[n:], !strings.HasPrefix(s, "\ufeff")
}
