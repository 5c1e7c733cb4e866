package targets

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"net"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/syncward/syncward/bench/internal/peers"
	"github.com/syncward/syncward/bench/internal/wire"
)

// message is one of a conversation, and how it is cut into frames.
type message struct {
	opcode  byte
	payload []byte
	frames  int
}

// conversation makes up messages of all sizes and cuts, the same for the same
// seed.
func conversation(seed uint64) (list []message) {
	r := rand.New(rand.NewPCG(seed, 0))
	for range 40 {
		payload := make([]byte, r.IntN(1<<r.IntN(18)))
		for i := range payload {
			payload[i] = 'a' + byte(r.IntN(26)) // text must be UTF-8
		}
		list = append(list, message{[]byte{wire.Text, wire.Binary}[r.IntN(2)], payload, 1 + r.IntN(4)})
	}
	return list
}

// encode writes a message in its frames, with a ping ahead of the last.
func (m message) encode(dst []byte) []byte {
	rest, opcode := m.payload, m.opcode
	for left := m.frames; left > 0; left-- {
		part := rest[:len(rest)/left]
		rest = rest[len(part):]
		if left == 1 {
			dst = wire.AppendFrame(dst, wire.Header{Fin: true, Opcode: wire.Ping, Masked: true, Mask: [4]byte{1, 1, 2, 3}}, []byte("?"))
		}
		dst = wire.AppendFrame(dst, wire.Header{Fin: left == 1, Opcode: opcode, Masked: true, Mask: [4]byte{5, 8, 13, byte(left)}}, part)
		opcode = wire.Continuation
	}
	return dst
}

var errEnough = errors.New("all came")

// talk sends the conversation and returns the messages that come back; how
// they are cut, and control frames, are the proxy's own business.
func talk(t *testing.T, conn net.Conn, list []message) (heard []message) {
	t.Helper()
	conn.SetDeadline(time.Now().Add(30 * time.Second))
	go func() {
		var b []byte
		for _, m := range list {
			b = m.encode(b[:0])
			if _, err := conn.Write(b); err != nil {
				return // the reader says so
			}
		}
	}()
	var scan wire.Scanner
	var current message
	buf := make([]byte, 64<<10)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			t.Fatalf("after %d messages: %v", len(heard), err)
		}
		err = scan.Feed(buf[:n], func(h wire.Header, at int64, run []byte, end bool) error {
			if h.Control() {
				return nil
			}
			if at == 0 && h.Opcode != wire.Continuation && current.payload == nil {
				current = message{opcode: h.Opcode, payload: []byte{}}
			}
			current.payload = append(current.payload, run...)
			if end && h.Fin {
				heard, current = append(heard, current), message{}
			}
			if len(heard) == len(list) {
				return errEnough
			}
			return nil
		})
		if errors.Is(err, errEnough) {
			return heard
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// koding/websocketproxy is the oracle: it shares no line with Syncward.
func TestSyncwardRelaysTheMessagesThatKodingRelays(t *testing.T) {
	l := lab(t)
	l.binaries.Syncward = filepath.Join(t.TempDir(), "syncward")
	build := exec.Command("go", "build", "-o", l.binaries.Syncward, "./cmd/syncward")
	build.Dir = "../../.."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	addr, err := freeAddr()
	if err != nil {
		t.Fatal(err)
	}
	serve, _ := peers.ByName("koding")
	go serve(peers.Config{Listen: addr, Upstream: l.Upstream})
	if err := (&Process{Addr: addr.String()}).ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	proxies := map[string]Target{addr.String(): {Name: "koding"}}
	for _, target := range All {
		if target.Role == Ours {
			p, err := l.Start(t.Context(), target)
			if err != nil {
				t.Fatal(err)
			}
			defer p.Stop()
			proxies[p.Addr] = target
		}
	}
	for seed := range uint64(5) {
		sent := conversation(seed)
		for proxy, target := range proxies {
			conn, _, err := l.Client(target, proxy).Open(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for i, got := range talk(t, conn, sent) {
				if got.opcode != sent[i].opcode || !bytes.Equal(got.payload, sent[i].payload) {
					t.Fatalf("%s, seed %d: message %d of %d bytes came back otherwise", target.Name, seed, i, len(sent[i].payload))
				}
			}
			conn.Close()
		}
	}
}
