package natskv_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/syncward/syncward/authz/revocation"
	"github.com/syncward/syncward/authz/revocation/natskv"
)

func TestWhatOneReplicaAddsEveryReplicaKnows(t *testing.T) {
	b := startBroker(t, nil)
	x, y := b.ready(), b.ready()
	x.add(mark("ada"))
	x.add(one("bob", "one"))
	y.add(gone("eve"))
	for _, r := range []*replica{x, y} {
		r.knows("ada", "", revocation.Revoked)
		r.knows("bob", "one", revocation.Revoked)
		r.knows("eve", "", revocation.Deleted)
		if r.verdict("bob", "two") != revocation.Clear || r.verdict("dan", "one") != revocation.Clear {
			t.Error("somebody else is concerned")
		}
		eventually(t, "each was told of three", func() bool { return r.notices() == 3 })
	}
	time.Sleep(50 * time.Millisecond) // for one notice too many, which has no event; too short a time fails no test
	if x.notices() != 3 || y.notices() != 3 {
		t.Errorf("told %d and %d times of 3 entries", x.notices(), y.notices())
	}
	if n := len(y.List()); n != 3 {
		t.Errorf("%d entries in the list", n)
	}
}

func TestAReplicaThatStartsLateKnowsAllBeforeItIsCaughtUp(t *testing.T) {
	b := startBroker(t, nil)
	x := b.ready()
	var wg sync.WaitGroup
	for i := range 500 {
		wg.Go(func() { x.add(mark(fmt.Sprint("user-", i))) })
	}
	wg.Wait()
	late := b.replica()
	eventually(t, "caught up", late.CaughtUp)
	for i := range 500 {
		if late.verdict(fmt.Sprint("user-", i), "") != revocation.Revoked {
			t.Fatalf("user-%d is not known", i)
		}
	}
	if late.notices() != 0 {
		t.Errorf("the first catch-up was told, %d times", late.notices())
	}
}

func TestNothingIsCaughtUpWithoutAServer(t *testing.T) {
	b := startBroker(t, nil)
	b.stop()
	r := b.replica()
	if err := r.Add(mark("ada")); !errors.Is(err, natskv.ErrPending) {
		t.Errorf("an entry that nobody else knows: %v", err)
	}
	if r.verdict("ada", "") != revocation.Revoked {
		t.Error("it is not in force here")
	}
	if r.CaughtUp() || r.Out() == 0 {
		t.Error("caught up, or in reach")
	}
	if _, err := r.Remove("ada"); !errors.Is(err, natskv.ErrUnreachable) || r.verdict("ada", "") != revocation.Revoked {
		t.Errorf("a removal that nobody learns of: %v", err)
	}
	b.start()
	r.inReach(true)
	b.ready().knows("ada", "", revocation.Revoked)
}

func TestARemovalOnOneReplicaRemovesOnAll(t *testing.T) {
	b := startBroker(t, nil)
	x, y := b.ready(), b.ready()
	x.add(mark("ada"))
	x.add(one("ada", "one"))
	x.add(gone("eve"))
	y.knows("eve", "", revocation.Deleted)
	y.knows("ada", "one", revocation.Revoked)
	for _, user := range []string{"ada", "eve"} {
		if ok, err := y.Remove(user); !ok || err != nil {
			t.Fatalf("%v %v", ok, err)
		}
	}
	x.knows("ada", "one", revocation.Clear)
	x.knows("eve", "", revocation.Clear)
	if ok, err := x.Remove("ada"); ok || err != nil {
		t.Errorf("removed twice: %v %v", ok, err)
	}
	late := b.ready()
	if late.verdict("ada", "one") != revocation.Clear || late.verdict("eve", "") != revocation.Clear {
		t.Error("a late replica knows what was removed")
	}
	x.add(mark("ada")) // over the removal
	y.knows("ada", "", revocation.Revoked)
}

