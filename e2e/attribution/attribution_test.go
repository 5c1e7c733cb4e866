package attribution_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/syncward/syncward/e2e/internal/broker"
	"github.com/syncward/syncward/e2e/internal/rig"
	"github.com/syncward/syncward/e2e/internal/worker"
)

const (
	randomKills = 4
	perPhase    = 12 // events of each user in each phase
)

// TestEveryEventHasItsAuthorThroughKills: two users write into one store, at the
// same time and through two sidecars, which are killed with -9: between the
// worker's commit and its acknowledgement, and at any instant. Some pushes are
// turned down, and the users' clients get in each other's way.
func TestEveryEventHasItsAuthorThroughKills(t *testing.T) {
	rig.Require(t)
	w := worker.Start(t, worker.V04, rig.FreeAddr(t), "REJECT_EVERY:7")
	t.Run("a journal on NATS that both share", func(t *testing.T) {
		nats := broker.Start(t)
		url := nats.URL + "/EVENTS"
		f := newFleet(t, w, "on-nats", url, url)
		f.crash = func() { // the journal's server is killed too
			nats.Kill()
			nats.Restart(t)
		}
		f.run()
	})
	t.Run("a SQLite journal that both share", func(t *testing.T) {
		url := "sqlite://" + filepath.Join(t.TempDir(), "events.db")
		newFleet(t, w, "on-sqlite", url, url).run()
	})
	t.Run("a file for each, read as one", func(t *testing.T) {
		dir := t.TempDir()
		newFleet(t, w, "in-files", "file://"+filepath.Join(dir, "a.ndjson"), "file://"+filepath.Join(dir, "b.ndjson")).run()
	})
}

// fleet is two sidecars with a user at each.
type fleet struct {
	t        *testing.T
	w        *worker.Worker
	store    string
	journals []string // of each sidecar
	sides    []*rig.Sidecar
	gates    []*gate
	users    []*user
	crash    func() // kills what the journal needs; may be nil
}

// user is one user with one client.
type user struct {
	name   string
	client *worker.Client
	front  *front
	at     int // which sidecar

	clients int      // that gave up before
	written int      // events in all
	texts   []string // that will be in the log
}

func newFleet(t *testing.T, w *worker.Worker, store string, journals ...string) *fleet {
	t.Helper()
	f := &fleet{t: t, w: w, store: store, journals: journals, sides: make([]*rig.Sidecar, 2)}
	for i, name := range []string{"ada", "bob"} {
		f.gates = append(f.gates, startGate(t, w.Addr))
		f.start(i)
		u := &user{name: name, front: startFront(t), at: i}
		u.front.to(f.sides[i].Addr)
		f.users = append(f.users, u)
	}
	for _, u := range f.users {
		f.connect(u)
	}
	return f
}

// start runs sidecar i, with the journal that it had before.
func (f *fleet) start(i int) {
	f.t.Helper()
	f.sides[i] = rig.StartSidecar(f.t, "PROTOCOL=livestore", "UPSTREAM_URL=http://"+f.gates[i].addr(), "JWT_SECRET="+rig.Secret,
		"IDENTITY_KEY=an-identity-key-of-the-tests-0123456789", "ATTRIBUTION=journal", "JOURNAL_URL="+f.journals[i])
}

// write has a user write events, not quite at once.
func (u *user) write(t *testing.T, n int) {
	for range n {
		text := fmt.Sprintf("%s %d", u.name, u.written)
		u.written++
		u.texts = append(u.texts, text)
		u.client.Commit(t, text)
		time.Sleep(time.Duration(rand.IntN(200)) * time.Millisecond) // so that the users' pushes interleave in ever new ways
	}
}

// both has both users write, and runs meanwhile.
func (f *fleet) both(meanwhile func()) {
	var writing sync.WaitGroup
	for _, u := range f.users {
		writing.Go(func() { u.write(f.t, perPhase) })
	}
	meanwhile()
	writing.Wait()
}

// shared tells whether a user may move to the other sidecar: it must find what
// was open at the first.
func (f *fleet) shared() bool { return f.journals[0] == f.journals[1] }

// recover starts sidecar i again, behind a kill; its users come back to it, or
// are moved to the other one first.
func (f *fleet) recover(i int, move bool) {
	f.t.Helper()
	for _, u := range f.users {
		if u.at == i && move {
			u.at = 1 - i
			u.front.to(f.sides[u.at].Addr)
		}
	}
	f.start(i)
	for _, u := range f.users {
		if u.at == i {
			u.front.to(f.sides[i].Addr)
		}
	}
}

