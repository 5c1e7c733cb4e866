package proxy_test

import (
	"context"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/proxy"
)

const ping031 = `{"_tag":"WSMessage.Ping","requestId":"ping"}`

func push031(id string) string {
	return `{"_tag":"WSMessage.PushReq","requestId":"` + id + `","batch":[]}`
}

// clock is what a rig takes for the time, ahead of it by an offset.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// nearItsEnd opens a LiveStore connection whose token's grace ends in half a
// second by the rig's clock, which no timer knows, so that the test ends it.
func nearItsEnd(t *testing.T, change ...func(*proxy.Config)) (*rig, *clock, *conn) {
	t.Helper()
	var now clock
	r := newRig(t, append([]func(*proxy.Config){asLiveStore, atOnce, func(c *proxy.Config) { c.Now = now.now }}, change...)...)
	c := r.open(liveStorePath(r.token("ada", -time.Minute, time.Hour)))
	c.text(push031("early")).wantText("ack:" + push031("early"))
	now.ahead.Store(int64(25*time.Hour - 500*time.Millisecond))
	return r, &now, c
}

// end ends all of a rig's connections from outside.
func (r *rig) end() {
	for _, l := range r.server.Live("") {
		r.server.End(l.ID)
	}
}

// A 0.3.1 client that loses the connection between a push and its answer writes
// its events twice.
func TestAPushIsHeldBackInTheLastSecondBeforeTheEnd(t *testing.T) {
	r, _, c := nearItsEnd(t)
	c.text(ping031).wantText("ack:" + ping031)
	c.text(push031("late")).text(ping031)
	time.Sleep(50 * time.Millisecond) // that it does not come is no event; a mutation lets it through
	r.end()
	c.wantClose(4403, "SESSION_REVOKED")
	if strings.Contains(r.legacy.bytes(), "late") {
		t.Error("a push went upstream that would be cut off from its answer")
	}
}

func TestNothingIsHeldBackWhereTheEndDoesNotCome(t *testing.T) {
	t.Run("in observe", func(t *testing.T) {
		r, _, c := nearItsEnd(t)
		r.policy.set(authz.Observe, 100)
		c.text(push031("late")).wantText("ack:" + push031("late"))
	})
	t.Run("for a message of the other version", func(t *testing.T) {
		r, _, c := nearItsEnd(t)
		c.text(pull("mine", r.good("ada"))).wantText("ack:" + pullStripped)
	})
	t.Run("when the policy changes meanwhile", func(t *testing.T) {
		r, now, c := nearItsEnd(t)
		c.text(push031("late")).text(ping031)
		time.Sleep(50 * time.Millisecond) // until it is held back: that is no event either
		r.policy.set(authz.Observe, 100)
		now.ahead.Store(int64(26 * time.Hour))
		r.server.PolicyChanged()
		c.wantText("ack:" + push031("late"))
		c.wantText("ack:" + ping031)
	})
}

// In a drain the client hears what became of what it pushed, and pushes no more.
func TestADrainWaitsForTheAnswerToAPush(t *testing.T) {
	r := newRig(t, asLiveStore)
	answer := make(chan struct{})
	r.legacy.onFrame = func(c net.Conn, g got) bool {
		if g.Opcode == framing.Text {
			go func() {
				<-answer
				_, _ = c.Write(framing.AppendFrame(nil, true, framing.Text, []byte("ack:"+g.payload), nil))
			}()
		}
		return true
	}
	c := r.open(liveStorePath(r.good("ada"))).text(push031("early"))
	r.legacy.messages(t, 1)
	drained := make(chan error, 1)
	go func() { drained <- r.server.Drain(context.Background()) }()
	eventually(t, "the listener is closed, which comes behind the ends", func() bool {
		other, err := net.Dial("tcp", r.addr)
		if err == nil {
			_ = other.Close()
		}
		return err != nil
	})
	c.text(push031("late"))
	close(answer)
	c.wantText("ack:" + push031("early"))
	c.wantClose(1012, "DRAINING")
	if err := <-drained; err != nil {
		t.Error(err)
	}
	if strings.Contains(r.legacy.bytes(), "late") {
		t.Error("a push went upstream that would be cut off from its answer")
	}
}
