package framing_test

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/syncward/syncward/framing"
)

// frame writes a client's frame, or a server's.
func frame(client, fin bool, op framing.Opcode, payload string) []byte {
	if client {
		return framing.AppendFrame(nil, fin, op, []byte(payload), &testKey)
	}
	return framing.AppendFrame(nil, fin, op, []byte(payload), nil)
}

func join(frames ...[]byte) []byte { return bytes.Join(frames, nil) }

// drive feeds s in chunks of the sizes that next gives, as an engine does, and
// returns all that went out and the last step with an event.
func drive(t testing.TB, m *framing.Machine, s []byte, next func() int) (out []byte, last framing.Step) {
	t.Helper()
	var have []byte
	for {
		for {
			step := m.Feed(have)
			out = append(out, step.Out...)
			have = have[step.N:]
			if step.Event != framing.EventMore {
				step.Out = nil
				last = step
				if step.Event != framing.EventPaused {
					return out, last
				}
			}
			if step.Idle() || step.Event == framing.EventPaused {
				break
			}
		}
		if len(have) > 131 && last.Event != framing.EventPaused {
			t.Fatalf("%d bytes were left unused", len(have))
		}
		if len(s) == 0 || last.Event == framing.EventPaused {
			return out, last
		}
		n := min(len(s), next())
		have = append(bytes.Clone(have), s[:n]...) // a fresh buffer: what was given out is dead
		s = s[n:]
	}
}

func whole() int    { return 1 << 30 }
func bytewise() int { return 1 }

func TestWhatASenderMayAndMayNotDo(t *testing.T) {
	ping, pong := []byte{0x89, 0x80, 1, 2, 3, 4}, []byte{0x8a, 0x80, 1, 2, 3, 4}
	text := frame(true, true, framing.Text, "hello")
	first := frame(true, false, framing.Binary, "one")
	middle := frame(true, false, framing.Continuation, "")
	last := frame(true, true, framing.Continuation, "two")
	rsv := func(f []byte, bits byte) []byte {
		f = bytes.Clone(f)
		f[0] |= bits << 4
		return f
	}
	const more, closed, broken = framing.EventMore, framing.EventClose, framing.EventBroken
	for name, v := range map[string]struct {
		good, bad []byte // good goes on, bad does not
		rsv       byte
		event     framing.Event
		code      int
	}{
		"messages and control frames":          {good: join(text, ping, pong, text), event: more},
		"a fragmented message":                 {good: join(first, middle, last, text), event: more},
		"control frames between fragments":     {good: join(first, ping, middle, pong, last), event: more},
		"a message of exactly the limit":       {good: frame(true, true, framing.Text, strings.Repeat("x", 100)), event: more},
		"a message over the limit":             {good: text, bad: frame(true, true, framing.Text, strings.Repeat("x", 101)), event: broken, code: 1009},
		"fragments that add up to over it":     {good: join(first, ping), bad: frame(true, true, framing.Continuation, strings.Repeat("x", 98)), event: broken, code: 1009},
		"the limit is a message's, not a sum":  {good: join(first, frame(true, true, framing.Continuation, strings.Repeat("x", 97)), text), event: more},
		"an unmasked frame":                    {good: text, bad: frame(false, true, framing.Text, "hello"), event: broken, code: 1002},
		"an unmasked ping":                     {good: text, bad: []byte{0x89, 0}, event: broken, code: 1002},
		"a continuation without a start":       {good: text, bad: last, event: broken, code: 1002},
		"a new message inside another":         {good: join(first, ping), bad: text, event: broken, code: 1002},
		"a reserved bit nobody negotiated":     {good: text, bad: rsv(text, 4), event: broken, code: 1002},
		"another bit than the negotiated":      {good: text, bad: rsv(text, 2), rsv: 4, event: broken, code: 1002},
		"the negotiated bit":                   {good: join(rsv(text, 4), text), rsv: 4, event: more},
		"the negotiated bit on a continuation": {good: rsv(first, 4), bad: rsv(last, 4), rsv: 4, event: broken, code: 1002},
		"the negotiated bit on a ping":         {good: text, bad: rsv(ping, 4), rsv: 4, event: broken, code: 1002},
		"a reserved opcode":                    {good: text, bad: []byte{0x83, 0x80, 0, 0, 0, 0}, event: broken, code: 1002},
		"a fragmented ping":                    {good: first, bad: []byte{0x09, 0x80, 0, 0, 0, 0}, event: broken, code: 1002},
		"a close":                              {good: join(text, framing.Close{Code: 4001, Reason: "bye"}.Frame(&testKey)), bad: text, event: closed, code: 4001},
		"an empty close":                       {good: framing.Close{}.Frame(&testKey), event: closed},
		"a close between fragments":            {good: join(first, framing.Close{Code: 1000}.Frame(&testKey)), bad: last, event: closed, code: 1000},
		"a close of one byte":                  {good: text, bad: frame(true, true, framing.CloseFrame, "\x03"), event: broken, code: 1002},
		"a close with 1006":                    {good: text, bad: frame(true, true, framing.CloseFrame, "\x03\xee"), event: broken, code: 1002},
		"a close with 5000":                    {good: text, bad: frame(true, true, framing.CloseFrame, "\x13\x88"), event: broken, code: 1002},
		"a close whose reason is no UTF-8":     {good: text, bad: frame(true, true, framing.CloseFrame, "\x03\xe8\xc0\xaf"), event: broken, code: 1002},
	} {
		for how, next := range map[string]func() int{"at once": whole, "byte by byte": bytewise} {
			t.Run(name+" "+how, func(t *testing.T) {
				m := framing.New(framing.Options{Sender: framing.Client, RSV: v.rsv, MaxMessage: 100})
				out, last := drive(t, m, join(v.good, v.bad), next)
				if !bytes.Equal(out, v.good) {
					t.Errorf("let through %x, want %x", out, v.good)
				}
				if last.Event != v.event || last.Close.Code != v.code {
					t.Errorf("event %v code %d, want %v code %d", last.Event, last.Close.Code, v.event, v.code)
				}
				if v.code == 1009 && last.Close.Reason != "MESSAGE_TOO_BIG" {
					t.Errorf("reason %q", last.Close.Reason)
				}
				if v.event == more {
					return
				}
				if s := m.Feed(text); s.N != len(text) || len(s.Out) > 0 || s.Event != more {
					t.Errorf("after the end: %+v", s)
				}
			})
		}
	}
}

