package payload

import (
	"bytes"
	"crypto/sha256"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/syncward/syncward/framing"
)

var _ Log = JSON{}

// maxEvents bounds what is read of one message: events, or acknowledged ids.
const maxEvents = 10_000

// inEvent are the members of an event that are read.
var inEvent = [...]Pointer{
	MustPointer("/id"), MustPointer("/name"), MustPointer("/type"), MustPointer("/clientId"), MustPointer("/sessionId"),
}

// elements are those of an array.
var elements = func() Paths {
	p, err := ParsePaths("/*")
	if err != nil {
		panic(err)
	}
	return p
}()

// Pushed reads the events of a client's message: the objects at Events. Each
// must have an "id", a non-empty string or a number, by which the upstream
// acknowledges it; its name is at "name", else at "type". The Hash is of the
// whole event. The error is ErrBadFrame for a message that may hold events and
// cannot be read, for an event without an id, and for more than 10,000 events.
func (j JSON) Pushed(_ framing.Opcode, msg []byte) (Push, error) {
	if !j.Events.MayOccur(msg) {
		return Push{}, nil
	}
	var some [8]Value
	found, err := j.Events.Find(msg, "{", some[:0], maxEvents)
	if err != nil || len(found) > maxEvents {
		return Push{}, ErrBadFrame
	}
	var p Push
	for _, v := range found {
		body := msg[v.Start:v.End]
		var at [len(inEvent)]Value
		if err := Scan(body, inEvent[:], at[:]); err != nil {
			return Push{}, err
		}
		e := Event{ID: at[0].id(body), Name: at[1].Text(body), ClientID: at[3].Text(body), SessionID: at[4].Text(body), Hash: canonical(body)}
		if e.ID == "" {
			return Push{}, ErrBadFrame
		}
		if e.Name == "" {
			e.Name = at[2].Text(body)
		}
		p.Events = append(p.Events, e)
	}
	return p, nil
}

// Told reads which events an upstream's message acknowledges: a string or a
// number at Acks, or an array of them, is the "id" of an event.
func (j JSON) Told(_ framing.Opcode, msg []byte) News {
	var n News
	if !j.Acks.MayOccur(msg) {
		return n
	}
	found, err := j.Acks.Find(msg, `"0[`, nil, maxEvents)
	if err != nil {
		return n
	}
	for _, v := range found {
		if v.Kind != '[' {
			n.acknowledge(v, msg)
			continue
		}
		list := msg[v.Start:v.End]
		ids, err := elements.Find(list, `"0`, nil, maxEvents)
		if err != nil {
			continue
		}
		for _, id := range ids {
			n.acknowledge(id, list)
		}
	}
	return n
}

func (n *News) acknowledge(v Value, msg []byte) {
	if id := v.id(msg); id != "" {
		n.Answers = append(n.Answers, Answer{ID: id, Outcome: Accepted})
	}
}

// id gives a string's text, or a number as it is written; "" for all else.
func (v Value) id(msg []byte) string {
	if v.Kind == '0' {
		return string(msg[v.Start:v.End])
	}
	return v.Text(msg)
}

// canonical is the hash of a value in canonical form (RFC 8785).
func canonical(value []byte) [sha256.Size]byte {
	form := jsontext.Value(bytes.Clone(value))
	if form.Canonicalize() != nil {
		form = value // a number beyond all measure: then its own bytes are its form
	}
	return sha256.Sum256(form)
}
