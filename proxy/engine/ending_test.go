package engine_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/proxy/engine"
)

var (
	toClient   = framing.Close{Code: 4403, Reason: "SESSION_REVOKED"}
	toUpstream = framing.Close{Code: 1001}
	revoked    = engine.Ending{ToClient: toClient, ToUpstream: toUpstream}
)

func TestEndTellsBothSidesAndWaitsForTheClientsAnswer(t *testing.T) {
	r := start(t, engine.Goroutines{Answer: safety}, nil)
	f := clientFrame(framing.Text, "before")
	r.send(r.client, f)
	r.expect(r.upstream, f)
	e := revoked
	e.Before = serverFrame(framing.Text, "auth.error")
	r.conn.End(e)
	r.conn.End(engine.Ending{ToClient: framing.Close{Code: 1012}}) // the first call counts
	r.conn.Insert(engine.ToClient, serverFrame(framing.Text, "late"))
	r.expect(r.client, e.Before)
	r.expectClose(r.client, toClient)
	r.expectClose(r.upstream, toUpstream)
	r.send(r.client, clientFrame(framing.Text, "never relayed"))
	r.send(r.client, toClient.Frame(&key))
	if rest, reset := r.expectEnd(r.client); len(rest) > 0 || reset {
		t.Errorf("behind the close came %x, reset %v", rest, reset)
	}
	r.upstream.CloseWrite()
	if rest, _ := r.expectEnd(r.upstream); len(rest) > 0 {
		t.Errorf("behind the close the upstream got %x", rest)
	}
	if res := r.result(); res.By != engine.BySyncward || res.Code != 4403 || res.TimedOut {
		t.Errorf("%+v", res)
	}
}

func TestEndDoesNotWaitForEverForAnAnswer(t *testing.T) {
	r := start(t, quick, nil)
	r.conn.End(revoked)
	r.expectClose(r.client, toClient)
	r.expectClose(r.upstream, toUpstream)
	r.expectEnd(r.client)
	r.expectEnd(r.upstream)
	if res := r.result(); res.TimedOut {
		t.Errorf("%+v: the close frame was out in time", res)
	}
}

func TestEndWaitsForTheFrameInFlightAndSkipsBeforeInsideAMessage(t *testing.T) {
	r := start(t, engine.Goroutines{Boundary: safety, Answer: 200 * time.Millisecond}, nil)
	fragment := framing.AppendFrame(nil, false, framing.Text, []byte("half a message"), nil)
	r.send(r.upstream, fragment[:6])
	r.expect(r.client, fragment[:6])
	e := revoked
	e.Before = serverFrame(framing.Text, "has no place here")
	r.conn.End(e)
	r.expectClose(r.upstream, toUpstream)
	r.send(r.upstream, append(fragment[6:], framing.AppendFrame(nil, true, framing.Continuation, []byte("dropped"), nil)...))
	r.expect(r.client, fragment[6:])
	r.expectClose(r.client, toClient)
	if rest, _ := r.expectEnd(r.client); len(rest) > 0 {
		t.Errorf("behind the close came %x", rest)
	}
	r.result()
}

func TestEndInTheMiddleOfAFrameResetsTheClient(t *testing.T) {
	r := start(t, quick, nil)
	f := serverFrame(framing.Text, "never finished")
	r.send(r.upstream, f[:5])
	r.expect(r.client, f[:5])
	r.conn.End(revoked)
	if rest, reset := r.expectEnd(r.client); len(rest) > 0 || !reset {
		t.Errorf("got %x, reset %v: want a reset and no half close", rest, reset)
	}
	if res := r.result(); !res.TimedOut || res.Code != 4403 {
		t.Errorf("%+v", res)
	}
}

func TestEndResetsAClientThatReadsNothing(t *testing.T) {
	r := start(t, quick, nil)
	standsStill(t, flood(r.upstream, serverFrame(framing.Binary, strings.Repeat("x", 1<<20))))
	r.conn.End(revoked)
	if res := r.result(); !res.TimedOut {
		t.Errorf("%+v", res)
	}
}

func TestEndCutsAnUpstreamThatIsInTheMiddleOfAFrame(t *testing.T) {
	r := start(t, engine.Goroutines{Answer: 2 * safety}, nil)
	f := clientFrame(framing.Text, "never finished")
	r.send(r.client, f[:9])
	r.expect(r.upstream, f[:9])
	r.conn.End(revoked)
	r.send(r.client, f[9:])
	r.expectClose(r.client, toClient)
	if rest, _ := r.expectEnd(r.upstream); len(rest) > 0 {
		t.Errorf("the upstream got %x behind half a frame", rest)
	}
	r.hangUp()
}

