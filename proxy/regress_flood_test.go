package proxy_test

import (
	"strings"
	"sync/atomic"
	"testing"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/proxy"
)

// Answers wait in memory for a client that does not read them.
func TestAClientThatAsksAllTheTimeIsNotAnsweredAllTheTime(t *testing.T) {
	r := newRig(t)
	c, _ := r.optedIn(r.good("ada"))
	c.wantText("ack:" + stripped)
	for range 500 {
		c.text(refreshMessage(""))
	}
	c.text("alive")
	answers := 0
	for m := c.read(); m.payload != "ack:alive"; m = c.read() {
		if !strings.Contains(m.payload, "auth.error") {
			t.Fatalf("%q", m.payload)
		}
		answers++
	}
	if answers == 0 || answers > 20 {
		t.Errorf("500 refreshes at once got %d answers", answers)
	}
	if len(r.server.Live("ada")) != 1 {
		t.Error("the connection is gone")
	}
}

// slowStore answers no logout until it is told to.
type slowStore struct {
	asked atomic.Int64
	open  chan struct{}
}

func (s *slowStore) Check(authz.Decision) (authz.Code, authz.Reason) { return "", "" }

func (s *slowStore) Logout(authz.Decision) error {
	s.asked.Add(1)
	<-s.open
	return nil
}

func TestLogoutsDoNotPileUpAtAStoreThatHangs(t *testing.T) {
	store := &slowStore{open: make(chan struct{})}
	r := newRig(t, func(c *proxy.Config) { c.Revocations = store })
	c, _ := r.optedIn(r.good("ada"))
	c.wantText("ack:" + stripped)
	for range 200 {
		c.text(`{"type":"auth.logout"}`)
	}
	c.text("alive").wantText("ack:alive")
	eventually(t, "a logout", func() bool { return store.asked.Load() > 0 })
	asked := store.asked.Load()
	close(store.open)
	if asked != 1 {
		t.Errorf("%d logouts of one connection wait for the store", asked)
	}
	c.hear("auth.error")
	c.wantClose(4403, "SESSION_REVOKED")
}
