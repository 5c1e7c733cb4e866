package engine_test

import (
	"fmt"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/proxy/engine"
)

// Attack 27.
func TestTheClientNeverSeesAForbiddenCloseOfTheUpstream(t *testing.T) {
	payload := func(code int, reason string) string { return string([]byte{byte(code >> 8), byte(code)}) + reason }
	for name, p := range map[string]string{
		"1005": payload(1005, ""), "1006": payload(1006, ""), "1015": payload(1015, ""),
		"999": payload(999, ""), "5000": payload(5000, ""), "one byte": "\x03",
		"a reason of 124 bytes":     payload(1000, strings.Repeat("x", 124)),
		"a reason that is no UTF-8": payload(1000, "\xff\xfe"),
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, quick, nil)
			r.send(r.upstream, serverFrame(framing.CloseFrame, p))
			r.expectClose(r.client, framing.Close{Code: 1011})
			r.expectClose(r.upstream, framing.Close{Code: 1002})
			if rest, _ := r.expectEnd(r.client); len(rest) > 0 {
				t.Errorf("behind the close came %x", rest)
			}
			r.result()
		})
	}
}

func TestClosesPassAsTheyCameAndTheUpstreamHangsUpFirst(t *testing.T) {
	for _, first := range []engine.By{engine.ByClient, engine.ByUpstream} {
		for _, c := range []framing.Close{{}, {Code: 1000}, {Code: 4999, Reason: strings.Repeat("r", 123)}} {
			t.Run(fmt.Sprint(first, c.Code), func(t *testing.T) {
				r := start(t, engine.Goroutines{}, nil)
				up := func() { r.send(r.client, c.Frame(&key)); r.expect(r.upstream, c.Frame(&key)) }
				down := func() { r.send(r.upstream, c.Frame(nil)); r.expect(r.client, c.Frame(nil)) }
				if first == engine.ByClient {
					up()
					down()
				} else {
					down()
					up()
				}
				r.upstream.CloseWrite()
				if rest, reset := r.expectEnd(r.client); len(rest) > 0 || reset {
					t.Errorf("got %x, reset %v", rest, reset)
				}
				r.client.CloseWrite()
				r.expectEnd(r.upstream)
				if res := r.result(); res.By != first || res.Code != c.Code || res.Cause != nil {
					t.Errorf("%+v", res)
				}
			})
		}
	}
}

func TestNothingIsRelayedBehindAClose(t *testing.T) {
	r := start(t, quick, nil)
	c := framing.Close{Code: 1000}.Frame(&key)
	r.send(r.client, append(c[:len(c):len(c)], clientFrame(framing.Text, "more")...))
	r.expect(r.upstream, c)
	if rest, _ := r.expectEnd(r.upstream); len(rest) > 0 {
		t.Errorf("behind the close came %x", rest)
	}
	r.result()
}

func TestSyncwardAnswersAClientsCloseInTheUpstreamsPlace(t *testing.T) {
	r := start(t, quick, nil)
	c := framing.Close{Code: 4001, Reason: "bye"}
	r.send(r.client, c.Frame(&key))
	r.expect(r.upstream, c.Frame(&key))
	r.send(r.upstream, serverFrame(framing.Text, "still talking"))
	r.expect(r.client, serverFrame(framing.Text, "still talking"))
	r.expectClose(r.client, c)
	r.expectEnd(r.client)
	r.expectEnd(r.upstream)
	if res := r.result(); res.By != engine.ByClient || res.Code != 4001 || res.TimedOut {
		t.Errorf("%+v", res)
	}
}

func TestAfterACloseEverybodyIsGoneInTime(t *testing.T) {
	for name, end := range map[string]func(*rig){
		"the client never answers": func(r *rig) {
			r.send(r.upstream, framing.Close{Code: 1000}.Frame(nil))
			r.expectClose(r.client, framing.Close{Code: 1000})
		},
		"nobody hangs up": func(r *rig) {
			r.send(r.upstream, framing.Close{Code: 1000}.Frame(nil))
			r.send(r.client, framing.Close{Code: 1000}.Frame(&key))
		},
		"the upstream goes on and on": func(r *rig) {
			r.send(r.client, framing.Close{Code: 1000}.Frame(&key))
			r.send(r.upstream, serverFrame(framing.Binary, strings.Repeat("x", 1000))[:500])
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, quick, nil)
			end(r)
			r.result()
			r.expectEnd(r.client)
			r.expectEnd(r.upstream)
		})
	}
}