func TestWritersOnManyReplicasNeverLowerAWatermark(t *testing.T) {
	b := startBroker(t, nil)
	all := []*replica{b.ready(), b.ready(), b.ready()}
	base := time.Now().Truncate(time.Second)
	var wg sync.WaitGroup
	for i, r := range all {
		for j := range 40 {
			wg.Go(func() {
				at := base.Add(-time.Duration((i*7+j*13)%40) * time.Minute)
				if err := r.Add(revocation.Entry{UserID: "ada", Before: at}); err != nil {
					t.Error(err)
				}
				if j == 20 {
					if err := r.Add(gone("eve")); err != nil {
						t.Error(err)
					}
				}
				_ = r.Add(revocation.Entry{UserID: "eve", Before: at})
			})
		}
	}
	wg.Wait()
	for _, r := range append(all, b.ready()) {
		eventually(t, "the highest watermark", func() bool { return r.Check("ada", "", base) == revocation.Revoked })
		if r.Check("ada", "", base.Add(time.Second)) != revocation.Clear {
			t.Error("a watermark that nobody set")
		}
		r.knows("eve", "", revocation.Deleted)
	}
}

// What is stronger is in the bucket, and the writer has not seen it yet.
func TestAWriterThatIsBehindLowersNothing(t *testing.T) {
	b := startBroker(t, nil)
	x, kv := b.ready(), b.kv()
	now := time.Now().UTC().Truncate(time.Second)
	for i := range 300 {
		user := fmt.Sprint("user-", i)
		key := base64.RawURLEncoding.EncodeToString([]byte(user))
		value := fmt.Sprintf(`{"userId":%q,"before":%q,"at":%[2]q}`, user, now.Format(time.RFC3339))
		if _, err := kv.Put(t.Context(), key, []byte(value)); err != nil {
			t.Fatal(err)
		}
		x.add(revocation.Entry{UserID: user, Before: now.Add(-time.Hour)})
		e, err := kv.Get(t.Context(), key)
		if err != nil || string(e.Value()) != value {
			t.Fatalf("%s: %s %v", user, e.Value(), err)
		}
		if x.Check(user, "", now) != revocation.Revoked {
			t.Fatalf("%s: the writer does not know", user)
		}
	}
}

func TestEverythingMissedIsKnownAfterAnOutage(t *testing.T) {
	b := startBroker(t, nil)
	x := b.ready()
	x.add(mark("ada"))
	x.add(gone("eve"))
	x.add(revocation.Entry{UserID: "fay", Before: time.Now().Add(-time.Hour)})
	b.stop()
	x.inReach(false)
	_ = x.Add(mark("fay")) // over one that the bucket has
	if err := x.Add(mark("bob")); !errors.Is(err, natskv.ErrPending) || x.verdict("bob", "") != revocation.Revoked {
		t.Fatalf("during the outage: %v", err)
	}
	// Elsewhere: y sees the server before x does, since x cannot until it is
	// started, and then both race; what y writes must reach x all the same.
	b.start()
	y := b.ready()
	y.add(mark("dan"))
	for _, r := range []*replica{x, y} {
		for _, user := range []string{"ada", "bob", "dan", "fay"} {
			r.knows(user, "", revocation.Revoked)
		}
		r.knows("eve", "", revocation.Deleted)
	}
	x.inReach(true)
}

func TestAServerThatLostItsDataMakesNobodyForget(t *testing.T) {
	b := startBroker(t, nil)
	x := b.ready()
	x.add(mark("ada"))
	x.add(one("bob", "one"))
	x.add(gone("eve"))
	b.loseData()
	late := b.ready()
	late.knows("ada", "", revocation.Revoked) // x writes it again
	late.knows("bob", "one", revocation.Revoked)
	late.knows("eve", "", revocation.Deleted)
	if x.verdict("ada", "") != revocation.Revoked {
		t.Error("forgotten")
	}
}

func TestABucketThatIsDeletedUnderAReplicaComesBackWhole(t *testing.T) {
	b := startBroker(t, nil)
	x := b.ready()
	x.add(mark("ada"))
	kv := b.kv()
	js := b.jetstream()
	if err := js.DeleteKeyValue(t.Context(), kv.Bucket()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the entry is in a bucket again", func() bool {
		kv, err := js.KeyValue(t.Context(), bucketName)
		if err != nil {
			return false
		}
		_, err = kv.Get(t.Context(), base64.RawURLEncoding.EncodeToString([]byte("ada")))
		return err == nil
	})
	if x.verdict("ada", "") != revocation.Revoked {
		t.Error("forgotten")
	}
}