func TestEndResetsAClientWhoseFrameCanNeverBeFinished(t *testing.T) {
	r := start(t, engine.Goroutines{Boundary: 2 * safety}, nil)
	f := serverFrame(framing.Text, "never finished")
	r.send(r.upstream, f[:5])
	r.expect(r.client, f[:5])
	r.conn.End(revoked)
	r.upstream.CloseWrite()
	if rest, reset := r.expectEnd(r.client); len(rest) > 0 || !reset {
		t.Errorf("got %x, reset %v", rest, reset)
	}
	if res := r.result(); !res.TimedOut {
		t.Errorf("%+v", res)
	}
}

func TestFurtherEndsDoNotPutTheResetOff(t *testing.T) {
	r := start(t, quick, nil)
	f := serverFrame(framing.Text, "never finished")
	r.send(r.upstream, f[:5])
	r.expect(r.client, f[:5])
	for end := time.Now().Add(safety); ; time.Sleep(quick.Boundary / 5) {
		r.conn.End(revoked)
		select {
		case res := <-r.done:
			if !res.TimedOut {
				t.Errorf("%+v", res)
			}
			return
		default:
		}
		if time.Now().After(end) {
			t.Fatal("never reset")
		}
	}
}

func TestAfterEndNoClientByteReachesAnUpstreamThatReadsLate(t *testing.T) {
	r := start(t, quick, nil)
	r.upstream.SetReadBuffer(16 << 10)
	message := clientFrame(framing.Binary, strings.Repeat("x", 1016)) // 1 KiB in all
	standsStill(t, flood(r.client, bytes.Repeat(message, 64)))
	r.conn.End(revoked)
	got, _ := r.expectEnd(r.upstream)
	res := r.result()
	if int64(len(got)) >= res.BytesUp {
		t.Errorf("%d bytes arrived of %d: the write that was under way went on", len(got), res.BytesUp)
	}
	for len(got) >= len(message) && bytes.HasPrefix(got, message) {
		got = got[len(message):]
	}
	if !bytes.HasPrefix(message, got) && (len(got) < 2 || got[0] != 0x88 || len(got) != 2+4+2) {
		t.Errorf("the upstream's stream ends with %x", got)
	}
	if res.Code != 4403 || res.TimedOut {
		t.Errorf("%+v: a stalled upstream made the client's close late", res)
	}
}

// Attack 30: relay, pings, inserts and the close all at once.
func TestFramesStayWholeWhileManyWriteAndEnd(t *testing.T) {
	// A client that no close frame reaches in time is reset, in the middle of a
	// frame: here the machine's other load must not make it one.
	patient := quick
	patient.Boundary = safety
	for range 8 {
		r := start(t, patient, nil)
		go func() {
			for {
				if _, err := r.upstream.Write(serverFrame(framing.Text, strings.Repeat("u", 300))); err != nil {
					return
				}
			}
		}()
		go func() {
			for {
				if _, err := r.client.Write(clientFrame(framing.Ping, "c")); err != nil {
					return
				}
			}
		}()
		go io.Copy(io.Discard, r.upstream)
		var wg sync.WaitGroup
		for i := range 10 {
			wg.Go(func() {
				for range 50 {
					r.conn.Insert(engine.ToClient, serverFrame(framing.Text, strings.Repeat("i", 100)))
				}
				if i%2 == 0 {
					r.conn.End(revoked)
				}
			})
		}
		got, _ := r.expectEnd(r.client)
		wg.Wait()
		if res := r.result(); res.TimedOut {
			t.Fatalf("no frame boundary came within %v", safety)
		}
		for len(got) > 0 {
			h, n, err := framing.ParseHeader(got)
			if err != nil || n == 0 || int(h.Length) > len(got)-n {
				t.Fatalf("a torn frame: %.20x, %v", got, err)
			}
			payload := got[n : n+int(h.Length)]
			got = got[n+int(h.Length):]
			if h.Opcode == framing.CloseFrame {
				if c, err := framing.ParseClose(payload); c != toClient || err != nil || len(got) > 0 {
					t.Fatalf("close %+v, %v, and %d bytes behind it", c, err, len(got))
				}
				got = nil
				continue
			}
			if len(bytes.Trim(payload, "u")) > 0 && len(bytes.Trim(payload, "i")) > 0 {
				t.Fatalf("mixed payload %q", payload)
			}
			if len(got) == 0 {
				t.Fatal("no close frame at the end")
			}
		}
	}
}

