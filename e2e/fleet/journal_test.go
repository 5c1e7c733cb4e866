package fleet_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/syncward/syncward/attribution"
	"github.com/syncward/syncward/attribution/natsstream"
	"github.com/syncward/syncward/e2e/internal/rig"
)

const journalStream = "AUTHORS"

// book is one replica's journal on the cluster.
func book(t *testing.T, c *cluster, first int) (*natsstream.Journal, *nats.Conn) {
	t.Helper()
	nc, err := nats.Connect(c.url(first), nats.MaxReconnects(-1), nats.ReconnectWait(50*time.Millisecond), nats.ReconnectBufSize(-1),
		nats.DontRandomize(), nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
	if err != nil {
		t.Fatal(err)
	}
	j, err := natsstream.New(natsstream.Options{Conn: nc, Stream: journalStream, Nobody: "anonymous"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return j, nc
}

// written is what a user offers for a place of one log.
func written(n int64, user string) attribution.Record {
	return attribution.Record{StoreID: "notes", BackendID: "b", SeqNum: n, Name: "v1.Written", ClientID: "of-" + user,
		Hash: sha256.Sum256(fmt.Append(nil, n, user)), Author: attribution.Author{UserID: user, ConnectionID: "of-" + user},
		Timestamp: time.UnixMilli(1763850000000 + n).UTC(), Attempt: n, State: attribution.Unconfirmed}
}

// tries calls until it succeeds, as a Recorder does.
func tries(ctx context.Context, call func() error) error {
	for {
		err := call()
		if err == nil || ctx.Err() != nil {
			return err
		}
		time.Sleep(50 * time.Millisecond) // the cluster elects a leader meanwhile, and tells nobody
	}
}

// Two replicas confirm, each what is its own and each what the other confirms
// too, while the server that leads the stream is killed.
func TestTheJournalOfAClusterLosesNothingWithAServer(t *testing.T) {
	rig.Require(t)
	c := startCluster(t)
	ctx, cancel := context.WithTimeout(t.Context(), rig.Patience)
	defer cancel()
	const workers, each = 24, 26 // of each replica; as many are under way at the kill
	var all sync.WaitGroup
	var confirmed atomic.Int64
	failures := make(chan error, 2*workers)
	for replica, user := range []string{"ada", "bob"} {
		j, _ := book(t, c, replica)
		for w := range int64(workers) {
			all.Go(func() {
				for n := range int64(each) {
					// Even places are a replica's own, odd ones both fight for.
					place := 2*(w*each+n) + 1
					if n%2 == 0 {
						place = 10_000*int64(replica+1) + 2*(w*each+n)
					}
					r := []attribution.Record{written(place, user)}
					err := tries(ctx, func() error { return j.Intend(ctx, r) })
					if err == nil {
						r[0].State = attribution.Confirmed
						err = tries(ctx, func() error { return j.Confirm(ctx, r) })
					}
					if err != nil {
						failures <- fmt.Errorf("%s, %d: %w", user, place, err)
						return
					}
					confirmed.Add(1)
				}
			})
		}
	}
	j, nc := book(t, c, 2)
	rig.Eventually(t, "a third of the confirms", func() bool { return confirmed.Load() > 2*workers*each/3 })
	info := streamOf(t, ctx, nc)
	if info.Config.Replicas != 3 || info.Cluster == nil || !strings.HasPrefix(info.Cluster.Leader, "nats-") {
		t.Fatalf("%d copies, %+v", info.Config.Replicas, info.Cluster)
	}
	before := confirmed.Load()
	var leader int
	fmt.Sscanf(info.Cluster.Leader, "nats-%d", &leader)
	c.nodes[leader].Kill()
	if all.Wait(); before == 2*workers*each {
		t.Fatal("everything was confirmed before the kill")
	}
	close(failures)
	for err := range failures {
		t.Error(err)
	}
	t.Logf("%s, which led the stream, was killed behind %d of %d confirms", info.Cluster.Leader, before, 2*workers*each)

	var found []attribution.Record
	if err := tries(ctx, func() (err error) {
		found, err = j.Events(ctx, attribution.Query{StoreID: "notes", Limit: 1 << 20})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	author := map[int64]string{}
	for _, r := range found {
		want := written(r.SeqNum, r.UserID)
		want.State = attribution.Confirmed
		if author[r.SeqNum] != "" || r != want {
			t.Errorf("%d is there twice, or torn: %+v", r.SeqNum, r)
		}
		author[r.SeqNum] = r.UserID
	}
	for w := range int64(workers) {
		for n := range int64(each) {
			at := 2 * (w*each + n)
			switch {
			case n%2 == 1 && author[at+1] == "":
				t.Errorf("%d has no author", at+1)
			case n%2 == 0 && (author[10_000+at] != "ada" || author[20_000+at] != "bob"):
				t.Errorf("%d: %q and %q", at, author[10_000+at], author[20_000+at])
			}
		}
	}
	if want := workers * each / 2 * 3; len(author) != want {
		t.Errorf("%d places have an author, want %d", len(author), want)
	}
	if n, err := j.Unconfirmed(ctx); n != 0 || err != nil {
		t.Errorf("%d are open, %v", n, err)
	}
	for _, user := range []string{"ada", "bob"} {
		if owner, err := j.ClaimClient(ctx, "notes", "of-"+user, "eve"); owner != user || err != nil {
			t.Errorf("%s's clientId is %q's, %v", user, owner, err)
		}
	}
}

func streamOf(t *testing.T, ctx context.Context, nc *nats.Conn) *jetstream.StreamInfo {
	t.Helper()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	s, err := js.Stream(ctx, journalStream)
	if err != nil {
		t.Fatal(err)
	}
	return s.CachedInfo()
}
