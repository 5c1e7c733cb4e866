package payload

import "bytes"

// maxNesting is the deepest object or array that is read; the root is 1.
const maxNesting = 64

// reader reads one message by the grammar of RFC 8259, value after value, each
// byte once, and copies nothing of it but names that are written with escapes.
// It is written by hand because each message of some protocols is read, and the
// library that it is tested against (FuzzScanAgreesWithTheReference) takes more
// than twice as long.
type reader struct {
	msg   []byte
	pos   int // what lies before it was read
	level int // how many containers are open
	stack [maxNesting]container
	names []name // of the objects that are open, the outermost first
	text  []byte // of the names that were unescaped
}

// container is an open object or array.
type container struct {
	end   byte  // '}' or ']'
	count int64 // values that were begun in it
	names int   // where its names begin in reader.names
	// Of scanner: how many Pointers lead through it, and whether one leads to it.
	through int
	wanted  bool
}

// place is where a value stands: in so many open containers, of the innermost
// the member with the name or else the element with the index.
type place struct {
	depth  int
	member bool
	name   []byte // unescaped; valid until the next name is read
	index  int64
}

func (r *reader) start(msg []byte) {
	r.msg, r.pos, r.level = msg, 0, 0
	r.names, r.text = r.names[:0], r.text[:0]
}

// forget lets go of the message.
func (r *reader) forget() { r.msg = nil }

// skip steps over white space and returns the byte behind it, 0 at the end; a
// NUL there is as wrong as an end.
func (r *reader) skip() byte {
	for ; r.pos < len(r.msg); r.pos++ {
		if b := r.msg[r.pos]; b > ' ' || !space(b) {
			return b
		}
	}
	return 0
}

// peek steps in front of the next value or, in an object, name, over the comma
// before it, and returns the first byte of it. '}' and ']' are the innermost
// container's end. 0 is an error.
func (r *reader) peek() byte {
	b := r.skip()
	var end byte
	if r.level > 0 {
		c := &r.stack[r.level-1]
		end = c.end
		if c.count > 0 && b != end {
			if b != ',' {
				return 0
			}
			r.pos++
			b, end = r.skip(), 0 // an end behind a comma is none
		}
	}
	if (b == '}' || b == ']') && b != end {
		return 0
	}
	return b
}

// next reads a member's name, if one is due, and then a scalar or the beginning
// of a container, whose first byte peek has returned.
func (r *reader) next(kind byte, v *Value, at *place) (ok bool) {
	*at = place{depth: r.level}
	v.name, v.End = -1, 0
	if r.level > 0 {
		c := &r.stack[r.level-1]
		at.index = c.count
		c.count++
		if c.end == '}' {
			if kind != '"' {
				return false
			}
			v.name = r.pos
			if at.name, ok = r.member(c); !ok {
				return false
			}
			at.member = true
			kind = r.skip()
		}
	}
	v.Kind, v.Start = kind, r.pos
	switch kind {
	case '{', '[':
		return r.open(kind)
	case '"':
		_, ok = r.quoted()
	case 't':
		ok = r.literal("true")
	case 'f':
		ok = r.literal("false")
	case 'n':
		ok = r.literal("null")
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		v.Kind = '0'
		ok = r.number()
	default: // peek's 0 too
		return false
	}
	v.End = r.pos
	return ok
}

// open steps into the container that begins here.
func (r *reader) open(kind byte) bool {
	if r.level >= maxNesting {
		return false
	}
	r.stack[r.level] = container{end: kind + 2, names: len(r.names)} // ASCII: '{' + 2 is '}', '[' + 2 is ']'
	r.level++
	r.pos++
	return true
}

// shut steps out of the innermost container, whose end peek has returned.
func (r *reader) shut() bool {
	r.level--
	r.pos++
	c := &r.stack[r.level]
	if !r.distinct(r.names[c.names:]) {
		return false
	}
	r.names = r.names[:c.names]
	return true
}

// atEnd tells whether nothing but white space is left.
func (r *reader) atEnd() bool { return r.skip() == 0 && r.pos == len(r.msg) }

func (r *reader) literal(text string) bool {
	if !bytes.HasPrefix(r.msg[r.pos:], []byte(text)) {
		return false
	}
	r.pos += len(text)
	return true
}

// number reads a number (RFC 8259 §6) of any size.
func (r *reader) number() bool {
	r.accept('-')
	if !r.accept('0') && !r.digits() {
		return false
	}
	if r.accept('.') && !r.digits() {
		return false
	}
	if !r.accept('e') && !r.accept('E') {
		return true
	}
	if !r.accept('+') {
		r.accept('-')
	}
	return r.digits()
}

// accept steps over b, if it is next.
func (r *reader) accept(b byte) bool {
	if r.pos >= len(r.msg) || r.msg[r.pos] != b {
		return false
	}
	r.pos++
	return true
}

// digits steps over one digit or more.
func (r *reader) digits() bool {
	from := r.pos
	for r.pos < len(r.msg) && '0' <= r.msg[r.pos] && r.msg[r.pos] <= '9' {
		r.pos++
	}
	return r.pos > from
}
