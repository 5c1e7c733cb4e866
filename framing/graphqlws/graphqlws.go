// Package graphqlws reads what clients of GraphQL over WebSocket send: those of
// npm graphql-ws (subprotocol graphql-transport-ws) and of the older
// subscriptions-transport-ws (subprotocol graphql-ws), which begin alike:
//
//	{"type":"connection_init","payload":{"authToken":"…"}}
//
//	p := graphqlws.New(graphqlws.Options{AllFrames: true})
//	f, err := p.First(op, msg) // f.Token is judged elsewhere, f.Out goes upstream
//
// It knows no operations and does not hold a client to the order of the
// protocol: that is the upstream's business.
package graphqlws

import "github.com/syncward/syncward/framing/payload"

// Options configures a Protocol.
type Options struct {
	// TokenField is where the token stands in the message's payload. Zero, and
	// /authToken: there and at /Authorization as well.
	TokenField payload.Pointer
	// Replace takes the place of a token that goes, as a JSON string, behind
	// the word Bearer where that stood there; empty: the member goes as a whole.
	Replace string
	// AllFrames: the connection_init of a later message is stripped too. Set it
	// only where frames are a source of tokens; it makes ReadsAll true.
	AllFrames bool
}

// Protocol is payload.Protocol for GraphQL over WebSocket. It holds no state of
// a connection and may be used by many at once.
type Protocol struct {
	options Options
	// want is what First and Later look for: type and opt-in, then where tokens
	// may stand.
	want []payload.Pointer
}

var _ payload.Protocol = (*Protocol)(nil)

// New gives a Protocol with these options.
func New(o Options) *Protocol {
	fields := []string{"/authToken", "/Authorization"}
	if custom := o.TokenField.String(); custom != "" && custom != fields[0] {
		fields = []string{custom}
	}
	p := &Protocol{options: o}
	for _, at := range []string{"/type", "/payload/authProtocol"} {
		p.want = append(p.want, payload.MustPointer(at))
	}
	for _, field := range fields {
		p.want = append(p.want, payload.MustPointer("/payload"+field))
	}
	return p
}

// Query finds nothing and changes nothing; the error is always nil.
func (p *Protocol) Query(raw string) (payload.URLFound, error) {
	return payload.URLFound{Query: raw}, nil
}

// InstanceInURL is false: no instance is known.
func (p *Protocol) InstanceInURL() bool { return false }

// ReadsAll tells whether later messages are read for their tokens.
func (p *Protocol) ReadsAll() bool { return p.options.AllFrames }
