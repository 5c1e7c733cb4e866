package engine_test

import (
	"bytes"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/proxy/engine"
)

// randomStream makes legal frames of all sizes, fragmented and not.
func randomStream(seed uint64, k *[4]byte, frames int) (s []byte) {
	r := rand.New(rand.NewPCG(seed, 1))
	open := false
	for i := range frames {
		payload := make([]byte, []int{0, 1, 125, 126, 4000, 65535, 65536, 200000}[r.IntN(8)])
		for i := range payload {
			payload[i] = byte(r.Uint32())
		}
		op, fin := framing.Binary, r.IntN(2) == 0 || i == frames-1
		if open {
			op = framing.Continuation
		}
		if r.IntN(5) == 0 && i < frames-1 {
			s = framing.AppendFrame(s, true, framing.Ping, payload[:min(125, len(payload))], k)
			continue
		}
		open = !fin
		s = framing.AppendFrame(s, fin, op, payload, k)
	}
	return s
}

func TestBothDirectionsArriveByteForByte(t *testing.T) {
	var bytesUp, bytesDown atomic.Int64
	r := start(t, engine.Goroutines{}, func(p *engine.Pipe) {
		p.Count = func(d engine.Direction, b, _ int64) {
			if d == engine.ToUpstream {
				bytesUp.Add(b)
			} else {
				bytesDown.Add(b)
			}
		}
	})
	up, down := randomStream(1, &key, 60), randomStream(2, nil, 60)
	var wg sync.WaitGroup
	for _, end := range []struct {
		name      string
		from, to  io.ReadWriter
		stream    []byte
		closeFrom func() error
	}{{"up", r.client, r.upstream, up, r.client.CloseWrite}, {"down", r.upstream, r.client, down, r.upstream.CloseWrite}} {
		wg.Go(func() {
			chunks := rand.New(rand.NewPCG(7, 7))
			for rest := end.stream; len(rest) > 0; {
				n := min(len(rest), 1+chunks.IntN(100000))
				if _, err := end.from.Write(rest[:n]); err != nil {
					t.Error(end.name, err)
				}
				rest = rest[n:]
			}
			end.closeFrom()
		})
		wg.Go(func() {
			got, err := io.ReadAll(end.to)
			if err != nil || !bytes.Equal(got, end.stream) {
				t.Errorf("%s: %d of %d bytes arrived, equal %v, %v", end.name, len(got), len(end.stream), bytes.Equal(got, end.stream), err)
			}
		})
	}
	wg.Wait()
	res := r.result()
	if res.BytesUp != int64(len(up)) || res.BytesDown != int64(len(down)) || res.FramesUp != 60 || res.FramesDown != 60 || res.Code != 0 {
		t.Errorf("%+v", res)
	}
	if bytesUp.Load() != res.BytesUp || bytesDown.Load() != res.BytesDown {
		t.Errorf("counted %d up, %d down", bytesUp.Load(), bytesDown.Load())
	}
}

func TestCountersGrowWhileAConnectionLives(t *testing.T) {
	var frames atomic.Int64
	r := start(t, engine.Goroutines{}, func(p *engine.Pipe) {
		p.Count = func(_ engine.Direction, _, f int64) { frames.Add(f) }
	})
	f := clientFrame(framing.Text, "hello")
	r.send(r.client, f)
	r.expect(r.upstream, f)
	for end := time.Now().Add(safety); frames.Load() != 1; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("one frame has passed, none is counted")
		}
	}
	r.hangUp()
}

func TestWhatWasReadBeforeTheStartGoesFirst(t *testing.T) {
	f, g := clientFrame(framing.Text, "first"), serverFrame(framing.Text, "greeting")
	r := start(t, engine.Goroutines{}, func(p *engine.Pipe) {
		p.FromClient, p.FromUpstream = f[:4], g[:1]
	})
	r.send(r.client, f[4:])
	r.send(r.upstream, g[1:])
	r.expect(r.upstream, f)
	r.expect(r.client, g)
	r.hangUp()
}

