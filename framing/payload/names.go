package payload

import (
	"bytes"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// few is how many names of an object are compared each with each, as they come.
// With more of them the whole is sorted at the object's end: without a hash that
// somebody could aim at, and in less than quadratic time.
const few = 24

// name says where a member's name is: in the message, or unescaped in
// reader.text.
type name struct {
	from, to  int
	unescaped bool
}

func (r *reader) nameText(n name) []byte {
	if n.unescaped {
		return r.text[n.from:n.to]
	}
	return r.msg[n.from:n.to]
}

// member reads the name of c's next member and the colon behind it.
func (r *reader) member(c *container) (text []byte, ok bool) {
	start := r.pos
	escaped, ok := r.quoted()
	if !ok {
		return nil, false
	}
	n := name{from: start + 1, to: r.pos - 1}
	if escaped {
		from := len(r.text)
		r.text, _ = jsontext.AppendUnquote(r.text, r.msg[start:r.pos]) // it is valid
		n = name{from: from, to: len(r.text), unescaped: true}
	}
	text = r.nameText(n)
	if own := r.names[c.names:]; len(own) < few {
		for _, other := range own {
			if other.to-other.from == len(text) && string(r.nameText(other)) == string(text) {
				return nil, false
			}
		}
	}
	r.names = append(r.names, n)
	if r.skip() != ':' {
		return nil, false
	}
	r.pos++
	return text, true
}

// distinct tells whether no two of an object's names are equal, as far as member
// has not compared them. It changes their order.
func (r *reader) distinct(own []name) bool {
	if len(own) <= few {
		return true
	}
	slices.SortFunc(own, func(a, b name) int { return bytes.Compare(r.nameText(a), r.nameText(b)) })
	for i := range own[1:] {
		if bytes.Equal(r.nameText(own[i]), r.nameText(own[i+1])) {
			return false
		}
	}
	return true
}