func (f *fleet) run() {
	t := f.t
	f.both(func() {})
	for i, u := range f.users {
		f.pushKilled(i, u)
		f.settled()
	}
	for n := range randomKills {
		i := rand.IntN(2)
		if n == 0 { // back to where they began
			for i, u := range f.users {
				u.at = i
				u.front.to(f.sides[i].Addr)
			}
		}
		f.both(func() {
			time.Sleep(time.Duration(rand.IntN(1500)) * time.Millisecond) // the instant of the kill is what is tried: any will do
			f.sides[i].Kill()
			if f.crash != nil && n == 1 {
				f.crash()
			}
			f.recover(i, f.shared() && rand.IntN(2) == 0)
		})
	}
	f.settled()
	rejected, late := f.gates[0].count(refused)+f.gates[1].count(refused), f.gates[0].count(ahead)+f.gates[1].count(ahead)
	t.Logf("%d events; %d pushes were turned down by the worker's rules, %d by ServerAheadError", len(log(t, f.w, f.store)), rejected, late)
	if rejected == 0 || late == 0 {
		t.Error("nothing was turned down: this proved less than it should")
	}
}

// pushKilled has both users write, and kills sidecar i between the commit of an
// event of u, whose client is at it, and the acknowledgement. LiveStore's worker
// now and then ends a client's pull when it takes a push: then no further one is
// accepted, whoever stands before the worker, and another client takes over.
func (f *fleet) pushKilled(i int, u *user) {
	f.t.Helper()
	for range 3 {
		killed := false
		f.both(func() { killed = f.killBetweenCommitAndAcknowledgement(i) })
		if killed {
			return
		}
		f.takeOver(u, "no push of it is accepted")
	}
	f.t.Fatal("no push was ever accepted")
}

// killBetweenCommitAndAcknowledgement lets the worker commit an event that came
// by sidecar i, keeps its acknowledgement back, and kills the sidecar then. It
// tells whether there was one.
func (f *fleet) killBetweenCommitAndAcknowledgement(i int) bool {
	f.t.Helper()
	held := f.gates[i].holdNext()
	select {
	case <-held:
	case <-time.After(30 * time.Second): // what a stuck client has written is never pushed
		f.gates[i].holdNone()
		return false
	}
	f.sides[i].Kill()
	f.recover(i, f.shared() && i == 0)
	return true
}

// settled waits until both users' clients have seen every event, and then until
// `syncward events` names the author of all that is in the worker's database.
func (f *fleet) settled() {
	t := f.t
	t.Helper()
	for _, u := range f.users {
		f.catchUp(u)
	}
	truth := log(t, f.w, f.store)
	by := map[string]int{}
	for _, e := range truth {
		by[e.user]++
	}
	if by["ada"] < perPhase || by["bob"] < perPhase {
		t.Fatalf("the worker's database holds %v", by)
	}
	var missing []string
	defer func() {
		if len(missing) > 0 {
			t.Log(missing)
		}
	}()
	rig.Eventually(t, "every event has its author", func() bool {
		missing = compare(t, f.store, truth, slices.Compact(slices.Clone(f.journals))...)
		return len(missing) == 0
	})
}

// catchUp waits until a user's client has seen every event of both. LiveStore's
// own client may end when it commits while it rebases, whoever stands before the
// worker: then another one takes its place.
func (f *fleet) catchUp(u *user) {
	f.t.Helper()
	all := slices.Concat(f.users[0].texts, f.users[1].texts)
	if u.client.Shows(30*time.Second, all...) {
		return
	}
	why := "it says nothing"
	for line := range strings.Lines(u.client.Output()) {
		if strings.Contains(line, " ERROR ") {
			why = line
			break
		}
	}
	f.takeOver(u, why)
}

// takeOver has a user begin again with another client. What the last one had not
// pushed was never in the log.
func (f *fleet) takeOver(u *user, why string) {
	f.t.Helper()
	f.t.Logf("the client of %s is stuck, and the next takes over: %.300s", u.name, why)
	u.client.Stop()
	u.clients++
	f.connect(u)
	var stored []string
	for _, e := range log(f.t, f.w, f.store) {
		stored = append(stored, e.text)
	}
	u.client.Sees(f.t, stored...)
	for _, other := range f.users { // only what is stored will ever be seen
		other.texts = slices.DeleteFunc(other.texts, func(text string) bool { return !slices.Contains(stored, text) })
	}
}

// connect starts a client of a user, with a clientId of its own.
func (f *fleet) connect(u *user) {
	id := fmt.Sprintf("client-%d-of-%s", u.clients, u.name)
	u.client = worker.StartClient(f.t, worker.V04, u.front.ln.Addr().String(), f.store, id, rig.Token(f.t, u.name, time.Hour, nil))
}
