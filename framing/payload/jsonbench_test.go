package payload_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/framing/payload"
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
	j := payload.JSON{AllFrames: true}
	for _, c := range []struct {
		name string
		msg  []byte
		b    payload.Bound
		want float64
	}{
		{"an unread message", plainMessage, payload.Bound{}, 0},
		{"an unread message of a client that opted in", plainMessage, payload.Bound{OptedIn: true, Pinned: true}, 0},
		{"a read message without a token", append([]byte(`{"x":"\u0041",`), plainMessage[1:]...), payload.Bound{}, 0},
		{"a later init: token, instance and the message", initMessage, payload.Bound{}, 3},
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
	j := payload.JSON{AllFrames: true}
	for _, c := range []struct {
		name  string
		msg   []byte
		bound payload.Bound
	}{
		{"unread 1 KiB", plainMessage, payload.Bound{}},
		{"unread 1 KiB opted in", plainMessage, payload.Bound{OptedIn: true}},
		{"unread 64 KiB", bytes.Repeat(plainMessage, 62), payload.Bound{}},
		{"read 1 KiB", append([]byte(`{"x":"\u0041",`), plainMessage[1:]...), payload.Bound{}},
		{"init", initMessage, payload.Bound{}},
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
