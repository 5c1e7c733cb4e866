package framing_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/syncward/syncward/framing"
)

// byPayload makes a Look whose verdict each message names itself.
func byPayload(seen *[]string) framing.Look {
	return func(m framing.Message) framing.Verdict {
		*seen = append(*seen, string(m.Payload))
		name, arg, _ := strings.Cut(string(m.Payload), ":")
		before := frame(true, true, framing.Text, "before")
		switch name {
		case "rewrite":
			return framing.Verdict{Action: framing.Rewrite, Payload: []byte(arg)}
		case "part": // a part of what was shown is as good as a copy
			return framing.Verdict{Action: framing.Rewrite, Payload: m.Payload[len("part:"):]}
		case "consume":
			return framing.Verdict{Action: framing.Consume}
		case "refuse":
			return framing.Verdict{Action: framing.Refuse, Cause: errRefused, Before: before}
		case "before":
			return framing.Verdict{Before: before}
		case "instead":
			return framing.Verdict{Action: framing.Consume, Before: before}
		case "both":
			return framing.Verdict{Action: framing.Rewrite, Payload: []byte(arg), Before: before}
		}
		return framing.Verdict{}
	}
}

var errRefused = errors.New("refused")

var passAll = func(framing.Message) framing.Verdict { return framing.Verdict{} }

func TestAVerdictIsCarriedOut(t *testing.T) {
	plain := frame(true, true, framing.Text, "plain")
	before := frame(true, true, framing.Text, "before")
	ping := frame(true, true, framing.Ping, "p")
	masked := func(s string) []byte {
		return framing.AppendFrame(nil, true, framing.Binary, []byte(s), &[4]byte{9, 9, 9, 9})
	}
	long := strings.Repeat("x", 70000)
	for name, v := range map[string]struct {
		message string
		ahead   []byte // of the message
		instead []byte // nil: it goes out as it came
		event   framing.Event
	}{
		"pass":                 {message: "as it is"},
		"pass an empty one":    {message: ""},
		"rewrite":              {message: "rewrite:new", instead: masked("new")},
		"rewrite to nothing":   {message: "rewrite:", instead: masked("")},
		"rewrite to a part":    {message: "part:of it", instead: masked("of it")},
		"rewrite to much":      {message: "rewrite:" + long, instead: masked(long)},
		"consume":              {message: "consume:", instead: []byte{}},
		"refuse":               {message: "refuse:", instead: []byte{}, event: framing.EventRefused},
		"something before":     {message: "before:", ahead: before},
		"something instead":    {message: "instead:", instead: before},
		"something before new": {message: "both:new", ahead: before, instead: masked("new")},
	} {
		for how, next := range map[string]func() int{"at once": whole, "byte by byte": bytewise} {
			for _, cut := range []int{1, 3} {
				t.Run(fmt.Sprintf("%s %s in %d", name, how, cut), func(t *testing.T) {
					var seen []string
					m := framing.New(framing.Options{Sender: framing.Client, MaxMessage: 1 << 20, RSV: 4,
						Look: byPayload(&seen), Key: func() [4]byte { return [4]byte{9, 9, 9, 9} }})
					message := fragments(v.message, cut)
					want := message
					if v.instead != nil {
						want = v.instead
					}
					want = join(plain, ping, v.ahead, want)
					if v.event == framing.EventMore {
						want = join(want, plain, ping)
					}
					out, last := drive(t, m, join(plain, ping, message, plain, ping), next)
					if !bytes.Equal(out, want) || last.Event != v.event || m.Bytes() != int64(len(want)) {
						t.Errorf("got %.80x, event %v, %d bytes; want %.80x, event %v", out, last.Event, m.Bytes(), want, v.event)
					}
					if v.event == framing.EventRefused && last.Cause != errRefused {
						t.Errorf("cause %v", last.Cause)
					}
					if len(seen) < 2 || seen[0] != "plain" || seen[1] != v.message {
						t.Errorf("was shown %.50q", seen)
					}
				})
			}
		}
	}
}

