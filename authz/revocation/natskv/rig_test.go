package natskv_test

import (
	"context"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/syncward/syncward/authz/revocation"
	"github.com/syncward/syncward/authz/revocation/natskv"
)

const (
	bucketName = "revocations-of-tests"
	keep       = 32 * 24 * time.Hour
	// patience is a safety net, never a measure.
	patience = 60 * time.Second
)

// broker is a nats-server that can be stopped and started again in its place.
type broker struct {
	t    testing.TB
	dir  string
	port int
	s    *server.Server
	with func(*server.Options)
}

func startBroker(t testing.TB, with func(*server.Options)) *broker {
	t.Helper()
	b := &broker{t: t, dir: t.TempDir(), port: server.RANDOM_PORT, with: with}
	b.start()
	t.Cleanup(func() { b.stop() })
	return b
}

func (b *broker) start() {
	b.t.Helper()
	o := &server.Options{Host: "127.0.0.1", Port: b.port, JetStream: true, StoreDir: b.dir, NoLog: true, NoSigs: true}
	if b.with != nil {
		b.with(o)
	}
	s, err := server.NewServer(o)
	if err != nil {
		b.t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(patience) {
		b.t.Fatal("the server does not start")
	}
	b.s, b.port = s, s.Addr().(*net.TCPAddr).Port
}

func (b *broker) stop() {
	b.s.Shutdown()
	b.s.WaitForShutdown()
}

// loseData has the server come back with nothing.
func (b *broker) loseData() {
	b.stop()
	b.dir = b.t.TempDir()
	b.start()
}

func (b *broker) dial() *nats.Conn {
	b.t.Helper()
	nc, err := nats.Connect("nats://127.0.0.1:"+strconv.Itoa(b.port), nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1),
		nats.ReconnectWait(20*time.Millisecond), nats.ReconnectBufSize(-1), nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(nc.Close)
	return nc
}

// kv opens the bucket beside the stores.
func (b *broker) kv() jetstream.KeyValue {
	b.t.Helper()
	js, err := jetstream.New(b.dial())
	if err != nil {
		b.t.Fatal(err)
	}
	kv, err := js.KeyValue(b.t.Context(), bucketName)
	if err != nil {
		b.t.Fatal(err)
	}
	return kv
}

type clock struct{ ns atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.ns.Store(time.Now().UnixNano())
	return c
}

func (c *clock) now() time.Time        { return time.Unix(0, c.ns.Load()) }
func (c *clock) pass(d time.Duration)  { c.ns.Add(int64(d)) }
func mark(u string) revocation.Entry   { return revocation.Entry{UserID: u, Before: time.Now()} }
func gone(u string) revocation.Entry   { return revocation.Entry{UserID: u, Deleted: true} }
func one(u, j string) revocation.Entry { return revocation.Entry{UserID: u, TokenID: j} }

// replica is a store as a sidecar has it.
type replica struct {
	*natskv.Store
	t  testing.TB
	c  *clock
	mu sync.Mutex
	// told and faults are what Notify and Fault were called with.
	told   []revocation.Entry
	faults []error
	end    func()
}

func (b *broker) replica(change ...func(*natskv.Options)) *replica {
	b.t.Helper()
	r := &replica{t: b.t, c: newClock()}
	o := natskv.Options{Conn: b.dial(), Bucket: bucketName, Keep: keep, Now: r.c.now, Fault: func(err error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.faults = append(r.faults, err)
	}}
	for _, f := range change {
		f(&o)
	}
	r.Store = natskv.New(o)
	r.Notify(func(e revocation.Entry) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.told = append(r.told, e)
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		r.Run(ctx)
		close(ended)
	}()
	r.end = sync.OnceFunc(func() {
		cancel()
		<-ended
	})
	b.t.Cleanup(r.end)
	return r
}

// ready is a replica that has caught up.
func (b *broker) ready(change ...func(*natskv.Options)) *replica {
	b.t.Helper()
	r := b.replica(change...)
	eventually(b.t, "caught up", r.CaughtUp)
	return r
}

func (r *replica) verdict(user, jti string) revocation.Verdict {
	return r.Check(user, jti, time.Now().Add(-time.Minute))
}

func (r *replica) add(e revocation.Entry) {
	r.t.Helper()
	if err := r.Add(e); err != nil {
		r.t.Fatalf("%+v: %v", e, err)
	}
}

// knows waits for a verdict.
func (r *replica) knows(user, jti string, want revocation.Verdict) {
	r.t.Helper()
	eventually(r.t, user+" "+jti+" is known", func() bool { return r.verdict(user, jti) == want })
}

func (r *replica) inReach(want bool) {
	r.t.Helper()
	eventually(r.t, "reach", func() bool { return (r.Out() == 0) == want })
}

func (r *replica) notices() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.told)
}

// eventually polls, since what another replica or a server does has no event
// here; the time is a safety net.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("never: %s", what)
}