func TestASlowReaderHoldsTheSenderBack(t *testing.T) {
	r := start(t, engine.Goroutines{}, nil)
	r.client.SetReadBuffer(64 << 10)
	message := serverFrame(framing.Binary, strings.Repeat("x", 1<<20))
	sent := flood(r.upstream, message)
	standsStill(t, sent)
	if n := sent.Load(); n >= 60<<20 {
		t.Fatalf("%d bytes were taken in for a client that reads nothing", n)
	}
	got, err := io.CopyN(io.Discard, r.client, 64*int64(len(message)))
	if err != nil {
		t.Fatalf("after %d bytes: %v", got, err)
	}
	r.hangUp()
}

func TestAPausedDirectionWaitsAndTheOtherGoesOn(t *testing.T) {
	asked := make(chan struct{}, 1)
	r := start(t, engine.Goroutines{}, func(p *engine.Pipe) {
		p.Down.Look = func(m framing.Message) framing.Verdict {
			if string(m.Payload) != "ack" {
				return framing.Verdict{}
			}
			asked <- struct{}{}
			return framing.Verdict{Action: framing.Pause}
		}
	})
	one, ack, two := serverFrame(framing.Text, "1"), serverFrame(framing.Text, "ack"), serverFrame(framing.Text, "2")
	r.send(r.upstream, bytes.Join([][]byte{one, ack, two}, nil))
	r.expect(r.client, one)
	<-asked
	up := clientFrame(framing.Text, "up")
	r.send(r.client, up)
	r.expect(r.upstream, up)
	inserted := serverFrame(framing.Text, "inserted")
	r.conn.Insert(engine.ToClient, inserted)
	r.expect(r.client, inserted)
	r.conn.Resume(engine.ToClient, framing.Verdict{Action: framing.Rewrite, Payload: []byte("done")})
	r.expect(r.client, serverFrame(framing.Text, "done"))
	r.expect(r.client, two)
	r.hangUp()
}

func TestResumeMayComeFromWithinTheLook(t *testing.T) {
	var conn engine.Conn
	r := start(t, engine.Goroutines{}, func(p *engine.Pipe) {
		p.Started = func(c engine.Conn) { conn = c }
		p.Up.Look = func(framing.Message) framing.Verdict {
			conn.Resume(engine.ToUpstream, framing.Verdict{})
			return framing.Verdict{Action: framing.Pause}
		}
	})
	f := clientFrame(framing.Text, "x")
	for range 100 {
		r.send(r.client, f)
		r.expect(r.upstream, f)
	}
	r.hangUp()
}

func TestAPanicInALookEndsItsConnectionAlone(t *testing.T) {
	r := start(t, engine.Goroutines{}, func(p *engine.Pipe) {
		p.Up.Look = func(m framing.Message) framing.Verdict { panic("secret " + string(m.Payload)) }
	})
	r.send(r.client, clientFrame(framing.Text, "token"))
	if _, reset := r.expectEnd(r.client); !reset {
		t.Error("the client was not reset")
	}
	res := r.result()
	var p *engine.PanicError
	if e, ok := res.Cause.(*engine.PanicError); ok {
		p = e
	}
	if p == nil || !bytes.Contains(p.Stack, []byte("relay_test.go")) || bytes.Contains(p.Stack, []byte("secret token")) || res.By != engine.BySyncward {
		t.Errorf("%+v", res)
	}
}

func TestAPausedConnectionCanBeLost(t *testing.T) {
	paused := make(chan struct{})
	r := start(t, engine.Goroutines{}, func(p *engine.Pipe) {
		p.Up.Look = func(framing.Message) framing.Verdict {
			close(paused)
			return framing.Verdict{Action: framing.Pause}
		}
	})
	r.send(r.client, clientFrame(framing.Text, "x"))
	<-paused
	r.upstream.SetLinger(0)
	r.upstream.Close()
	if res := r.result(); res.By != engine.ByUpstream {
		t.Errorf("%+v", res)
	}
}

func TestWhatIsInsertedAtTheStartComesFirst(t *testing.T) {
	hello, greeting := serverFrame(framing.Text, "auth.ok"), serverFrame(framing.Text, "greeting")
	for range 50 {
		r := start(t, engine.Goroutines{}, func(p *engine.Pipe) {
			p.FromUpstream = greeting
			p.Started = func(c engine.Conn) { c.Insert(engine.ToClient, hello) }
		})
		r.expect(r.client, append(hello[:len(hello):len(hello)], greeting...))
		r.hangUp()
	}
}