// fragments cuts a binary message of a client into n frames, each with a mask
// of its own.
func fragments(s string, n int) (b []byte) {
	for i := range n {
		op := framing.Continuation
		if i == 0 {
			op = framing.Binary
		}
		at, end := len(s)*i/n, len(s)*(i+1)/n
		b = framing.AppendFrame(b, i == n-1, op, []byte(s[at:end]), &[4]byte{byte(i), 2, 3, 4})
	}
	return b
}

func TestARewrittenServerMessageIsNotMasked(t *testing.T) {
	m := framing.New(framing.Options{Sender: framing.Upstream, Look: func(framing.Message) framing.Verdict {
		return framing.Verdict{Action: framing.Rewrite, Payload: []byte("new")}
	}})
	out, _ := drive(t, m, frame(false, true, framing.Text, "old"), whole)
	if want := frame(false, true, framing.Text, "new"); !bytes.Equal(out, want) {
		t.Errorf("got %x, want %x", out, want)
	}
}

func TestEveryRewrittenMessageHasAKeyOfItsOwn(t *testing.T) {
	m := framing.New(framing.Options{Sender: framing.Client, Look: func(framing.Message) framing.Verdict {
		return framing.Verdict{Action: framing.Rewrite, Payload: []byte("new")}
	}})
	keys := map[[4]byte]bool{}
	for range 20 {
		out, _ := drive(t, m, frame(true, true, framing.Text, "old"), whole)
		h, n, _ := framing.ParseHeader(out)
		keys[h.Key] = true
		if framing.Mask(out[n:], h.Key, 0); string(out[n:]) != "new" {
			t.Fatalf("payload %q", out[n:])
		}
	}
	if len(keys) < 19 {
		t.Errorf("%d keys in 20 messages", len(keys))
	}
}

func TestControlFramesDoNotWaitForTheMessageAroundThem(t *testing.T) {
	m := framing.New(framing.Options{Sender: framing.Client, Look: passAll})
	first, last := frame(true, false, framing.Text, "a"), frame(true, true, framing.Continuation, "b")
	ping := frame(true, true, framing.Ping, "p")
	out, _ := drive(t, m, join(first, ping), whole)
	if !bytes.Equal(out, ping) || !m.AtMessageBoundary() {
		t.Fatalf("got %x, want the ping alone", out)
	}
	if out, _ = drive(t, m, last, whole); !bytes.Equal(out, join(first, last)) {
		t.Errorf("the message came out as %x", out)
	}
}

func TestACompressedMessageCannotBeLookedAt(t *testing.T) {
	f := frame(true, true, framing.Text, "x")
	f[0] |= 0x40
	m := framing.New(framing.Options{Sender: framing.Client, RSV: 4, Look: passAll})
	if _, last := drive(t, m, f, whole); last.Event != framing.EventBroken || last.Close.Code != 1002 {
		t.Errorf("%+v", last)
	}
}

func TestEmptyFragmentsCannotFillTheMemory(t *testing.T) {
	m := framing.New(framing.Options{Sender: framing.Client, MaxMessage: 1000, Look: passAll})
	in := frame(true, false, framing.Text, "")
	for range 10000 {
		in = append(in, frame(true, false, framing.Continuation, "")...)
	}
	if out, last := drive(t, m, in, whole); len(out) > 0 || last.Event != framing.EventBroken || last.Close.Code != 1009 {
		t.Errorf("%d bytes, %+v", len(out), last)
	}
}

