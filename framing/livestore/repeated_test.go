package livestore_test

import (
	"bytes"
	"crypto/sha256"
	"strings"
	"testing"

	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/framing/livestore"
	"github.com/syncward/syncward/framing/payload"
)

// repeated is a push of 1 KiB under a token that was judged before, as a client
// sends one after another.
func repeated() (msg []byte, b payload.Bound) {
	secret := strings.Repeat("eyJhbGciOiJIUzI1NiJ9", 12)
	head := `{"_tag":"Request","id":"7","tag":"SyncWsRpc.Push","payload":{"storeId":"todo-store-1","payload":{"authToken":"` + secret +
		`"},"batch":[{"name":"v1.TodoCreated","args":{"id":"4f1c","text":"`
	tail := `"},"seqNum":1,"parentSeqNum":0,"clientId":"c","sessionId":"s"}],"backendId":{"_tag":"Some","value":"b"}},"headers":[]}`
	msg = []byte(head + strings.Repeat("lorem ipsum ", 86)[:1024-len(head)-len(tail)] + tail)
	b = bound
	b.LastToken = sha256.Sum256([]byte(secret))
	b.Room = make([]byte, 0, 4<<10)
	return msg, b
}

func TestARepeatedTokenIsTakenOutWithoutAnAllocation(t *testing.T) {
	p := livestore.New(livestore.Options{})
	msg, b := repeated()
	got := fewest(func() {
		f, err := p.Later(framing.Text, msg, b)
		if err != nil || !f.HasToken || !f.SameToken || f.Token != "" || &f.Out[0] != &b.Room[:1][0] || bytes.Contains(f.Out, []byte("eyJ")) {
			t.Fatal(err, f.HasToken, f.SameToken)
		}
	})
	if got > 0 {
		t.Errorf("%v allocations", got)
	}
}

func BenchmarkARepeatedToken(b *testing.B) {
	p := livestore.New(livestore.Options{})
	msg, bound := repeated()
	b.SetBytes(int64(len(msg)))
	b.ReportAllocs()
	for b.Loop() {
		_, _ = p.Later(framing.Text, msg, bound)
	}
}
