package attribution

import (
	"errors"
	"fmt"
	"time"

	"github.com/syncward/syncward/framing/payload"
)

// ErrTooBig says that a message would be beyond its limit once its events have
// their author.
var ErrTooBig = errors.New("attribution: message too big with its authors")

// ErrPaths says that an event could stand where an author is written.
var ErrPaths = errors.New("attribution: no event may stand in the metadata of another")

// Injector writes the author into the events of a client's messages, as
//
//	"metadata":{"userId":"ada","timestamp":1763850000000,"connectionId":"…"}
//
// It holds no state and may be used by many connections at once.
type Injector struct{ paths payload.Paths }

// NewInjector returns an Injector for the events at these paths. The error is
// ErrPaths, with the two paths.
func NewInjector(paths payload.Paths) (*Injector, error) {
	if outer, inner, ok := paths.Covers(metadataName); ok {
		return nil, fmt.Errorf("%w: %s, %s", ErrPaths, outer, inner)
	}
	return &Injector{paths}, nil
}

// Inject returns msg with the author a and the time at, in milliseconds, in each
// of its events, and how many these are; without any, out is nil. Those three
// members of an event's metadata are ours, whatever the client wrote there; its
// other members stay, and so does every other byte of msg. A metadata that is no
// object is replaced; an event that is no object counts as none.
//
// Where no event can be, msg passes unread. Errors: payload.ErrBadFrame where
// events cannot be told from the rest, and ErrTooBig where out would have more
// than limit bytes. out is made in room where that is large enough; room may be
// nil.
func (in *Injector) Inject(room, msg []byte, a Author, at time.Time, limit int64) (out []byte, events int, err error) {
	if !in.paths.MayOccur(msg) {
		return nil, 0, nil
	}
	p := newPen(msg, a, at)
	// More events than this do not fit, so that what is kept of them is bounded.
	most := int(limit / int64(len(p.member)))
	var some [8]payload.Value
	found, err := in.paths.Find(msg, "{", some[:0], most)
	switch {
	case err != nil:
		return nil, 0, err
	case len(found) > most:
		return nil, 0, ErrTooBig
	case len(found) == 0:
		return nil, 0, nil
	}
	for _, event := range found {
		if err := p.sign(event); err != nil {
			return nil, 0, err
		}
	}
	if out = p.write(room, limit); out == nil {
		return nil, 0, ErrTooBig
	}
	return out, len(found), nil
}