func TestAPausedMessageWaitsUntilItsVerdict(t *testing.T) {
	one, two := frame(true, true, framing.Text, "one"), frame(true, true, framing.Text, "two")
	ping := frame(true, true, framing.Ping, "p")
	inserted := frame(true, true, framing.Text, "inserted")
	for name, v := range map[string]struct {
		verdict framing.Verdict
		want    []byte
		event   framing.Event
	}{
		"pass":    {want: two},
		"consume": {verdict: framing.Verdict{Action: framing.Consume}},
		"rewrite": {verdict: framing.Verdict{Action: framing.Rewrite, Payload: []byte("new")}, want: framing.AppendFrame(nil, true, framing.Text, []byte("new"), &[4]byte{9})},
		"refuse":  {verdict: framing.Verdict{Action: framing.Refuse, Cause: errRefused}, event: framing.EventRefused},
		"before":  {verdict: framing.Verdict{Before: one}, want: join(one, two)},
	} {
		for how, cut := range map[string]int{"whole": len(two), "in pieces": 8} {
			t.Run(name+" "+how, func(t *testing.T) {
				var shown []byte
				m := framing.New(framing.Options{Sender: framing.Client, Key: func() [4]byte { return [4]byte{9} },
					Look: func(msg framing.Message) framing.Verdict {
						if string(msg.Payload) == "two" {
							shown = msg.Payload
							return framing.Verdict{Action: framing.Pause}
						}
						return framing.Verdict{}
					}})
				in := join(one, two[:cut])
				s := m.Feed(in)
				out := bytes.Clone(s.Out)
				if in = append(in[s.N:], join(two[cut:], ping)...); s.Event != framing.EventPaused {
					s = m.Feed(in)
					in = in[s.N:]
				}
				if !bytes.Equal(out, one) || s.Event != framing.EventPaused || !bytes.Equal(in, ping) {
					t.Fatalf("out %x, event %v, left %x", out, s.Event, in)
				}
				if s = m.Feed(in); s.N != 0 || len(s.Out) > 0 || s.Event != framing.EventPaused {
					t.Fatalf("while paused: %+v", s)
				}
				m.Insert(inserted)
				if s = m.Flush(); !bytes.Equal(s.Out, inserted) || s.Event != framing.EventPaused {
					t.Fatalf("inserted while paused: %+v", s)
				}
				if s = m.Resume(framing.Verdict{Action: framing.Pause}); s.Event != framing.EventPaused {
					t.Fatalf("paused again: %+v", s)
				}
				if string(shown) != "two" {
					t.Errorf("what was shown became %q", shown)
				}
				s = m.Resume(v.verdict)
				if !bytes.Equal(s.Out, v.want) || s.Event != v.event {
					t.Errorf("resumed with %x, event %v; want %x", s.Out, s.Event, v.want)
				}
				want := ping
				if v.event == framing.EventRefused {
					want = nil
				}
				if out, _ := drive(t, m, in, whole); !bytes.Equal(out, want) {
					t.Errorf("after it came %x", out)
				}
				if s = m.Resume(framing.Verdict{}); !s.Idle() {
					t.Errorf("resumed twice: %+v", s)
				}
			})
		}
	}
}

// FuzzVerdictsDoNotDependOnHowTheInputIsCut draws verdicts from the payloads.
func FuzzVerdictsDoNotDependOnHowTheInputIsCut(f *testing.F) {
	r := rand.New(rand.NewPCG(8, 9))
	for i := range 8 {
		f.Add(randomStream(r, i%2 == 0, false, small...), i%2 == 0, uint64(i))
	}
	f.Add(join(fragments("abc", 3), fragments("", 1), fragments("\x01xyz", 2)), true, uint64(1))
	f.Fuzz(func(t *testing.T, s []byte, client bool, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 6))
		o := framing.Options{Sender: framing.Upstream, Key: func() [4]byte { return testKey }}
		if client {
			o.Sender = framing.Client
		}
		o.Look = func(m framing.Message) framing.Verdict {
			sum := len(m.Payload)
			for _, b := range m.Payload {
				sum += int(b)
			}
			v := framing.Verdict{Action: framing.Action(sum % 4), Payload: m.Payload[len(m.Payload)/2:]}
			if v.Action == framing.Refuse && sum%3 != 0 {
				v.Action = framing.Pass
			}
			if sum%5 == 0 {
				v.Before = frame(client, true, framing.Text, "before")
			}
			return v
		}
		chunks := func() int { return 1 + r.IntN(60) }
		a, lastA := drive(t, framing.New(o), s, whole)
		b, lastB := drive(t, framing.New(o), s, chunks)
		if !bytes.Equal(a, b) || lastA.Event != lastB.Event || lastA.Close != lastB.Close {
			t.Fatalf("at once %d bytes, event %v; in chunks %d bytes, event %v", len(a), lastA.Event, len(b), lastB.Event)
		}
	})
}

