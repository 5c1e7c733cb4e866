package attribution

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/syncward/syncward/framing/payload"
)

const metadataName = "metadata"

// ours are the members of the metadata that we write, in this order.
var ours = [...]string{"userId", "timestamp", "connectionId"}

var (
	// metadataPath tells cheaply whether an event may have a metadata.
	metadataPath = func() payload.Paths {
		p, err := payload.ParsePaths("/" + metadataName)
		if err != nil {
			panic(err)
		}
		return p
	}()
	// inEvent are the places of the metadata and of what is ours in it.
	inEvent = [...]payload.Pointer{
		payload.MustPointer("/metadata"),
		payload.MustPointer("/metadata/userId"),
		payload.MustPointer("/metadata/timestamp"),
		payload.MustPointer("/metadata/connectionId"),
	}
)

// pen writes one author into the events of one message.
type pen struct {
	msg []byte
	// member is ,"metadata":{"userId":…,"timestamp":…,"connectionId":…}, object
	// a part of it.
	member, object []byte
	// named and values are what is ours, each with its name and without.
	named, values [len(ours)][]byte
	edits         []edit
}

// edit puts something in the place of msg[from:to].
type edit struct {
	from, to int
	put      []byte
}

func newPen(msg []byte, a Author, at time.Time) *pen {
	p := &pen{msg: msg}
	b := make([]byte, 0, 96+len(a.UserID)+len(a.ConnectionID))
	b = append(b, `,"metadata":{`...)
	object := len(b) - 1
	for i, name := range ours {
		if i > 0 {
			b = append(b, ',')
		}
		named := len(b)
		b = append(b, '"')
		b = append(b, name...)
		b = append(b, '"', ':')
		value := len(b)
		switch i {
		case 0:
			b, _ = jsontext.AppendQuote(b, a.UserID) // what is no UTF-8 becomes U+FFFD
		case 1:
			b = strconv.AppendInt(b, at.UnixMilli(), 10)
		case 2:
			b, _ = jsontext.AppendQuote(b, a.ConnectionID)
		}
		p.named[i], p.values[i] = b[named:], b[value:]
	}
	b = append(b, '}')
	p.member, p.object = b, b[object:]
	return p
}

// sign notes what must change in one event, an object of the message.
func (p *pen) sign(event payload.Value) error {
	body := p.msg[event.Start:event.End]
	var at [len(inEvent)]payload.Value
	if metadataPath.MayOccur(body) {
		if err := payload.Scan(body, inEvent[:], at[:]); err != nil {
			return err
		}
	}
	metadata := at[0]
	metadata.Start += event.Start
	metadata.End += event.Start
	switch metadata.Kind {
	case 0:
		p.append(event, p.member)
	case '{':
		p.merge(event, metadata, at[1:])
	default:
		p.edits = append(p.edits, edit{metadata.Start, metadata.End, p.object})
	}
	return nil
}

// merge writes what is ours into a metadata that is there. held are the places
// of its own members of those names, from the event's start.
func (p *pen) merge(event, metadata payload.Value, held []payload.Value) {
	missing := make([]byte, 0, len(p.member))
	for i, v := range held {
		if v.Kind != 0 {
			p.edits = append(p.edits, edit{event.Start + v.Start, event.Start + v.End, p.values[i]})
			continue
		}
		missing = append(append(missing, ','), p.named[i]...)
	}
	if len(missing) > 0 {
		p.append(metadata, missing)
	}
}

// append puts members, which begin with a comma, at the end of an object.
func (p *pen) append(object payload.Value, members []byte) {
	end := object.End - 1
	before := end - 1
	for ; before > object.Start; before-- {
		if b := p.msg[before]; b != ' ' && b != '\t' && b != '\n' && b != '\r' {
			break
		}
	}
	if before == object.Start {
		members = members[1:]
	}
	p.edits = append(p.edits, edit{end, end, members})
}

// write returns the message with its edits, in room where it fits, or nil where
// it has more than limit bytes.
func (p *pen) write(room []byte, limit int64) []byte {
	size := len(p.msg)
	for _, e := range p.edits {
		size += len(e.put) - (e.to - e.from)
	}
	if int64(size) > limit {
		return nil
	}
	// An event that holds another one ends behind it.
	slices.SortFunc(p.edits, func(a, b edit) int { return cmp.Compare(a.from, b.from) })
	if cap(room) < size {
		room = make([]byte, 0, size)
	}
	out := room[:0]
	done := 0
	for _, e := range p.edits {
		out = append(out, p.msg[done:e.from]...)
		out = append(out, e.put...)
		done = e.to
	}
	return append(out, p.msg[done:]...)
}
