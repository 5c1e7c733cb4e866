// Package hocuspocus reads what clients of Hocuspocus send (@hocuspocus/provider
// 2, 3 and 4): binary messages, each for one of the documents that are open on
// the connection, each document opened by an auth message of its own.
//
//	p := hocuspocus.New(hocuspocus.Options{})
//	f, err := p.First(op, msg) // f.Kind payload.Opening: f.Token is for f.Instance
//	op, msg := p.Denial(f.Address, "FORBIDDEN")
//
// It does not look into documents, and keeps no account of which are open.
package hocuspocus

import (
	"encoding/binary"

	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/framing/payload"
)

// Options configures a Protocol.
type Options struct {
	// Replace takes the place of a token that goes; empty: the token becomes
	// the empty string, since its place in the message must stay.
	Replace string
}

// Protocol is payload.Protocol for Hocuspocus. It holds no state of a connection
// and may be used by many at once.
type Protocol struct{ options Options }

var _ payload.Protocol = (*Protocol)(nil)

// New gives a Protocol with these options.
func New(o Options) *Protocol { return &Protocol{o} }

// Query finds nothing and changes nothing; the error is always nil.
func (p *Protocol) Query(raw string) (payload.URLFound, error) {
	return payload.URLFound{Query: raw}, nil
}

// InstanceInURL is false: every message names its document.
func (p *Protocol) InstanceInURL() bool { return false }

// ReadsAll is true: any message may open a document, or speak of one.
func (p *Protocol) ReadsAll() bool { return true }

// Denial is the message by which a Hocuspocus server refuses a document: the
// provider tells its application "authenticationFailed", with code as the reason.
func (p *Protocol) Denial(address, code string) (framing.Opcode, []byte) {
	b := appendString(nil, address)
	b = append(b, typeAuth, authDenied)
	return framing.Binary, appendString(b, code)
}

// Opening is the message by which a client opens address with a token.
func (p *Protocol) Opening(address, token string) []byte {
	return appendString(append(appendString(nil, address), typeAuth, authToken), token)
}

// appendString writes a varString.
func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}
