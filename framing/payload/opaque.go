package payload

import "github.com/syncward/syncward/framing"

// Opaque is a protocol of which nothing is known: its messages pass unread,
// whatever they hold, and it has no sync payload. Only the auth messages of a
// client that opted in are told apart.
type Opaque struct{}

// Query finds nothing and changes nothing; the error is always nil.
func (Opaque) Query(raw string) (URLFound, error) { return URLFound{Query: raw}, nil }

// First refuses with ErrBadFrame: the protocol has no first sync message that
// could carry a credential, so none may be awaited.
func (Opaque) First(framing.Opcode, []byte) (Found, error) { return Found{}, ErrBadFrame }

// Later passes everything but the auth messages of a client that opted in; the
// error is always nil.
func (Opaque) Later(_ framing.Opcode, msg []byte, b Bound) (Found, error) {
	if b.OptedIn {
		f, _ := AuthMessage(msg)
		return f, nil
	}
	return Found{}, nil
}

// ReadsAll is false.
func (Opaque) ReadsAll() bool { return false }

// InstanceInURL is false: no instance is known.
func (Opaque) InstanceInURL() bool { return false }
