package natsstream_test

import (
	"net"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/syncward/syncward/attribution"
	"github.com/syncward/syncward/attribution/natsstream"
)

const patience = 60 * time.Second // a safety net, never a measure

// nobody is the user of all who have no token.
const nobody = "anonymous"

// broker is a nats-server that can be stopped and started again in its place.
type broker struct {
	t    testing.TB
	dir  string
	port int
	tune func(*server.Options)
	s    *server.Server
}

func startBroker(t testing.TB, tune ...func(*server.Options)) *broker {
	t.Helper()
	b := &broker{t: t, dir: t.TempDir(), port: server.RANDOM_PORT, tune: func(opt *server.Options) {
		for _, f := range tune {
			f(opt)
		}
	}}
	b.start()
	t.Cleanup(func() { b.stop() })
	return b
}

func (b *broker) start() {
	b.t.Helper()
	opt := &server.Options{Host: "127.0.0.1", Port: b.port, JetStream: true, StoreDir: b.dir, NoLog: true, NoSigs: true}
	b.tune(opt)
	s, err := server.NewServer(opt)
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

func (b *broker) url() string { return "nats://127.0.0.1:" + strconv.Itoa(b.port) }

// open opens the journal in a stream of that name.
func open(url, stream string) (attribution.Journal, error) {
	nc, err := nats.Connect(url, nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1), nats.ReconnectWait(20*time.Millisecond),
		nats.ReconnectBufSize(-1), nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
	if err != nil {
		return nil, err
	}
	return natsstream.New(natsstream.Options{Conn: nc, Stream: stream, Nobody: nobody})
}

func (b *broker) journal(stream string) attribution.Journal {
	b.t.Helper()
	j, err := open(b.url(), stream)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = j.Close() })
	return j
}

// counted returns a journal, and what tells how many bytes it was sent since it
// was last asked.
func (b *broker) counted(stream string) (j *natsstream.Journal, received func() int) {
	b.t.Helper()
	nc, err := nats.Connect(b.url())
	if err == nil {
		j, err = natsstream.New(natsstream.Options{Conn: nc, Stream: stream, Nobody: nobody})
	}
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = j.Close() })
	last := 0
	return j, func() int {
		now := int(nc.Stats().InBytes)
		n := now - last
		last = now
		return n
	}
}

// jetstream is what tests look at the stream with.
func (b *broker) jetstream() jetstream.JetStream {
	b.t.Helper()
	nc, err := nats.Connect(b.url())
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		b.t.Fatal(err)
	}
	return js
}

// brokerOf names the server of the parent test to its children.
const brokerOf = "SYNCWARD_JOURNAL_BROKER"

// shared is the URL of one server for a test and the processes that it starts.
func shared(t *testing.T) string {
	if url := os.Getenv(brokerOf); url != "" {
		return url
	}
	url := startBroker(t).url()
	t.Setenv(brokerOf, url)
	return url
}