func TestAServersMaskedFrameIsBroken(t *testing.T) {
	m := framing.New(framing.Options{Sender: framing.Upstream})
	good := frame(false, true, framing.Text, "x")
	out, last := drive(t, m, join(good, frame(true, true, framing.Text, "x")), whole)
	if !bytes.Equal(out, good) || last.Event != framing.EventBroken || last.Close.Code != 1002 {
		t.Errorf("%x, %+v", out, last)
	}
}

func TestPayloadsPassBeforeTheyAreWhole(t *testing.T) {
	m := framing.New(framing.Options{Sender: framing.Upstream})
	big := frame(false, true, framing.Binary, strings.Repeat("x", 1000))
	in := join(frame(false, true, framing.Text, "a"), big[:500])
	s := m.Feed(in)
	if s.N != len(in) || &s.Out[0] != &in[0] || len(s.Out) != len(in) {
		t.Fatalf("used %d of %d, out %d: want the input itself", s.N, len(in), len(s.Out))
	}
	if m.AtFrameBoundary() || m.AtMessageBoundary() {
		t.Error("the middle of a payload counts as a boundary")
	}
	m.Feed(big[500:])
	if !m.AtFrameBoundary() || !m.AtMessageBoundary() || m.Frames() != 2 || m.Bytes() != int64(3+len(big)) {
		t.Errorf("%d frames, %d bytes", m.Frames(), m.Bytes())
	}
}

// small payload sizes leave the fuzzer room to work in.
var small = []int{0, 1, 2, 5, 30, 125, 126}

