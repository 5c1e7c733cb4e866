package framing_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/syncward/syncward/framing"
)

// collect feeds s in chunks until the collector has come to an end; pings holds
// the payloads that wanted an answer.
func collect(t testing.TB, c *framing.Collector, s []byte, next func() int) (last framing.Collected, pings, left []byte) {
	t.Helper()
	for len(s) > 0 {
		n := min(len(s), next())
		left = append(bytes.Clone(left), s[:n]...)
		s = s[n:]
		for {
			got := c.Feed(left)
			left = left[got.N:]
			switch got.Event {
			case framing.CollectPing:
				pings = append(pings, got.Payload...)
				continue
			case framing.CollectPong:
				continue
			case framing.CollectMore:
				if len(left) > 131 {
					t.Fatalf("%d bytes were left unused", len(left))
				}
			default:
				return got, pings, append(left, s...)
			}
			break
		}
	}
	return framing.Collected{}, pings, left
}

func TestTheFirstMessageIsFoundHoweverItIsCut(t *testing.T) {
	init := `{"type":"init","authToken":"…"}`
	ping, pong := frame(true, true, framing.Ping, "p"), frame(true, true, framing.Pong, "q")
	behind := frame(true, true, framing.Text, "behind it")
	ones := fragments(init, len(init))
	var empties []byte
	for range 100 {
		empties = append(empties, frame(true, false, framing.Continuation, "")...)
	}
	first, last := frame(true, false, framing.Text, init[:9]), frame(true, true, framing.Continuation, init[9:])
	for name, v := range map[string]struct {
		in, raw []byte
		op      framing.Opcode
		pings   string
	}{
		"one frame":                {in: frame(true, true, framing.Text, init), op: framing.Text},
		"binary":                   {in: fragments(init, 1), op: framing.Binary},
		"in bytes":                 {in: ones, op: framing.Binary},
		"with empty continuations": {in: join(first, empties, last), op: framing.Text},
		"with control frames":      {in: join(ping, pong, first, ping, pong, last), raw: join(first, last), op: framing.Text, pings: "pp"},
	} {
		for how, next := range map[string]func() int{"at once": whole, "byte by byte": bytewise} {
			t.Run(name+" "+how, func(t *testing.T) {
				c := framing.NewCollector(1 << 16)
				got, pings, left := collect(t, c, join(v.in, behind), next)
				if v.raw == nil {
					v.raw = v.in
				}
				if got.Event != framing.CollectMessage || got.Opcode != v.op || string(got.Payload) != init {
					t.Errorf("%+v", got)
				}
				if !bytes.Equal(c.Raw(), v.raw) || !bytes.Equal(left, behind) || string(pings) != v.pings {
					t.Errorf("raw %x, left %x, pings %q", c.Raw(), left, pings)
				}
				if again := c.Feed(behind); again.N != 0 || again.Event != framing.CollectMore {
					t.Errorf("it went on: %+v", again)
				}
			})
		}
	}
}

func TestWhatCannotBeAFirstMessage(t *testing.T) {
	rsv := frame(true, true, framing.Text, "compressed")
	rsv[0] |= 0x40
	empties := frame(true, false, framing.Text, "")
	for range 10000 {
		empties = append(empties, frame(true, false, framing.Continuation, "")...)
	}
	for name, v := range map[string]struct {
		in    []byte
		event framing.CollectEvent
		code  int
		err   error
	}{
		"unmasked":             {frame(false, true, framing.Text, "x"), framing.CollectBroken, 1002, framing.ErrFrame},
		"compressed":           {rsv, framing.CollectBroken, 1002, framing.ErrFrame},
		"a continuation":       {frame(true, true, framing.Continuation, "x"), framing.CollectBroken, 1002, framing.ErrFrame},
		"two at once":          {join(frame(true, false, framing.Text, "x"), frame(true, true, framing.Text, "x")), framing.CollectBroken, 1002, framing.ErrFrame},
		"a reserved opcode":    {[]byte{0x83, 0x80, 0, 0, 0, 0}, framing.CollectBroken, 1002, framing.ErrFrame},
		"a forbidden close":    {frame(true, true, framing.CloseFrame, "\x03\xee"), framing.CollectBroken, 1002, framing.ErrFrame},
		"a close":              {framing.Close{Code: 1001}.Frame(&testKey), framing.CollectClose, 1001, nil},
		"too big":              {frame(true, true, framing.Text, strings.Repeat("x", 1001)), framing.CollectBroken, 1009, framing.ErrTooBig},
		"announced as too big": {[]byte{0x81, 0xff, 0x7f, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0}, framing.CollectBroken, 1009, framing.ErrTooBig},
		"too big in fragments": {join(frame(true, false, framing.Text, strings.Repeat("x", 999)), frame(true, true, framing.Continuation, "xx")), framing.CollectBroken, 1009, framing.ErrTooBig},
		"nothing, for ever":    {empties, framing.CollectBroken, 1009, framing.ErrTooBig},
	} {
		for how, next := range map[string]func() int{"at once": whole, "byte by byte": bytewise} {
			t.Run(name+" "+how, func(t *testing.T) {
				c := framing.NewCollector(1000)
				got, _, left := collect(t, c, v.in, next)
				if got.Event != v.event || got.Close.Code != v.code || !errors.Is(got.Err, v.err) {
					t.Errorf("%+v", got)
				}
				if again := c.Feed(v.in); again.N != 0 || again.Event != framing.CollectMore {
					t.Errorf("it went on: %+v", again)
				}
				if len(c.Raw()) > 2*1000+16<<10 {
					t.Errorf("holds %d bytes", len(c.Raw()))
				}
				if v.event == framing.CollectBroken && !bytes.Equal(join(c.Raw(), left), v.in) {
					t.Errorf("%d bytes and %d of %d can be relayed as they came", len(c.Raw()), len(left), len(v.in))
				}
			})
		}
	}
}

func TestAnUnfinishedMessageCanBeRelayedAsItCame(t *testing.T) {
	in := join(frame(true, false, framing.Text, "first"), frame(true, true, framing.Continuation, "second"))
	for at := range len(in) {
		c := framing.NewCollector(1000)
		_, _, left := collect(t, c, in[:at], bytewise)
		if got := join(c.Raw(), left); !bytes.Equal(got, in[:at]) {
			t.Errorf("at %d: %x", at, got)
		}
	}
}

func FuzzTheFirstMessageDoesNotDependOnHowItIsCut(f *testing.F) {
	r := rand.New(rand.NewPCG(11, 12))
	for i := range 6 {
		f.Add(randomStream(r, true, true, small...), uint16(i*50), uint64(i))
	}
	f.Fuzz(func(t *testing.T, s []byte, max uint16, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 13))
		limit := int64(max) + 1
		a, pingsA, leftA := collect(t, framing.NewCollector(limit), s, whole)
		c := framing.NewCollector(limit)
		b, pingsB, leftB := collect(t, c, s, func() int { return 1 + r.IntN(40) })
		if a.Event != b.Event || !bytes.Equal(a.Payload, b.Payload) || a.Close != b.Close || !bytes.Equal(pingsA, pingsB) || !bytes.Equal(leftA, leftB) {
			t.Fatalf("at once %+v, in chunks %+v", a, b)
		}
		if int64(len(c.Raw())) > 2*limit+16<<10 || int64(len(b.Payload)) > limit {
			t.Fatalf("holds %d bytes under a limit of %d", len(c.Raw()), limit)
		}
	})
}
