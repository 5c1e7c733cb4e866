package payload

import (
	"bytes"

	"github.com/syncward/syncward/framing"
)

var (
	instancePointer = MustPointer("/instanceId")
	optInPointer    = MustPointer("/authProtocol")
)

// JSON is the protocol whose messages are JSON objects and whose first one
// carries the token, such as
//
//	{"type":"init","instanceId":"…","authToken":"…"}
//
// Text and binary messages are read alike.
type JSON struct {
	// TokenField is where the token stands; zero: /authToken.
	TokenField Pointer
	// InstanceField is where the instanceId stands; zero: /instanceId.
	InstanceField Pointer
	// Replace takes the place of a token that goes, as a JSON string; empty:
	// the token's member goes as a whole. Where no token field stands, none is
	// put in.
	Replace string
	// AllFrames: later messages are read and stripped too. Set it only where
	// frames are a source of tokens; it makes ReadsAll true.
	AllFrames bool
	// Events are where events stand in a client's message, Acks where an
	// upstream's acknowledges them (Pushed, Told); zero: nowhere.
	Events, Acks Paths
}

// Query finds nothing and changes nothing; the error is always nil.
func (j JSON) Query(raw string) (URLFound, error) { return URLFound{Query: raw}, nil }

// InstanceInURL is false: the first message names the instance.
func (j JSON) InstanceInURL() bool { return false }

// ReadsAll tells whether later messages are read for their tokens.
func (j JSON) ReadsAll() bool { return j.AllFrames }

// First reads the first sync message. One that is no strict JSON object, or
// whose token is neither string nor null, is ErrBadFrame. A token field that
// holds null or "" is no token and is taken out all the same. An instanceId
// counts only if it is a string, "authProtocol" only if it is written 1.
func (j JSON) First(_ framing.Opcode, msg []byte) (Found, error) {
	want := [...]Pointer{rootPointer, j.TokenField.or(tokenPointer), j.InstanceField.or(instancePointer), optInPointer}
	var at [len(want)]Value
	if err := Scan(msg, want[:], at[:]); err != nil {
		return Found{}, err
	}
	root, token, instance, optIn := at[0], at[1], at[2], at[3]
	if root.Kind != '{' || token.Kind != 0 && token.Kind != '"' && token.Kind != 'n' {
		return Found{}, ErrBadFrame
	}
	f := j.found(msg, token, instance, Bound{})
	if optIn.Kind != '0' || string(msg[optIn.Start:optIn.End]) != "1" {
		return f, nil
	}
	f.OptIn = true
	// The later of the two goes first, so that the other's offsets hold.
	switch {
	case token.Kind == 0:
		f.Out = optIn.Splice(nil, msg, "")
	case token.Start > optIn.Start:
		f.Out = optIn.Splice(nil, f.Out, "")
	default:
		f.Out = token.Splice(nil, optIn.Splice(nil, msg, ""), j.Replace)
	}
	return f, nil
}

// Later reads a later message. One that cannot hold anything of interest passes
// unread, one that is no strict JSON object passes as it is. With AllFrames a
// token field goes whatever it holds; HasToken is true only for a non-empty
// string, so that a field of another type neither reaches the upstream nor
// refreshes anything.
//
// For a pinned connection the instance field must be absent or hold exactly
// that instance, else the error is ErrForbidden; a message that begins like
// JSON and may name an instance, but cannot be read, is ErrBadFrame: the
// upstream might read it in its own way.
func (j JSON) Later(_ framing.Opcode, msg []byte, b Bound) (Found, error) {
	if b.OptedIn {
		if f, ok := AuthMessage(msg); ok {
			return f, nil
		}
	}
	tokenField, instanceField := j.TokenField.or(tokenPointer), j.InstanceField.or(instancePointer)
	strip := j.AllFrames && tokenField.mayOccur(msg)
	pinned := b.Pinned && instanceField.mayOccur(msg)
	if !strip && !pinned {
		return Found{}, nil
	}
	want := [...]Pointer{rootPointer, tokenField, instanceField}
	var at [len(want)]Value
	if Scan(msg, want[:], at[:]) != nil || at[0].Kind != '{' {
		if pinned && likeJSON(msg) {
			return Found{}, ErrBadFrame
		}
		return Found{}, nil
	}
	token, instance := at[1], at[2]
	if !strip {
		token = Value{}
	}
	f := j.found(msg, token, instance, b)
	if pinned && instance.Kind != 0 && !instance.Is(msg, b.Instance) {
		return f, ErrForbidden
	}
	return f, nil
}

// found takes the token out and reports what was there.
func (j JSON) found(msg []byte, token, instance Value, b Bound) Found {
	f := token.Take(msg, j.Replace, b)
	f.Instance = instance.Text(msg)
	return f
}

// likeJSON tells whether a lenient reader could take msg for an object or an
// array: white space and a BOM may come first.
func likeJSON(msg []byte) bool {
	rest := bytes.TrimLeft(msg, " \t\r\n\v\f\u00a0\ufeff")
	return len(rest) > 0 && (rest[0] == '{' || rest[0] == '[')
}
