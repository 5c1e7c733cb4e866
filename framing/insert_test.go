package framing_test

import (
	"bytes"
	"testing"

	"github.com/syncward/syncward/framing"
)

func TestInsertWaitsForAMessageBoundaryAndEndForAFrameBoundary(t *testing.T) {
	first, last := frame(false, false, framing.Text, "one"), frame(false, true, framing.Continuation, "two")
	message := join(first, last)
	after := frame(false, true, framing.Text, "after")
	note := frame(false, true, framing.Text, "note")
	bye := framing.Close{Code: 1012, Reason: "DRAINING"}.Frame(nil)
	for at := range len(message) + 1 {
		inFrame := at > 0 && at < len(first) || at > len(first) && at < len(message)
		inMessage := at > 0 && at < len(message)

		m := framing.New(framing.Options{Sender: framing.Upstream})
		out, _ := drive(t, m, message[:at], whole)
		sent := len(out) // a header that is not whole stays behind
		inFrame = inFrame && sent != 0 && sent != len(first)
		inMessage = inMessage && sent != 0
		if m.AtFrameBoundary() == inFrame || m.AtMessageBoundary() == inMessage {
			t.Errorf("at %d: frame boundary %v, message boundary %v", at, m.AtFrameBoundary(), m.AtMessageBoundary())
		}
		m.Insert(note)
		if s := m.Flush(); (len(s.Out) == 0) != inMessage {
			t.Errorf("at %d: flushed %x", at, s.Out)
		} else {
			out = append(out, s.Out...)
		}
		rest, _ := drive(t, m, join(message[sent:], after), whole)
		out = append(out, rest...)
		want := join(message, note, after)
		if sent == 0 {
			want = join(note, message, after)
		}
		if !bytes.Equal(out, want) {
			t.Errorf("insert at %d: %x, want %x", at, out, want)
		}

		m = framing.New(framing.Options{Sender: framing.Upstream})
		out, _ = drive(t, m, message[:at], whole)
		m.Insert(note)
		m.End(bye)
		m.End(framing.Close{Code: 4000}.Frame(nil))
		m.Insert(note)
		rest, step := drive(t, m, join(message[sent:], after), whole)
		out = append(out, rest...)
		switch {
		case sent == 0:
			want = join(note, bye)
		case sent <= len(first):
			want = join(first, bye)
		default:
			want = join(message, note, bye)
		}
		if !bytes.Equal(out, want) || step.Event != framing.EventEnded {
			t.Errorf("end at %d: %x, event %v, want %x", at, out, step.Event, want)
		}
		m.Insert(note)
		m.End(bye)
		if s := m.Flush(); !s.Idle() {
			t.Errorf("after the end: %+v", s)
		}
	}
}

func TestAfterEndTheSendersCloseIsStillHeardButNothingGoesOut(t *testing.T) {
	answer := framing.Close{Code: 1012}
	in := join(frame(true, true, framing.Text, "x"), frame(true, false, framing.Text, "y"), answer.Frame(&testKey))
	for name, look := range map[string]framing.Look{"unread": nil, "looked": passAll} {
		for how, next := range map[string]func() int{"at once": whole, "byte by byte": bytewise} {
			m := framing.New(framing.Options{Sender: framing.Client, Look: look})
			m.End(nil)
			if s := m.Flush(); s.Event != framing.EventEnded || len(s.Out) > 0 {
				t.Errorf("%s %s: %+v", name, how, s)
			}
			out, last := drive(t, m, in, next)
			if len(out) > 0 || last.Event != framing.EventClose || last.Close != answer || m.Bytes() != 0 || m.Frames() != 0 {
				t.Errorf("%s %s: %x, %+v", name, how, out, last)
			}
		}
	}
}

func TestCutStopsAtOnceAndLeavesNoHalfFrameBeforeAClose(t *testing.T) {
	f := frame(true, true, framing.Text, "hello")
	bye := framing.Close{Code: 1001}.Frame(&testKey)
	for at := range len(f) + 1 {
		m := framing.New(framing.Options{Sender: framing.Client})
		out, _ := drive(t, m, f[:at], whole)
		m.Cut()
		torn := len(out) > 0 && len(out) < len(f)
		if more, _ := drive(t, m, join(f[len(out):], f), whole); len(more) > 0 {
			t.Errorf("cut at %d, and %x came", at, more)
		}
		m.End(bye)
		if s := m.Flush(); s.Event != framing.EventEnded || bytes.Equal(s.Out, bye) == torn || torn && len(s.Out) > 0 {
			t.Errorf("cut at %d: %+v", at, s)
		}
	}
}

func TestAfterABrokenOrRefusedSenderTheOtherSideStillGetsItsEnd(t *testing.T) {
	bye := framing.Close{Code: 1011}.Frame(&testKey)
	refuse := func(framing.Message) framing.Verdict { return framing.Verdict{Action: framing.Refuse} }
	for name, v := range map[string]struct {
		in   []byte
		look framing.Look
	}{
		"broken":                       {in: frame(false, true, framing.Text, "unmasked")},
		"broken inside a message":      {in: join(frame(true, false, framing.Text, "a"), frame(true, true, framing.Text, "b"))},
		"broken, with a look":          {in: frame(false, true, framing.Text, "unmasked"), look: passAll},
		"refused":                      {in: frame(true, true, framing.Text, "x"), look: refuse},
		"refused in several fragments": {in: fragments("message", 3), look: refuse},
	} {
		m := framing.New(framing.Options{Sender: framing.Client, Look: v.look})
		_, last := drive(t, m, v.in, whole)
		if last.Event != framing.EventBroken && last.Event != framing.EventRefused {
			t.Fatalf("%s: %+v", name, last)
		}
		m.End(bye)
		if s := m.Flush(); !bytes.Equal(s.Out, bye) || s.Event != framing.EventEnded {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

func TestEndWhilePausedDropsTheMessage(t *testing.T) {
	bye := framing.Close{Code: 1012}.Frame(&testKey)
	m := framing.New(framing.Options{Sender: framing.Client, Look: func(framing.Message) framing.Verdict {
		return framing.Verdict{Action: framing.Pause}
	}})
	drive(t, m, frame(true, true, framing.Text, "x"), whole)
	m.End(bye)
	if s := m.Flush(); !bytes.Equal(s.Out, bye) || s.Event != framing.EventEnded {
		t.Errorf("%+v", s)
	}
	if s := m.Resume(framing.Verdict{}); !s.Idle() {
		t.Errorf("resumed after the end: %+v", s)
	}
	if s := m.Feed(frame(true, true, framing.Text, "y")); len(s.Out) > 0 || s.Event != framing.EventMore {
		t.Errorf("fed after the end: %+v", s)
	}
}

func TestBehindTheSendersCloseNothingGoesOut(t *testing.T) {
	closing := framing.Close{Code: 1000}.Frame(&testKey)
	for name, look := range map[string]framing.Look{"unread": nil, "looked": passAll} {
		m := framing.New(framing.Options{Sender: framing.Client, Look: look})
		if out, _ := drive(t, m, closing, whole); !bytes.Equal(out, closing) {
			t.Fatalf("%s: %x", name, out)
		}
		m.Insert(closing)
		m.End(closing)
		if s := m.Flush(); !s.Idle() {
			t.Errorf("%s: %+v", name, s)
		}
	}
}
