//go:build !race

// The race detector lets pools forget what was put back, so these run without it.

package framing_test

import (
	"strings"
	"testing"

	"github.com/syncward/syncward/framing"
)

// TestTheHotPathAllocatesNothing: in each case a read of many frames, the last
// of them incomplete.
func TestTheHotPathAllocatesNothing(t *testing.T) {
	frames := join(frame(true, true, framing.Text, strings.Repeat("x", 128)), frame(true, true, framing.Ping, "p"),
		frame(true, true, framing.Binary, strings.Repeat("x", 3000)))
	for name, o := range map[string]framing.Options{
		"unread": {Sender: framing.Client, MaxMessage: 1 << 20},
		"looked": {Sender: framing.Client, MaxMessage: 1 << 20, Look: passAll},
	} {
		m := framing.New(o)
		got := testing.AllocsPerRun(1000, func() {
			if s := m.Feed(frames); s.N != len(frames) || &s.Out[0] != &frames[0] || len(s.Out) != len(frames) {
				t.Fatalf("%s: %d of %d bytes in one step, or they were copied", name, s.N, len(frames))
			}
			m.Feed(nil)
		})
		if got != 0 {
			t.Errorf("%s: %v allocations", name, got)
		}
	}
}

// TestAMessageInTwoReadsAllocatesNothing: buffers come from the pool and go back.
func TestAMessageInTwoReadsAllocatesNothing(t *testing.T) {
	in := frame(true, true, framing.Text, strings.Repeat("x", 3000))
	m := framing.New(framing.Options{Sender: framing.Client, Look: passAll})
	got := testing.AllocsPerRun(1000, func() {
		m.Feed(in[:1000])
		if s := m.Feed(in[1000:]); len(s.Out) != len(in) {
			t.Fatalf("%d bytes came out", len(s.Out))
		}
		m.Feed(nil)
	})
	if got != 0 {
		t.Errorf("%v allocations", got)
	}
}

// BenchmarkFrames walks a 32 KiB read full of frames of 128 bytes.
func BenchmarkFrames(b *testing.B) {
	one := frame(true, true, framing.Text, strings.Repeat("x", 128))
	in := []byte(strings.Repeat(string(one), 32<<10/len(one)))
	count := len(in) / len(one)
	for name, o := range map[string]framing.Options{
		"unread": {Sender: framing.Client, MaxMessage: 1 << 20},
		"looked": {Sender: framing.Client, MaxMessage: 1 << 20, Look: passAll},
	} {
		b.Run(name, func(b *testing.B) {
			m := framing.New(o)
			b.ReportAllocs()
			for b.Loop() {
				if s := m.Feed(in); s.N != len(in) {
					b.Fatal(s.N)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*count), "ns/frame")
		})
	}
}
