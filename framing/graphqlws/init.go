package graphqlws

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/framing/payload"
)

// maxFields is how many Pointers a Protocol has: type, opt-in, and up to two
// places of tokens.
const maxFields = 4

var (
	initType      = []byte("connection_init")
	unicodeEscape = []byte(`\u`)
)

// message is a message, and where its parts are.
type message struct {
	msg         []byte
	kind, optIn payload.Value
	tokens      []payload.Value
	at          [maxFields]payload.Value
}

// read reads msg strictly. The error is ErrBadFrame.
func (p *Protocol) read(msg []byte, m *message) error {
	at := m.at[:len(p.want)]
	if err := payload.Scan(msg, p.want, at); err != nil {
		return err
	}
	m.msg, m.kind, m.optIn, m.tokens = msg, at[0], at[1], at[2:]
	return nil
}

// First reads the first message, text or binary. A ping or pong may come at any
// time and is payload.Ahead. One of any other type but connection_init carries
// no token. The error is ErrBadFrame for what is no strict JSON object with a
// type, for a token that is neither string nor null, and for two tokens that
// differ; Found.Out is then without what stood in a token's place, if the
// message could be read. The payload's "authProtocol":1 opts in.
func (p *Protocol) First(_ framing.Opcode, msg []byte) (payload.Found, error) {
	var m message
	if err := p.read(msg, &m); err != nil {
		return payload.Found{}, err
	}
	switch {
	case m.kind.Kind != '"':
		return p.refused(&m)
	case m.kind.Is(msg, "ping"), m.kind.Is(msg, "pong"):
		return payload.Found{Kind: payload.Ahead}, nil
	case !m.kind.Is(msg, string(initType)):
		return payload.Found{}, nil
	}
	for _, token := range m.tokens {
		if token.Kind != 0 && token.Kind != '"' && token.Kind != 'n' {
			return p.refused(&m)
		}
	}
	optIn := m.optIn.Kind == '0' && string(msg[m.optIn.Start:m.optIn.End]) == "1"
	f, err := p.strip(&m, optIn)
	f.OptIn = optIn
	return f, err
}

// refused is what First finds in a message that can be read and is refused.
func (p *Protocol) refused(m *message) (payload.Found, error) {
	f, _ := p.strip(m, false)
	return payload.Found{Out: f.Out}, payload.ErrBadFrame
}

// Later reads a later message. Only a connection_init is of interest, and its
// token fields go whatever they hold; what cannot be one passes unread. The
// error is ErrBadFrame for two tokens that differ, and for what is no strict
// JSON and could be a connection_init to a more lenient reader: servers of the
// older protocol take one at any time.
func (p *Protocol) Later(_ framing.Opcode, msg []byte, b payload.Bound) (payload.Found, error) {
	if b.OptedIn {
		if f, ok := payload.AuthMessage(msg); ok {
			return f, nil
		}
	}
	if !p.options.AllFrames || !bytes.Contains(msg, initType) && !bytes.Contains(msg, unicodeEscape) {
		return payload.Found{}, nil
	}
	var m message
	if p.read(msg, &m) != nil {
		if namesInit(msg) {
			return payload.Found{}, payload.ErrBadFrame
		}
		return payload.Found{}, nil
	}
	if !m.kind.Is(msg, string(initType)) {
		return payload.Found{}, nil
	}
	return p.strip(&m, false)
}

// namesInit tells whether the word connection_init stands anywhere in msg,
// whichever of its letters are escapes (RFC 8259 §7).
func namesInit(msg []byte) bool {
	for from := range msg {
		if beginsWithInit(msg[from:]) {
			return true
		}
	}
	return false
}

func beginsWithInit(msg []byte) bool {
	for _, c := range initType {
		switch {
		case len(msg) > 0 && msg[0] == c:
			msg = msg[1:]
		case isEscape(msg, c):
			msg = msg[6:]
		default:
			return false
		}
	}
	return true
}

// isEscape tells whether msg begins with c, written as \u and four digits.
func isEscape(msg []byte, c byte) bool {
	if len(msg) < 6 || !bytes.HasPrefix(msg, unicodeEscape) {
		return false
	}
	unit, err := strconv.ParseUint(string(msg[2:6]), 16, 16)
	return err == nil && unit == uint64(c)
}

// strip takes the tokens out, and the opt-in where optIn says so, and reports
// the token. The last value goes first, so that the offsets of the others hold.
func (p *Protocol) strip(m *message, optIn bool) (payload.Found, error) {
	var f payload.Found
	var err error
	type cut struct {
		at   payload.Value
		with string
	}
	var cuts []cut
	if optIn {
		cuts = append(cuts, cut{at: m.optIn})
	}
	for _, at := range m.tokens {
		if at.Kind == 0 {
			continue
		}
		scheme, token := bearer(at.Text(m.msg))
		if f.Token != "" && token != "" && token != f.Token {
			err = payload.ErrBadFrame
		}
		if token != "" {
			f.Token, f.HasToken = token, true
		}
		c := cut{at: at}
		if p.options.Replace != "" {
			c.with = scheme + p.options.Replace
		}
		cuts = append(cuts, c)
	}
	slices.SortFunc(cuts, func(a, b cut) int { return b.at.Start - a.at.Start })
	out := m.msg
	for _, c := range cuts {
		out = c.at.Splice(nil, out, c.with)
		f.Out = out
	}
	return f, err
}

// bearer takes a field's text apart: the word Bearer with its spaces, where it
// stands there in whatever case (RFC 6750 §2.1), and the token.
func bearer(text string) (scheme, token string) {
	const word = "Bearer "
	if len(text) < len(word) || !strings.EqualFold(text[:len(word)], word) {
		return "", text
	}
	token = strings.TrimLeft(text[len(word):], " ")
	return text[:len(text)-len(token)], token
}