// randomStream makes a legal stream of frames with payloads of the given sizes.
func randomStream(r *rand.Rand, client, control bool, sizes ...int) (s []byte) {
	open := false
	for range 1 + r.IntN(12) {
		size := sizes[r.IntN(len(sizes))]
		payload := make([]byte, size)
		for i := range payload {
			payload[i] = byte(r.Uint32())
		}
		op, fin := framing.Text, r.IntN(2) == 0
		if open {
			op = framing.Continuation
		}
		if control && r.IntN(3) == 0 {
			op, fin, payload = framing.Ping, true, payload[:min(size, 125)]
		} else {
			open = !fin
		}
		s = append(s, frame(client, fin, op, string(payload))...)
	}
	if open {
		s = append(s, frame(client, true, framing.Continuation, "end")...)
	}
	return s
}

func TestAMachineThatPassesAllIsAsOneThatDoesNotLook(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	chunks := func() int { return 1 + r.IntN(4000) }
	for range 200 {
		for sender, client := range map[framing.Sender]bool{framing.Client: true, framing.Upstream: false} {
			s := randomStream(r, client, false, 0, 1, 5, 125, 126, 300, 70000)
			blind, _ := drive(t, framing.New(framing.Options{Sender: sender}), s, chunks)
			looking := framing.New(framing.Options{Sender: sender, Look: func(framing.Message) framing.Verdict { return framing.Verdict{} }})
			seen, _ := drive(t, looking, s, chunks)
			if !bytes.Equal(blind, s) || !bytes.Equal(seen, s) {
				t.Fatalf("%d bytes became %d without a look, %d with one", len(s), len(blind), len(seen))
			}
		}
	}
}

// FuzzAnyCutOfTheInputGivesTheSame holds the machine, with and without a Look,
// to the slow reference and to itself, whatever the chunks.
func FuzzAnyCutOfTheInputGivesTheSame(f *testing.F) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 8 {
		f.Add(randomStream(r, true, true, small...), true, byte(0), uint16(0), uint64(1))
		f.Add(randomStream(r, false, true, small...), false, byte(4), uint16(400), uint64(2))
	}
	f.Add(join(frame(true, false, framing.Text, "a"), framing.Close{Code: 1000, Reason: "x"}.Frame(&testKey)), true, byte(0), uint16(9), uint64(3))
	f.Fuzz(func(t *testing.T, s []byte, client bool, rsv byte, max uint16, seed uint64) {
		rsv &= 7
		o := framing.Options{Sender: framing.Upstream, RSV: rsv, MaxMessage: int64(max)}
		if client {
			o.Sender = framing.Client
		}
		r := rand.New(rand.NewPCG(seed, 5))
		want := reference(s, client, rsv, uint64(max))
		for _, next := range []func() int{whole, bytewise, func() int { return 1 + r.IntN(50) }} {
			m := framing.New(o)
			out, last := drive(t, m, s, next)
			// An unfinished header may be out in the reference's eyes only.
			if last.Event != want.event || last.Close.Code != want.code || m.Frames() != int64(want.frames) || !bytes.Equal(out, want.out) {
				t.Fatalf("got %d bytes, event %v %d, %d frames; want %d, %v %d, %d",
					len(out), last.Event, last.Close.Code, m.Frames(), len(want.out), want.event, want.code, want.frames)
			}
		}
		o.Look = func(framing.Message) framing.Verdict { return framing.Verdict{} }
		want = reference(s, client, 0, uint64(max))
		var first []byte
		for i, next := range []func() int{whole, bytewise, func() int { return 1 + r.IntN(50) }} {
			m := framing.New(o)
			out, last := drive(t, m, s, next)
			if i == 0 {
				first = bytes.Clone(out)
			}
			if last.Event != want.event || last.Close.Code != want.code || !bytes.Equal(out, first) || len(out) > len(want.out) {
				t.Fatalf("looking: got %d bytes, event %v %d; want at most %d, %v %d",
					len(out), last.Event, last.Close.Code, len(want.out), want.event, want.code)
			}
		}
	})
}