func TestARefusalGoesThroughTheDoor(t *testing.T) {
	cause := errors.New("not yours")
	r := start(t, quick, func(p *engine.Pipe) {
		p.Up.Look = func(m framing.Message) framing.Verdict {
			if string(m.Payload) == "bad" {
				return framing.Verdict{Action: framing.Refuse, Cause: cause}
			}
			return framing.Verdict{}
		}
		p.Refused = func(err error) engine.Ending {
			if err != cause {
				t.Errorf("refused with %v", err)
			}
			return engine.Ending{ToClient: framing.Close{Code: 4403, Reason: "FORBIDDEN"}, ToUpstream: toUpstream}
		}
	})
	good := clientFrame(framing.Text, "good")
	r.send(r.client, append(append(good, clientFrame(framing.Text, "bad")...), good...))
	r.expect(r.upstream, good[:len(good):len(good)])
	r.expectClose(r.upstream, toUpstream)
	r.expectClose(r.client, framing.Close{Code: 4403, Reason: "FORBIDDEN"})
	if res := r.result(); res.Cause != cause || res.Code != 4403 || res.By != engine.BySyncward {
		t.Errorf("%+v", res)
	}
}

func TestWhoBreaksTheProtocolGets1002AndTheOther1011(t *testing.T) {
	big := strings.Repeat("x", 101)
	tooBig := framing.Close{Code: 1009, Reason: "MESSAGE_TOO_BIG"}
	violation, broken := framing.Close{Code: 1002}, framing.Close{Code: 1011}
	for name, v := range map[string]struct {
		client, upstream     []byte
		toClient, toUpstream framing.Close
	}{
		"an unmasked client frame":        {client: serverFrame(framing.Text, "x"), toClient: violation, toUpstream: broken},
		"a reserved opcode of the client": {client: []byte{0x83, 0x80, 0, 0, 0, 0}, toClient: violation, toUpstream: broken},
		"a masked upstream frame":         {upstream: clientFrame(framing.Text, "x"), toClient: broken, toUpstream: violation},
		"a big client message":            {client: clientFrame(framing.Text, big), toClient: tooBig, toUpstream: tooBig},
		"a big upstream message":          {upstream: serverFrame(framing.Text, big), toClient: tooBig, toUpstream: tooBig},
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, quick, func(p *engine.Pipe) { p.Up.MaxMessage, p.Down.MaxMessage = 100, 100 })
			if v.client != nil {
				r.send(r.client, v.client)
			} else {
				r.send(r.upstream, v.upstream)
			}
			r.expectClose(r.client, v.toClient)
			r.expectClose(r.upstream, v.toUpstream)
			if res := r.result(); res.By != engine.BySyncward || res.Code != 1002 && res.Code != 1009 {
				t.Errorf("%+v", res)
			}
		})
	}
}

// stalled is an upstream whose socket takes nothing while stuck, until a write
// deadline is set.
type stalled struct {
	net.Conn
	stuck    atomic.Bool
	writing  chan struct{}
	deadline chan struct{}
}

func (s *stalled) Write(b []byte) (int, error) {
	if !s.stuck.CompareAndSwap(true, false) {
		return s.Conn.Write(b)
	}
	close(s.writing)
	<-s.deadline
	return 0, os.ErrDeadlineExceeded
}

func (s *stalled) SetWriteDeadline(t time.Time) error {
	if t.Before(time.Now()) {
		close(s.deadline)
		return nil
	}
	return s.Conn.SetWriteDeadline(t)
}

func TestTheUpstreamGetsItsCloseWhereABatchWasStoppedBeforeItBegan(t *testing.T) {
	s := &stalled{writing: make(chan struct{}), deadline: make(chan struct{})}
	r := start(t, quick, func(p *engine.Pipe) {
		s.Conn = p.Upstream
		p.Upstream = s
	})
	f := clientFrame(framing.Text, "relayed")
	r.send(r.client, f)
	r.expect(r.upstream, f)
	s.stuck.Store(true)
	r.send(r.client, clientFrame(framing.Text, "stopped")[:8])
	<-s.writing
	r.conn.End(revoked)
	r.expectClose(r.upstream, toUpstream)
	r.expectClose(r.client, toClient)
	r.result()
}