func TestAFinIsPassedOnAndTheOtherDirectionGoesOn(t *testing.T) {
	r := start(t, engine.Goroutines{}, nil)
	r.client.CloseWrite()
	if rest, reset := r.expectEnd(r.upstream); len(rest) > 0 || reset {
		t.Errorf("the upstream got %x, reset %v", rest, reset)
	}
	f := serverFrame(framing.Text, "the rest")
	r.send(r.upstream, f)
	r.expect(r.client, f)
	r.upstream.CloseWrite()
	r.expectEnd(r.client)
	if res := r.result(); res.By != engine.ByClient || res.Code != 0 {
		t.Errorf("%+v", res)
	}
}

func TestAHalfClosedConnectionEndsInTime(t *testing.T) {
	r := start(t, quick, nil)
	r.upstream.CloseWrite()
	r.expectEnd(r.client)
	if res := r.result(); res.By != engine.ByUpstream || res.Code != 0 {
		t.Errorf("%+v", res)
	}
}

func TestALostConnectionIsPassedOnAsAReset(t *testing.T) {
	for _, by := range []engine.By{engine.ByClient, engine.ByUpstream} {
		t.Run(string(by), func(t *testing.T) {
			r := start(t, engine.Goroutines{}, nil)
			f := clientFrame(framing.Text, "x")
			r.send(r.client, f)
			r.expect(r.upstream, f)
			lost, other := r.client, r.upstream
			if by == engine.ByUpstream {
				lost, other = other, lost
			}
			lost.SetLinger(0)
			lost.Close()
			if rest, reset := r.expectEnd(other); len(rest) > 0 || !reset {
				t.Errorf("got %x, reset %v: want a reset and no invented close", rest, reset)
			}
			if res := r.result(); res.By != by || res.Code != 0 {
				t.Errorf("%+v", res)
			}
		})
	}
}

func TestEndWhenTheConnectionIsOverDoesNothing(t *testing.T) {
	r := start(t, engine.Goroutines{}, nil)
	r.hangUp()
	r.conn.End(revoked)
	r.conn.Insert(engine.ToClient, serverFrame(framing.Text, "x"))
	r.conn.Resume(engine.ToClient, framing.Verdict{})
	select {
	case res := <-r.done:
		t.Errorf("Done came twice: %+v", res)
	case <-time.After(50 * time.Millisecond):
	}
}

func TestNoGoroutineOutlivesItsConnection(t *testing.T) {
	before := runtime.NumGoroutine()
	var rigs []*rig
	for i := range 60 {
		r := start(t, quick, func(p *engine.Pipe) {
			if i%4 == 3 {
				p.Up.Look = func(framing.Message) framing.Verdict { return framing.Verdict{Action: framing.Pause} }
			}
		})
		r.send(r.client, clientFrame(framing.Text, "x"))
		rigs = append(rigs, r)
	}
	for i, r := range rigs {
		switch i % 4 {
		case 0:
			r.client.Close()
		case 1:
			r.upstream.Close()
		default:
			r.conn.Insert(engine.ToClient, serverFrame(framing.Text, "x"))
			r.conn.End(revoked)
		}
	}
	for _, r := range rigs {
		r.result()
	}
	for end := time.Now().Add(safety); runtime.NumGoroutine() > before; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			buf := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, before %d\n%s", runtime.NumGoroutine(), before, buf[:runtime.Stack(buf, true)])
		}
	}
}

// slowReturn is a client whose Write returns only when it is let go.
type slowReturn struct {
	net.Conn
	release chan struct{}
}

func (s *slowReturn) Write(b []byte) (int, error) {
	n, err := s.Conn.Write(b)
	<-s.release
	return n, err
}

func TestAQuickAnswerDoesNotPassForTheFirstClose(t *testing.T) {
	release := make(chan struct{})
	r := start(t, engine.Goroutines{}, func(p *engine.Pipe) { p.Client = &slowReturn{p.Client, release} })
	c := framing.Close{Code: 1001}
	r.send(r.upstream, c.Frame(nil))
	r.expect(r.client, c.Frame(nil))
	r.send(r.client, c.Frame(&key))
	r.expect(r.upstream, c.Frame(&key))
	close(release)
	r.client.Close()
	r.upstream.Close()
	if res := r.result(); res.By != engine.ByUpstream || res.Code != 1001 {
		t.Errorf("%+v", res)
	}
}
