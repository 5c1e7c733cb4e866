package main

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/syncward/syncward/authz/revocation"
	"github.com/syncward/syncward/authz/revocation/natskv"
)

// storeState is what the store of revocations says, and whether it is in reach.
type storeState struct {
	name  string
	entry revocation.Entry
	reach reach
}

type reach int

const (
	inReach    reach = iota
	neverThere       // since the start: not caught up
	lostDeny         // for over 30 s, with REVOCATION_FAILURE=deny
	lostAllow        // likewise, with allow
)

var (
	watermark = revocation.Entry{UserID: "alice", Before: time.Now()}
	deletion  = revocation.Entry{UserID: "alice", Deleted: true}
)

var storeStates = []storeState{
	{"clear", revocation.Entry{}, inReach},
	{"revoked", watermark, inReach},
	{"user deleted", deletion, inReach},
	{"not caught up", revocation.Entry{}, neverThere},
	{"out of reach, `deny`", revocation.Entry{}, lostDeny},
	{"out of reach, `allow`", revocation.Entry{}, lostAllow},
	{"revoked, then out of reach", watermark, lostDeny},
	{"user deleted, then out of reach", deletion, lostAllow},
}

// openStore is the store in that state: of memory, or of a fleet where it is out
// of reach, since only such a one can be.
func openStore(t *testing.T, s storeState, broker string) revocations {
	t.Helper()
	c, r := load(minimal())
	must(t, r.err())
	switch s.reach {
	case inReach:
		store, err := openRevocations(c, storeTold{})
		must(t, err)
		if s.entry.UserID != "" {
			must(t, store.Add(s.entry))
		}
		return store
	case neverThere:
		c, r = load(minimal("REVOCATION_STORE=nats", "NATS_URL=nats://127.0.0.1:1"))
		must(t, r.err())
		store, err := openRevocations(c, storeTold{})
		must(t, err)
		t.Cleanup(store.conn.Close)
		return store
	}
	fleet := lostFleet(t, s.entry, broker)
	return revocations{fleet, fleet, nil, s.reach == lostDeny}
}

var fleets atomic.Int64

// lostFleet is a store that has read everything, and lost its server 31 s ago.
func lostFleet(t *testing.T, e revocation.Entry, broker string) *natskv.Store {
	t.Helper()
	conn, err := nats.Connect(broker)
	must(t, err)
	var later atomic.Int64
	s := natskv.New(natskv.Options{
		Conn: conn, Bucket: fmt.Sprint("policy-", fleets.Add(1)), Keep: time.Hour,
		Now: func() time.Time { return time.Now().Add(time.Duration(later.Load())) },
	})
	var running sync.WaitGroup
	running.Go(func() { s.Run(t.Context()) })
	t.Cleanup(running.Wait) // the test's context has ended by then
	waitFor(t, "the store catches up", s.CaughtUp)
	if e.UserID != "" {
		must(t, s.Add(e))
	}
	conn.Close()
	waitFor(t, "the store misses its server", func() bool { return s.Out() > 0 })
	later.Store(int64(31 * time.Second))
	return s
}

// startBroker starts a NATS server until the test is over.
func startBroker(t *testing.T) (url string) {
	t.Helper()
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: t.TempDir(), NoLog: true, NoSigs: true})
	must(t, err)
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(20 * time.Second) {
		t.Fatal("the NATS server does not start")
	}
	return s.ClientURL()
}
