package natskv_test

import (
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/syncward/syncward/authz/revocation"
	"github.com/syncward/syncward/authz/revocation/natskv"
)

func brief(o *natskv.Options) { o.Keep, o.Now = 2*time.Second, time.Now }

// keys returns how many values are in the bucket.
func (b *broker) keys() int {
	b.t.Helper()
	keys, err := b.kv().Keys(b.t.Context())
	if err != nil && !strings.Contains(err.Error(), "no keys") {
		b.t.Fatal(err)
	}
	return len(keys)
}

func (b *broker) jetstream() jetstream.JetStream {
	b.t.Helper()
	js, err := jetstream.New(b.dial())
	if err != nil {
		b.t.Fatal(err)
	}
	return js
}

func TestEntriesEndInTheBucketAndDeletionsNever(t *testing.T) {
	b := startBroker(t, nil)
	x := b.ready(brief)
	x.add(mark("ada"))
	x.add(one("bob", "one"))
	x.add(gone("eve"))
	if n := b.keys(); n != 3 {
		t.Fatalf("%d keys at first", n)
	}
	eventually(t, "one key is left", func() bool { return b.keys() == 1 })
	late := b.ready(brief)
	if late.verdict("eve", "") != revocation.Deleted || len(late.List()) != 1 {
		t.Errorf("a late replica knows %+v", late.List())
	}
	if l := x.List(); len(l) != 1 {
		t.Errorf("and we %+v", l)
	}
}

// A bucket whose server, or whose maker, knows no ends of single entries: what
// is over is swept out by the next who reads it.
func TestWithoutEndsInTheBucketTheNextReaderSweeps(t *testing.T) {
	b := startBroker(t, nil)
	if _, err := b.jetstream().CreateKeyValue(t.Context(), jetstream.KeyValueConfig{Bucket: bucketName}); err != nil {
		t.Fatal(err)
	}
	x := b.ready(brief)
	x.add(mark("ada"))
	x.add(gone("eve"))
	eventually(t, "over", func() bool { return len(x.List()) == 1 })
	x.end()
	if n := b.keys(); n != 2 {
		t.Fatalf("%d keys before", n)
	}
	late := b.ready(brief)
	eventually(t, "swept", func() bool { return b.keys() == 1 })
	late.knows("eve", "", revocation.Deleted)
}

func TestABucketThatWouldForgetIsRefused(t *testing.T) {
	b := startBroker(t, nil)
	if _, err := b.jetstream().CreateKeyValue(t.Context(), jetstream.KeyValueConfig{Bucket: bucketName, TTL: time.Hour}); err != nil {
		t.Fatal(err)
	}
	x := b.replica()
	eventually(t, "a fault", func() bool {
		x.mu.Lock()
		defer x.mu.Unlock()
		return len(x.faults) == 1 && strings.Contains(x.faults[0].Error(), "TTL")
	})
	if x.CaughtUp() {
		t.Error("caught up")
	}
}

func TestABucketOfOursIsGivenWhatItLacks(t *testing.T) {
	b := startBroker(t, nil)
	js := b.jetstream()
	if _, err := js.CreateKeyValue(t.Context(), jetstream.KeyValueConfig{Bucket: bucketName, Description: "syncward: revocations"}); err != nil {
		t.Fatal(err)
	}
	b.ready()
	s, err := js.Stream(t.Context(), "KV_"+bucketName)
	if err != nil || !s.CachedInfo().Config.AllowMsgTTL {
		t.Errorf("%v, ends of entries: %v", err, s.CachedInfo().Config.AllowMsgTTL)
	}
}
