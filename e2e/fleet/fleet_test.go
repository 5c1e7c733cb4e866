package fleet_test

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/syncward/syncward/e2e/internal/rig"
)

const revoked = "4403 SESSION_REVOKED"

// minted is a token issued ago.
func minted(t *testing.T, user string, ago time.Duration) string {
	now := time.Now()
	return rig.Token(t, user, time.Hour, map[string]any{"iat": now.Add(-ago).Unix(), "exp": now.Add(time.Hour).Unix(), "jti": nil})
}

// crowd connects a user many times.
func crowd(t *testing.T, side *rig.Sidecar, token string, n int) []*client {
	t.Helper()
	all := make([]*client, n)
	for i := range all {
		all[i] = admitted(t, side, token)
	}
	return all
}

// allEnd waits for the last of them, and returns when it was.
func allEnd(t *testing.T, all []*client) (last time.Time) {
	t.Helper()
	for _, c := range all {
		if how := c.ends(); how != revoked {
			t.Fatalf("ended with %s, want %s", how, revoked)
		}
		last = slices.MaxFunc([]time.Time{last, c.at}, time.Time.Compare)
	}
	return last
}

func TestALogoutOnOneReplicaEndsTheUserOnEveryReplica(t *testing.T) {
	rig.Require(t)
	nats, upstream := startCluster(t), echo(t)
	a, b := sidecar(t, upstream, nats, 0), sidecar(t, upstream, nats, 1)

	// A logout: the user's 200 connections on the other replica end.
	old, other := minted(t, "ada", time.Minute), minted(t, "eve", time.Minute)
	here, there := admitted(t, a, old), crowd(t, b, old, 200)
	bystanders := []*client{admitted(t, a, other), admitted(t, b, other)}
	start := time.Now()
	here.send(`{"type":"auth.logout"}`)
	last := allEnd(t, append(there, here))
	t.Logf("logout on one replica: the first of 200 connections on the other ended after %v, the last after %v",
		there[0].at.Sub(start).Round(100*time.Microsecond), last.Sub(start).Round(100*time.Microsecond))
	measureOne(t, a, b)

	// A replica that joins later refuses the old token on its first connection.
	late := sidecar(t, upstream, nats, 2)
	for _, side := range []*rig.Sidecar{late, a, b} {
		if how := dial(t, side, old).ends(); how != revoked {
			t.Errorf("a token from before the logout: %s", how)
		}
	}
	fresh := admitted(t, late, minted(t, "ada", -2*time.Second)) // of after the logout's second
	fresh.lives()

	// One server of the cluster dies: everything goes on.
	nats.nodes[0].Stop()
	ben := []*client{admitted(t, b, minted(t, "ben", time.Minute)), admitted(t, late, minted(t, "ben", time.Minute))}
	rig.Eventually(t, "the cluster takes a revocation again", func() bool {
		return admin(t, a, http.MethodPost, "/admin/v1/revocations", map[string]any{"userId": "ben"}) == http.StatusCreated
	})
	allEnd(t, ben)
	if how := dial(t, a, old).ends(); how != revoked {
		t.Errorf("after the loss of a server a token from before the logout: %s", how)
	}

	// A deleted user, and the removal, reach everybody too.
	dan := admitted(t, late, minted(t, "dan", time.Minute))
	if got := admin(t, b, http.MethodPost, "/admin/v1/revocations", map[string]any{"userId": "dan", "deleted": true}); got != http.StatusCreated {
		t.Errorf("a deletion: %d", got)
	}
	if how := dan.ends(); how != "4403 USER_NOT_FOUND" {
		t.Errorf("a deleted user: %s", how)
	}
	if got := admin(t, late, http.MethodDelete, "/admin/v1/revocations/dan", nil); got != http.StatusNoContent {
		t.Errorf("its removal: %d", got)
	}
	rig.Eventually(t, "the removal is known everywhere", func() bool {
		c := dial(t, a, minted(t, "dan", time.Minute))
		select {
		case <-c.over:
			return false
		case <-c.got:
			return true
		}
	})
	for _, c := range append(bystanders, fresh) {
		c.lives()
	}
}

// measureOne prints how long a revocation takes to end one connection on the
// other replica, each time another user's.
func measureOne(t *testing.T, a, b *rig.Sidecar) {
	t.Helper()
	var took []time.Duration
	for range 50 {
		user := fmt.Sprint("measured-", len(took))
		c := admitted(t, b, minted(t, user, time.Minute))
		start := time.Now()
		if got := admin(t, a, http.MethodPost, "/admin/v1/revocations", map[string]any{"userId": user}); got != http.StatusCreated {
			t.Fatalf("a revocation: %d", got)
		}
		c.ends()
		took = append(took, c.at.Sub(start))
	}
	slices.Sort(took)
	t.Logf("admin call on one replica to close on the other, 50 times: median %v, longest %v",
		took[25].Round(10*time.Microsecond), took[49].Round(10*time.Microsecond))
}

// Replicas that revoke at the same time, each for the other's clients.
func TestRevocationsOnTwoReplicasAtOnceReachBoth(t *testing.T) {
	rig.Require(t)
	nats, upstream := startCluster(t), echo(t)
	sides := []*rig.Sidecar{sidecar(t, upstream, nats, 0), sidecar(t, upstream, nats, 1)}
	var wg sync.WaitGroup
	var all []*client
	for i := range 20 {
		user := fmt.Sprint("user-", i)
		for _, side := range sides {
			all = append(all, admitted(t, side, minted(t, user, time.Minute)))
		}
		wg.Go(func() {
			if got := admin(t, sides[i%2], http.MethodPost, "/admin/v1/revocations", map[string]any{"userId": user}); got != http.StatusCreated {
				t.Errorf("a revocation: %d", got)
			}
		})
	}
	wg.Wait()
	allEnd(t, all)
}
