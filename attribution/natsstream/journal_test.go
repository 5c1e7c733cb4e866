package natsstream_test

import (
	"crypto/sha256"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/syncward/syncward/attribution"
	"github.com/syncward/syncward/attribution/journaltest"
)

func TestAStreamIsAJournal(t *testing.T) {
	b, n := startBroker(t), 0
	journaltest.Run(t, func(t *testing.T) journaltest.Opener {
		n++
		name := "EVENTS-" + strconv.Itoa(n)
		return func() (attribution.Journal, error) { return open(b.url(), name) }
	})
}

func TestKilledProcessesThatShareAStreamLoseNothing(t *testing.T) {
	url := shared(t)
	journaltest.Kill(t, 2, func(string) (attribution.Journal, error) { return open(url, "EVENTS") })
}

func rec(n int64, user string) attribution.Record {
	return attribution.Record{StoreID: "room", BackendID: "b", SeqNum: n, Name: "v1.Made", Hash: sha256.Sum256([]byte{byte(n)}),
		Author: attribution.Author{UserID: user, ConnectionID: "of-" + user}, Timestamp: time.UnixMilli(1763850000000 + n).UTC(), Attempt: n, State: attribution.Unconfirmed}
}

func confirmed(r attribution.Record) attribution.Record {
	r.State = attribution.Confirmed
	return r
}

// until calls a method until it succeeds: a client that reconnects tells nobody. The time is a safety net.
func until(t *testing.T, what string, call func() error) {
	t.Helper()
	var err error
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if err = call(); err == nil {
			return
		}
	}
	t.Fatalf("%s never succeeds: %v", what, err)
}

func TestAnIntentOfOneReplicaIsOpenToTheOther(t *testing.T) {
	b := startBroker(t)
	one, other := b.journal("EVENTS"), b.journal("EVENTS")
	intent := rec(1, "ada")
	if err := one.Intend(t.Context(), []attribution.Record{intent}); err != nil {
		t.Fatal(err)
	}
	found, err := other.Open(t.Context(), []attribution.Place{intent.Place()})
	if err != nil || len(found) != 1 || found[0] != intent {
		t.Fatalf("%+v, %v", found, err)
	}
	if err := other.Confirm(t.Context(), []attribution.Record{confirmed(intent)}); err != nil {
		t.Fatal(err)
	}
	if err := one.Confirm(t.Context(), []attribution.Record{confirmed(rec(1, "bob"))}); err != nil {
		t.Fatal(err)
	}
	for _, j := range []attribution.Journal{one, other} {
		if found, err := j.Open(t.Context(), []attribution.Place{intent.Place()}); err != nil || len(found) != 0 {
			t.Errorf("behind Confirm %+v is open, %v", found, err)
		}
		if all, err := j.Events(t.Context(), attribution.Query{}); err != nil || len(all) != 1 || all[0].UserID != "ada" {
			t.Errorf("%+v, %v", all, err)
		}
	}
}

