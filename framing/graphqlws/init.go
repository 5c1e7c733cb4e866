package graphqlws

import (
	"bytes"
	"slices"
	"strings"

	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/framing/payload"
)

// maxFields is how many Pointers a Protocol has: root, type, opt-in, and up to
// two places of tokens.
const maxFields = 5

var (
	initType      = []byte("connection_init")
	unicodeEscape = []byte(`\u`)
)

// message is a message, and where its parts are.
type message struct {
	msg               []byte
	root, kind, optIn payload.Value
	tokens            []payload.Value
	at                [maxFields]payload.Value
}

// read reads msg strictly. The error is ErrBadFrame.
func (p *Protocol) read(msg []byte, m *message) error {
	at := m.at[:len(p.want)]
	if err := payload.Scan(msg, p.want, at); err != nil {
		return err
	}
	m.msg, m.root, m.kind, m.optIn, m.tokens = msg, at[0], at[1], at[2], at[3:]
	return nil
}

// First reads the first message, text or binary. A ping or pong may come at any
// time and is payload.Ahead. One of any other type but connection_init carries
// no token. The error is ErrBadFrame for what is no strict JSON object with a
// type, for a token that is neither string nor null, and for two tokens that
// differ. The payload's "authProtocol":1 opts in.
func (p *Protocol) First(_ framing.Opcode, msg []byte) (payload.Found, error) {
	var m message
	if err := p.read(msg, &m); err != nil {
		return payload.Found{}, err
	}
	switch {
	case m.root.Kind != '{' || m.kind.Kind != '"':
		return payload.Found{}, payload.ErrBadFrame
	case m.kind.Is(msg, "ping"), m.kind.Is(msg, "pong"):
		return payload.Found{Kind: payload.Ahead}, nil
	case !m.kind.Is(msg, string(initType)):
		return payload.Found{}, nil
	}
	for _, token := range m.tokens {
		if token.Kind != 0 && token.Kind != '"' && token.Kind != 'n' {
			return payload.Found{}, payload.ErrBadFrame
		}
	}
	optIn := m.optIn.Kind == '0' && string(msg[m.optIn.Start:m.optIn.End]) == "1"
	f, err := p.strip(&m, optIn)
	f.OptIn = optIn
	return f, err
}

// Later reads a later message. Only a connection_init is of interest, and its
// token fields go whatever they hold; what cannot be one passes unread, and what
// is no strict JSON object passes as it is. The error is ErrBadFrame for two
// tokens that differ.
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
	if p.read(msg, &m) != nil || m.root.Kind != '{' || !m.kind.Is(msg, string(initType)) {
		return payload.Found{}, nil
	}
	return p.strip(&m, false)
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
