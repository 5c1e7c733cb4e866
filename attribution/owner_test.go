package attribution_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/syncward/syncward/attribution"
	"github.com/syncward/syncward/attribution/journaltest"
	"github.com/syncward/syncward/framing/payload"
)

func claim(t *testing.T, o *attribution.Owners, store, client, user string, want bool) {
	t.Helper()
	if mine, err := o.Claim(context.Background(), store, client, user); err != nil || mine != want {
		t.Errorf("%s/%.20s for %q: %v %v, want %v", store, client, user, mine, err, want)
	}
}

func TestAClientIDIsItsFirstUsers(t *testing.T) {
	o := attribution.NewOwners(nil, "anonymous")
	claim(t, o, "s", "c", "anonymous", true)
	claim(t, o, "s", "c", "ada", true) // who has no token owned nothing
	claim(t, o, "s", "c", "ada", true)
	claim(t, o, "s", "c", "bob", false)
	claim(t, o, "s", "c", "anonymous", false)
	claim(t, o, "s", "c", "ada", true)
	claim(t, o, "t", "c", "bob", true) // in another store it is another
	claim(t, o, "sc", "", "bob", true)
	claim(t, o, "", "sc", "cyd", true)
	claim(t, attribution.NewOwners(nil, "anonymous"), "s", "c", "bob", true) // a new process knows nothing
}

