// Package livestore reads what LiveStore's clients (0.4 and 0.3.1, of
// @livestore/sync-cf) send: the payload in the upgrade request's query, the
// frames, and the bodies of the HTTP transport.
//
//	p := livestore.New(livestore.Options{})
//	u, err := p.Query(r.URL.RawQuery)              // u.Token, u.Instance, u.Query goes upstream
//	f, err := p.Later(op, msg, payload.Bound{Instance: u.Instance})
//	push, err := p.Pushed(op, msg); news := p.Told(op, answer)
//
// It holds every frame to the store of the URL and knows a closed list of
// messages. It keeps no account of request ids: which push an answer is for is
// the caller's to know. It does not judge what events say.
package livestore

import "github.com/syncward/syncward/framing/payload"

// Options configures a Protocol; the zero value is the safe default.
type Options struct {
	// TokenField is where the token stands in the sync payload, in the URL and
	// in the frames alike; zero: /authToken.
	TokenField payload.Pointer
	// Replace takes the place of a token that goes, as a JSON string; empty:
	// the token's member goes as a whole.
	Replace string
	// AllowAdmin relays WSMessage.Admin* (0.3.1), which anyone who knows the
	// upstream's admin secret can use to read or empty a store.
	AllowAdmin bool
}

// Protocol is payload.Protocol for LiveStore. It holds no state of a
// connection and may be used by many at once.
type Protocol struct {
	options Options
	// inPayload is the token's place in a sync payload, inFrame in a Request.
	inPayload, inFrame payload.Pointer
}

var _ payload.Protocol = (*Protocol)(nil)

// New gives a Protocol with these options.
func New(o Options) *Protocol {
	field := o.TokenField.String()
	if field == "" {
		field = "/authToken"
	}
	return &Protocol{
		options:   o,
		inPayload: payload.MustPointer(field),
		inFrame:   payload.MustPointer("/payload/payload" + field),
	}
}

// InstanceInURL is true: the URL's storeId picks the store.
func (p *Protocol) InstanceInURL() bool { return true }

// InstanceHeader names the header field in which a request of the HTTP
// transport repeats its storeId.
func (p *Protocol) InstanceHeader() string { return "X-Livestore-Store-Id" }

// ReadsAll is true: each frame names its store and carries the token again.
func (p *Protocol) ReadsAll() bool { return true }
