package framing_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/syncward/syncward/framing"
)

var (
	plainMessage = []byte(`{"type":"event","event":{"name":"v1.TodoCreated","args":{"text":"` + strings.Repeat("lorem ipsum ", 80) + `"}}}`)
	initMessage  = []byte(`{"type":"init","instanceId":"room-1","authToken":"` + strings.Repeat(token, 6) + `","version":3}`)
)

// fewest gives the allocations of one call of f with a warm pool: the least of
// many, since the race detector empties pools now and then.
func fewest(f func()) float64 {
	least := testing.AllocsPerRun(1, f)
	for range 50 {
		least = min(least, testing.AllocsPerRun(1, f))
	}
	return least
}

func TestReadingAllocatesLittle(t *testing.T) {
	j := framing.JSON{AllFrames: true}
	for _, c := range []struct {
		name string
		msg  []byte
		b    framing.Bound
		want float64
	}{
		{"an unread message", plainMessage, framing.Bound{}, 0},
		{"an unread message of a client that opted in", plainMessage, framing.Bound{OptedIn: true, Pinned: true}, 0},
		{"a read message without a token", append([]byte(`{"x":"\u0041",`), plainMessage[1:]...), framing.Bound{}, 0},
		{"a later init: token, instance and the message", initMessage, framing.Bound{}, 3},
	} {
		got := fewest(func() {
			if _, err := j.Later(framing.Text, c.msg, c.b); err != nil {
				t.Fatal(err)
			}
		})
		if got > c.want {
			t.Errorf("%s: %v allocations, want at most %v", c.name, got, c.want)
		}
	}
}

func BenchmarkJSONLater(b *testing.B) {
	j := framing.JSON{AllFrames: true}
	for _, c := range []struct {
		name  string
		msg   []byte
		bound framing.Bound
	}{
		{"unread 1 KiB", plainMessage, framing.Bound{}},
		{"unread 1 KiB opted in", plainMessage, framing.Bound{OptedIn: true}},
		{"unread 64 KiB", bytes.Repeat(plainMessage, 62), framing.Bound{}},
		{"read 1 KiB", append([]byte(`{"x":"\u0041",`), plainMessage[1:]...), framing.Bound{}},
		{"init", initMessage, framing.Bound{}},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.msg)))
			b.ReportAllocs()
			for b.Loop() {
				_, _ = j.Later(framing.Text, c.msg, c.bound)
			}
		})
	}
}