func TestTheJournalKnowsWhoseAClientIDIs(t *testing.T) {
	ctx := context.Background()
	j := journaltest.NewMemory()
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	long := strings.Repeat("long", 1000)
	put := func(n int64, client, user string, state attribution.State, after time.Duration) {
		r := attribution.Record{StoreID: "s", SeqNum: n, ClientID: client, State: state, Timestamp: at.Add(after), Attempt: n,
			Author: attribution.Author{UserID: user, ConnectionID: "x"}}
		var err error
		if state == attribution.Confirmed {
			err = j.Confirm(ctx, []attribution.Record{r})
		} else {
			err = j.Intend(ctx, []attribution.Record{r})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	put(1, "a", "ada", attribution.Confirmed, 0)
	put(2, "a", "bob", attribution.Confirmed, time.Hour)
	put(3, "b", "bob", attribution.Unconfirmed, 0) // only meant
	put(4, "b", "ada", attribution.Confirmed, time.Hour)
	put(5, "c", "anonymous", attribution.Confirmed, 0)
	put(6, "c", "bob", attribution.Confirmed, time.Hour)
	put(7, "d", "cyd", attribution.Unconfirmed, time.Hour)
	put(8, "d", "bob", attribution.Unconfirmed, 0)
	o := attribution.NewOwners(j, "anonymous")
	for client, owner := range map[string]string{"a": "ada", "b": "ada", "c": "bob", "d": "bob"} {
		claim(t, o, "s", client, "eve", false)
		claim(t, o, "s", client, "anonymous", false)
		claim(t, o, "s", client, owner, true)
	}
	claim(t, o, "other", "a", "eve", true)

	// What a Recorder wrote is found again, the name that is too long for it too.
	r := attribution.New(attribution.Options{Journal: j})
	defer r.Close()
	conn := r.Connect(attribution.Author{UserID: "ada", ConnectionID: "x"}, "s")
	defer conn.Close()
	if err := conn.Push(ctx, payload.Push{Request: "1", Events: []payload.Event{{SeqNum: 9, Name: "e", ClientID: long}}}); err != nil {
		t.Fatal(err)
	}
	claim(t, o, "s", long, "bob", false)
	claim(t, o, "s", long, "ada", true)
}

// failing is a journal that answers nothing.
type failing struct{ attribution.Journal }

func (failing) Events(context.Context, attribution.Query) ([]attribution.Record, error) {
	return nil, errors.New("down")
}

func TestNobodyOwnsWhatTheJournalCannotSay(t *testing.T) {
	o := attribution.NewOwners(failing{}, "anonymous")
	if mine, err := o.Claim(context.Background(), "s", "c", "ada"); mine || err == nil {
		t.Errorf("%v %v", mine, err)
	}
}

func TestOneUserCannotPushOutAnothersClientIDs(t *testing.T) {
	o := attribution.NewOwners(nil, "anonymous")
	claim(t, o, "s", "ada's", "ada", true)
	for i := range 5000 {
		claim(t, o, "s", fmt.Sprint(i), "eve", true)
	}
	claim(t, o, "s", "ada's", "eve", false)
	claim(t, o, "s", "4999", "ada", false) // eve's latest is remembered,
	claim(t, o, "s", "0", "ada", true)     // her first is not
}

func TestWhatIsRememberedOfAllIsBounded(t *testing.T) {
	o := attribution.NewOwners(nil, "anonymous")
	for i := range 150_000 {
		claim(t, o, "s", fmt.Sprint(i), fmt.Sprint("user-", i%140_000), true)
	}
	if n := o.Len(); n > 1<<17 {
		t.Errorf("%d clientIds are remembered", n)
	}
	claim(t, o, "s", "149999", "eve", false)
}

// slowJournal is read through for each question, and counts those that run.
type slowJournal struct {
	attribution.Journal
	started chan string // the clientId asked about
	finish  chan struct{}
}

func (j *slowJournal) Events(_ context.Context, q attribution.Query) ([]attribution.Record, error) {
	j.started <- q.ClientID
	<-j.finish
	return nil, nil
}

func TestAUserWhoMakesUpClientIDsHoldsUpNobodyElse(t *testing.T) {
	j := &slowJournal{started: make(chan string, 100), finish: make(chan struct{})}
	o := attribution.NewOwners(j, "anonymous")
	answers := make(chan error, 100)
	ask := func(client, user string) {
		_, err := o.Claim(context.Background(), "s", client, user)
		answers <- err
	}
	for i := range 50 {
		go ask(fmt.Sprint("made-up-", i), "mallory")
	}
	first := <-j.started
	if !strings.HasPrefix(first, "made-up-") {
		t.Fatal(first)
	}
	go ask("phone", "ada")
	if second := <-j.started; second != "phone" {
		t.Errorf("the second question that runs is about %s", second)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := o.Claim(ctx, "s", "made-up-more", "mallory"); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting for a turn behind the end of the context: %v", err)
	}
	close(j.finish)
	for range 51 {
		if err := <-answers; err != nil {
			t.Error(err)
		}
	}
}

// registry is a journal in which clientIds are claimed, for all who share it.
type registry struct {
	failing
	owners map[string]string
	down   bool
}

func (r *registry) ClaimClient(_ context.Context, storeID, clientID, userID string) (string, error) {
	key := storeID + "/" + clientID
	if r.down || len(key) > 600 {
		return "", errors.New("down, or no clientId of a record")
	}
	if r.owners[key] == "" && userID != "" {
		r.owners[key] = userID
	}
	return r.owners[key], nil
}

func TestAJournalThatCanIsToldOfAClaim(t *testing.T) {
	j := &registry{owners: map[string]string{}}
	one, two := attribution.NewOwners(j, "anonymous"), attribution.NewOwners(j, "anonymous")
	long := strings.Repeat("long", 1000)
	claim(t, one, "s", "c", "anonymous", true)
	claim(t, two, "s", "c", "ada", true)
	claim(t, one, "s", "c", "bob", false)
	claim(t, one, "s", "c", "anonymous", false)
	claim(t, one, "s", long, "bob", true)
	claim(t, two, "s", long, "ada", false)
	j.down = true
	claim(t, two, "s", "c", "ada", true) // it knows that already
	if mine, err := two.Claim(context.Background(), "s", "new", "ada"); mine || err == nil {
		t.Errorf("%v %v", mine, err)
	}
}