// The bucket is the same, and has lost a value without a word.
func TestASingleLostValueIsWrittenAgain(t *testing.T) {
	b := startBroker(t, nil)
	js := b.jetstream()
	if _, err := js.CreateKeyValue(t.Context(), jetstream.KeyValueConfig{Bucket: bucketName}); err != nil {
		t.Fatal(err)
	}
	x := b.ready()
	x.add(mark("ada"))
	x.add(mark("bob"))
	s, err := js.Stream(t.Context(), "KV_"+bucketName)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Purge(t.Context(), jetstream.WithPurgeSubject("$KV."+bucketName+"."+base64.RawURLEncoding.EncodeToString([]byte("ada")))); err != nil {
		t.Fatal(err)
	}
	if n := b.keys(); n != 1 {
		t.Fatalf("%d keys", n)
	}
	b.stop()
	x.inReach(false)
	b.start()
	eventually(t, "both are in the bucket", func() bool { return b.keys() == 2 })
}

func TestKeysHoldTheUserInBase64urlAndNoForeignText(t *testing.T) {
	b := startBroker(t, nil)
	x := b.ready()
	user, jti := "a.b > c*", "x.y.>/../*"
	x.add(mark(user))
	x.add(one(user, jti))
	keys, err := b.kv().Keys(t.Context())
	if err != nil || len(keys) != 2 {
		t.Fatalf("%v %v", keys, err)
	}
	want := base64.RawURLEncoding.EncodeToString([]byte(user))
	for _, key := range keys {
		name, hash, single := strings.Cut(key, ".")
		if name != want || single && len(hash) != 43 {
			t.Errorf("key %q", key)
		}
	}
	y := b.ready()
	y.knows(user, jti, revocation.Revoked)
}

func TestWhatIsNoEntryIsReportedAndLeftAlone(t *testing.T) {
	b := startBroker(t, nil)
	x := b.ready()
	kv := b.kv()
	ada := base64.RawURLEncoding.EncodeToString([]byte("ada"))
	for _, value := range []string{"nonsense", `{"userId":"ada"}`, `{"userId":"bob","before":"2030-01-01T00:00:00Z","at":"2030-01-01T00:00:00Z"}`} {
		if _, err := kv.Put(t.Context(), ada, []byte(value)); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "a fault", func() bool {
		x.mu.Lock()
		defer x.mu.Unlock()
		return len(x.faults) == 3
	})
	if x.verdict("ada", "") != revocation.Clear || x.verdict("bob", "") != revocation.Clear {
		t.Error("it was believed")
	}
	late := b.ready() // it keeps nobody from catching up
	late.add(mark("ada"))
	x.knows("ada", "", revocation.Revoked)
}

func TestTheStoreTellsHowLongItHasBeenOutOfReach(t *testing.T) {
	b := startBroker(t, nil)
	var mu sync.Mutex
	var changes []bool
	x := b.ready(func(o *natskv.Options) {
		o.Changed = func(up bool) {
			mu.Lock()
			defer mu.Unlock()
			changes = append(changes, up)
		}
	})
	b.stop()
	x.inReach(false)
	if out := x.Out(); out > time.Second {
		t.Errorf("out for %v of a clock that stands", out)
	}
	x.c.pass(31 * time.Second)
	if out := x.Out(); out < 31*time.Second {
		t.Errorf("out for %v after 31 s", out)
	}
	b.start()
	x.inReach(true)
	mu.Lock()
	defer mu.Unlock()
	if fmt.Sprint(changes) != "[true false true]" {
		t.Errorf("told %v", changes)
	}
}

func TestAStoreWithoutAConnectionKnowsWhatItIsTold(t *testing.T) {
	s := natskv.New(natskv.Options{Keep: keep})
	if s.CaughtUp() || s.Out() == 0 || !errors.Is(s.Add(mark("ada")), natskv.ErrPending) {
		t.Error("a store that is nowhere is in reach")
	}
	if err := s.Add(revocation.Entry{}); !errors.Is(err, revocation.ErrEntry) {
		t.Errorf("an entry that says nothing: %v", err)
	}
}
