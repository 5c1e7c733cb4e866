package hocuspocus_test

import (
	"bytes"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/framing/hocuspocus"
	"github.com/syncward/syncward/framing/payload"
)

// cursor reads as npm lib0 does, byte by byte, and knows besides how long what
// it read would be if it were written again.
type cursor struct {
	b   []byte
	at  int
	bad bool
}

func (c *cursor) uint() (n uint64) {
	from := c.at
	for mult := uint64(1); ; mult *= 128 {
		if c.at >= len(c.b) || c.at-from > 7 {
			c.bad = true
			return 0
		}
		b := c.b[c.at]
		c.at++
		n += uint64(b&0x7f) * mult
		if n > 9007199254740991 {
			c.bad = true
			return 0
		}
		if b < 0x80 {
			break
		}
	}
	if !bytes.Equal(written(n), c.b[from:c.at]) {
		c.bad = true
	}
	return n
}

func (c *cursor) text() string {
	n := c.uint()
	if c.bad || n > uint64(len(c.b)-c.at) {
		c.bad = true
		return ""
	}
	s := c.b[c.at : c.at+int(n)]
	c.at += int(n)
	if !utf8.Valid(s) || bytes.HasPrefix(s, []byte("\xef\xbb\xbf")) {
		c.bad = true
	}
	return string(s)
}

// written writes a number as lib0 does.
func written(n uint64) (b []byte) {
	for ; n > 127; n /= 128 {
		b = append(b, byte(n%128)+128)
	}
	return append(b, byte(n))
}

func FuzzMessage(f *testing.F) {
	for _, one := range recorded(f) {
		f.Add(one.msg, "")
		f.Add(one.msg, "static")
	}
	for _, seed := range []string{"", "\x0a", "\x01a\x82\x00\x00\x02tk", "\x01a\x02\x00\xc8\x01", "\x03\xef\xbb\xbf\x00", "\x01a\x02\x01\x00", "\x01a\x02\x00\x02tk\x01b\x02\x00\x02tk"} {
		f.Add([]byte(seed), "")
	}
	f.Fuzz(func(t *testing.T, msg []byte, static string) {
		p := hocuspocus.New(hocuspocus.Options{Replace: static})
		before := bytes.Clone(msg)
		f, err := p.Later(framing.Binary, msg, payload.Bound{})
		if !bytes.Equal(before, msg) {
			t.Fatal("the message was changed")
		}
		c := &cursor{b: msg}
		address, kind := c.text(), c.uint()
		if len(msg) == 1 && msg[0] == 10 {
			if err != nil || f.Kind != payload.Application || f.Out != nil {
				t.Fatalf("the answer to a ping: %+v, %v", f, err)
			}
			return
		}
		want := payload.Found{Kind: payload.Within, Address: address}
		if i := slices.Index([]byte(address), 0); i >= 0 {
			want.Instance = address[:i]
		} else {
			want.Instance = address
		}
		if kind == 2 && !c.bad {
			if c.uint() != 0 {
				c.bad = true
			}
			head := c.at
			want.Kind, want.Token = payload.Opening, c.text()
			want.HasToken = want.Token != ""
			end := c.at
			if end < len(msg) {
				c.text()
				c.bad = c.bad || c.at < len(msg)
			}
			if !c.bad && want.Token != static {
				want.Out = slices.Concat(msg[:head], written(uint64(len(static))), []byte(static), msg[end:])
			}
		}
		if c.bad {
			want = payload.Found{}
		}
		if (err != nil) != c.bad || !same(f, want) {
			t.Fatalf("%q: got %+v, %v, want %+v", msg, f, err, want)
		}
		if f.Out == nil || !utf8.ValidString(static) || bytes.HasPrefix([]byte(static), []byte("\xef\xbb\xbf")) {
			return
		}
		again, err := p.Later(framing.Binary, f.Out, payload.Bound{})
		if err != nil || again.Token != static || again.Out != nil || again.Address != f.Address {
			t.Fatalf("%q still holds a token: %+v, %v", f.Out, again, err)
		}
	})
}