// A write for each message costs more than all that a Look does to it.
func TestRewrittenMessagesGoOutTogether(t *testing.T) {
	look := func(m framing.Message) framing.Verdict {
		if string(m.Payload) == "pass" {
			return framing.Verdict{}
		}
		return framing.Verdict{Action: framing.Rewrite, Payload: append([]byte("re"), m.Payload...)}
	}
	m := framing.New(framing.Options{Sender: framing.Upstream, Look: look})
	f := func(s string) []byte { return frame(false, true, framing.Text, s) }
	in := join(f("pass"), f("a"), f("pass"), f("b"), frame(false, true, framing.Ping, "p"), f("c"), f("half")[:3])
	want := join(f("pass"), f("rea"), f("pass"), f("reb"), frame(false, true, framing.Ping, "p"), f("rec"))
	s := m.Feed(in)
	if !bytes.Equal(s.Out, want) || s.N != len(in)-3 || s.Event != framing.EventMore || m.Frames() != 6 || m.Bytes() != int64(len(want)) {
		t.Errorf("used %d of %d, %q", s.N, len(in), s.Out)
	}
	end := framing.Close{Code: 1000}.Frame(nil)
	if s = m.Feed(join(f("d"), end)); !bytes.Equal(s.Out, join(f("red"), end)) || s.Event != framing.EventClose {
		t.Errorf("%q, event %v", s.Out, s.Event)
	}
	m = framing.New(framing.Options{Sender: framing.Upstream, Look: look})
	many := bytes.Repeat(f(strings.Repeat("x", 1000)), 1000)
	longest := 0
	for len(many) > 0 {
		s = m.Feed(many)
		longest, many = max(longest, len(s.Out)), many[s.N:]
	}
	if longest < 16<<10 || longest > 64<<10 {
		t.Errorf("a run of %d bytes", longest)
	}
}

func TestAPayloadMadeInItsRoomReplacesTheMessage(t *testing.T) {
	for _, pause := range []bool{false, true} {
		var shown, made []byte
		m := framing.New(framing.Options{Sender: framing.Upstream, Look: func(msg framing.Message) framing.Verdict {
			if len(msg.Room) != 0 || cap(msg.Room) < 100 || cap(msg.Payload) != len(msg.Payload) {
				t.Errorf("room for %d, payload with %d more", cap(msg.Room), cap(msg.Payload)-len(msg.Payload))
			}
			shown, made = msg.Payload, append(append(msg.Room, "not "...), msg.Payload...)
			if pause {
				return framing.Verdict{Action: framing.Pause}
			}
			return framing.Verdict{Action: framing.Rewrite, Payload: made}
		}})
		s := m.Feed(frame(false, true, framing.Text, "old"))
		if string(shown) != "old" {
			t.Errorf("what was shown became %q", shown)
		}
		if pause {
			s = m.Resume(framing.Verdict{Action: framing.Rewrite, Payload: made})
		}
		if want := frame(false, true, framing.Text, "not old"); !bytes.Equal(s.Out, want) {
			t.Errorf("paused %v: got %x, want %x", pause, s.Out, want)
		}
	}
}
