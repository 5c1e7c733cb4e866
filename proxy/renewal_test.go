package proxy_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/proxy"
)

func TestAReconnectWithANewerTokenIsARefresh(t *testing.T) {
	r := newRig(t)
	old, good, newer := r.token("ada", -time.Hour, time.Hour), r.token("ada", -time.Minute, time.Hour), r.token("ada", -time.Second, time.Hour)
	come := func(token string) {
		t.Helper()
		r.open("/sync").text(initFrame(token)).wantText("ack:" + stripped)
	}
	count := func(what string, want int) {
		t.Helper()
		r.seen.mu.Lock()
		defer r.seen.mu.Unlock()
		if r.seen.reconnects != want {
			t.Errorf("%s: %d reconnects with a newer token, want %d", what, r.seen.reconnects, want)
		}
	}
	come(good)
	count("the first token of a user", 0)
	come(good)
	come(old)
	count("the same one, and an older one", 0)
	come(newer)
	count("a newer one", 1)
	come(good)
	come(newer)
	count("the same two once more", 1)
	come(r.good("bob"))
	count("another user's", 1)
	r.policy.set(authz.Observe, 100)
	come("nonsense")
	come("nonsense")
	count("anonymous ones", 1)
}

func TestATokenThatWasBroughtInBandIsNotNewAtTheReconnect(t *testing.T) {
	for way, message := range refreshers {
		t.Run(way, func(t *testing.T) {
			r := newRig(t)
			c, _ := r.optedIn(r.good("ada"))
			c.wantText("ack:" + stripped)
			newer := r.token("ada", 0, time.Hour)
			c.text(message(newer))
			eventually(t, "it is judged", func() bool { r.seen.mu.Lock(); defer r.seen.mu.Unlock(); return len(r.seen.refresh) == 1 })
			r.open("/sync").text(initFrame(newer)).wantText("ack:" + stripped)
			if r.seen.mu.Lock(); r.seen.reconnects != 0 {
				t.Errorf("%d reconnects with a newer token", r.seen.reconnects)
			}
			r.seen.mu.Unlock()
		})
	}
}

func TestTheNewestTokensOfManyUsersTakeBoundedMemory(t *testing.T) {
	r := proxy.NewRenewals()
	at := time.Unix(1_800_000_000, 0)
	for i := range 3 * proxy.MaxRenewals {
		r.Newer(fmt.Sprint("user", i), at)
		if i%1000 == 0 { // who keeps coming is not forgotten
			r.Newer("ada", at)
		}
	}
	if n := r.Held(); n > 2*proxy.MaxRenewals {
		t.Errorf("%d users are remembered", n)
	}
	if !r.Newer("ada", at.Add(time.Second)) {
		t.Error("a user who came all the time was forgotten")
	}
	if r.Newer("user1", at.Add(time.Second)) {
		t.Error("who came once is still remembered: nothing bounds the memory")
	}
}