// The window in which a server remembers message ids has passed long ago: the
// first record still stands.
func TestNothingButAPlaceMakesTheFirstRecordTheFirst(t *testing.T) {
	b := startBroker(t)
	j := b.journal("EVENTS")
	if err := j.Confirm(t.Context(), []attribution.Record{confirmed(rec(1, "ada"))}); err != nil {
		t.Fatal(err)
	}
	info, err := must(b.jetstream().Stream(t.Context(), "EVENTS")).Info(t.Context(), jetstream.WithSubjectFilter(">"))
	if err != nil || info.State.Msgs != 2 { // the record, and that its log has one
		t.Fatalf("%+v, %v", info, err)
	}
	for subject := range info.State.Subjects {
		// Not even somebody who asks for no care puts another beside it.
		if _, err := b.jetstream().Publish(t.Context(), subject, []byte("{}")); err == nil {
			t.Error("a second record of a place was taken")
		}
		for _, text := range []string{"room", "ada", "Made"} {
			if strings.Contains(subject, text) {
				t.Errorf("%s shows %q", subject, text)
			}
		}
	}
	b.stop()
	b.start()
	until(t, "Confirm", func() error { return j.Confirm(t.Context(), []attribution.Record{confirmed(rec(1, "bob"))}) })
	if all, err := j.Events(t.Context(), attribution.Query{}); err != nil || len(all) != 1 || all[0].UserID != "ada" {
		t.Errorf("%+v, %v", all, err)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestAJournalThatBeginsWithoutAServerAndLosesItWorksWhenItIsThere(t *testing.T) {
	b := startBroker(t)
	b.stop()
	j := b.journal("EVENTS")
	one := []attribution.Record{rec(1, "ada")}
	for what, call := range map[string]func() error{
		"Intend":      func() error { return j.Intend(t.Context(), one) },
		"Confirm":     func() error { return j.Confirm(t.Context(), one) },
		"Forget":      func() error { return j.Forget(t.Context(), one) },
		"Open":        func() error { _, err := j.Open(t.Context(), []attribution.Place{one[0].Place()}); return err },
		"Events":      func() error { _, err := j.Events(t.Context(), attribution.Query{}); return err },
		"Unconfirmed": func() error { _, err := j.Unconfirmed(t.Context()); return err },
	} {
		if call() == nil {
			t.Errorf("%s without a server is no error", what)
		}
	}
	b.start()
	until(t, "Intend", func() error { return j.Intend(t.Context(), one) })
	b.stop()
	if j.Confirm(t.Context(), one) == nil {
		t.Error("Confirm without a server is no error")
	}
	b.start()
	until(t, "Confirm", func() error { return j.Confirm(t.Context(), []attribution.Record{confirmed(one[0])}) })
	if all, err := j.Events(t.Context(), attribution.Query{}); err != nil || len(all) != 1 || all[0] != confirmed(one[0]) {
		t.Errorf("%+v, %v", all, err)
	}
	if n, err := j.Unconfirmed(t.Context()); err != nil || n != 0 {
		t.Errorf("%d, %v", n, err)
	}
}

func TestAStreamThatIsGoneStaysAway(t *testing.T) {
	b := startBroker(t)
	j := b.journal("EVENTS")
	if err := j.Confirm(t.Context(), []attribution.Record{confirmed(rec(1, "ada"))}); err != nil {
		t.Fatal(err)
	}
	if err := b.jetstream().DeleteStream(t.Context(), "EVENTS"); err != nil {
		t.Fatal(err)
	}
	if err := j.Intend(t.Context(), []attribution.Record{rec(2, "ada")}); err == nil {
		t.Error("an intent was kept in a stream that is not there")
	}
	if _, err := b.jetstream().Stream(t.Context(), "EVENTS"); !errors.Is(err, jetstream.ErrStreamNotFound) {
		t.Errorf("an empty stream was put in its place: %v", err)
	}
}

func TestAStreamThatWouldForgetIsRefusedAndLeftAlone(t *testing.T) {
	b := startBroker(t)
	js := b.jetstream()
	// A stream of its own for each: a server that still clears a deleted
	// stream's folder away refuses a new stream of the same name.
	for name, tc := range map[string]struct {
		why string
		cfg jetstream.StreamConfig
	}{
		"ELSEWHERE": {"subjects", jetstream.StreamConfig{Discard: jetstream.DiscardNew}},
		"MEMORY":    {"in memory", jetstream.StreamConfig{Discard: jetstream.DiscardNew, Storage: jetstream.MemoryStorage}},
		"AGED":      {"old", jetstream.StreamConfig{Discard: jetstream.DiscardNew, MaxAge: time.Hour}},
		"DROPPING":  {"drops old", jetstream.StreamConfig{Discard: jetstream.DiscardOld}},
		"DIRECT":    {"allow_direct", jetstream.StreamConfig{Discard: jetstream.DiscardNew, AllowDirect: true}},
		"KEEPING":   {"deny_delete", jetstream.StreamConfig{Discard: jetstream.DiscardNew, DenyDelete: true}},
	} {
		tc.cfg.Name = name
		tc.cfg.Subjects = []string{"syncward-journal." + name + ".>"}
		if name == "ELSEWHERE" {
			tc.cfg.Subjects = []string{"orders.>"}
		}
		if _, err := js.CreateStream(t.Context(), tc.cfg); err != nil {
			t.Fatal(err)
		}
		if err := b.journal(name).Intend(t.Context(), []attribution.Record{rec(1, "ada")}); err == nil || !strings.Contains(err.Error(), tc.why) {
			t.Errorf("%s: %v", tc.why, err)
		}
	}
}
