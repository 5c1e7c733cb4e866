package attribution_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/syncward/syncward/attribution"
	"github.com/syncward/syncward/attribution/journaltest"
	"github.com/syncward/syncward/framing/payload"
)

// scene is one store, its journal, and who comes and goes.
type scene struct {
	t       *testing.T
	journal *journaltest.Memory
	conns   int
	reqs    int
}

func newScene(t *testing.T) *scene { return &scene{t: t, journal: journaltest.NewMemory()} }

// recorder starts one more sidecar over the journal.
func (s *scene) recorder() *attribution.Recorder {
	r := attribution.New(attribution.Options{Journal: s.journal})
	s.t.Cleanup(r.Close)
	return r
}

// actor is a user's connection.
type actor struct {
	*scene
	*attribution.Conn
	id string
}

func (s *scene) connect(r *attribution.Recorder, user string) *actor {
	s.conns++
	id := user + "#" + strconv.Itoa(s.conns)
	return &actor{s, r.Connect(attribution.Author{UserID: user, ConnectionID: id}, "st"), id}
}

// event is one with some content.
func event(n int64, content string) payload.Event {
	return payload.Event{SeqNum: n, Name: "v1." + content, ClientID: "c", SessionID: "s", Hash: sha256.Sum256([]byte(content))}
}

// push offers events in log b1, and returns the request.
func (a *actor) push(events ...payload.Event) string {
	a.t.Helper()
	return a.pushIn("b1", events...)
}

func (a *actor) pushIn(backend string, events ...payload.Event) string {
	a.t.Helper()
	a.reqs++
	id := strconv.Itoa(a.reqs)
	p := payload.Push{Request: id, Backend: backend, Unsaid: backend == "", Events: events}
	if err := a.Push(a.t.Context(), p); err != nil {
		a.t.Fatal(err)
	}
	return id
}

func (a *actor) tell(n payload.News) {
	a.t.Helper()
	if err := a.Tell(a.t.Context(), n); err != nil {
		a.t.Fatal(err)
	}
}

func (a *actor) answer(request string, o payload.Outcome) {
	a.t.Helper()
	a.tell(payload.News{Answers: []payload.Answer{{Request: request, Outcome: o}}})
}

func (a *actor) sees(events ...payload.Event) {
	a.t.Helper()
	a.tell(payload.News{Backend: "b1", Seen: events})
}

// is asserts what the journal says, as "backend/number user connection state".
// It polls, since what a lost connection leaves behind is settled behind it, and
// nothing tells when; the time is a safety net.
func (s *scene) is(want ...string) {
	s.t.Helper()
	got := s.says()
	for end := time.Now().Add(20 * time.Second); !slices.Equal(got, want) && time.Now().Before(end); got = s.says() {
		time.Sleep(time.Millisecond)
	}
	if !slices.Equal(got, want) {
		s.t.Errorf("the journal says\n\t%q, want\n\t%q", got, want)
	}
}

func (s *scene) says() []string {
	s.t.Helper()
	all, err := s.journal.Events(context.Background(), attribution.Query{})
	if err != nil {
		s.t.Fatal(err)
	}
	got := []string{}
	for _, r := range all {
		place := r.BackendID + "/" + strconv.FormatInt(r.SeqNum, 10) + r.EventID
		got = append(got, place+" "+r.UserID+" "+r.ConnectionID+" "+string(r.State))
	}
	return got
}

func TestAnIntentIsDurableWhenPushReturns(t *testing.T) {
	s := newScene(t)
	s.connect(s.recorder(), "ada").push(event(1, "x"), event(2, "y"))
	s.is("b1/1 ada ada#1 unconfirmed", "b1/2 ada ada#1 unconfirmed")
}

func TestAnAcceptedPushIsConfirmedWhenTellReturns(t *testing.T) {
	s := newScene(t)
	ada := s.connect(s.recorder(), "ada")
	ada.answer(ada.push(event(1, "x"), event(2, "y")), payload.Accepted)
	s.is("b1/1 ada ada#1 confirmed", "b1/2 ada ada#1 confirmed")
}

func TestARejectedPushIsForgotten(t *testing.T) {
	s := newScene(t)
	ada := s.connect(s.recorder(), "ada")
	ada.answer(ada.push(event(1, "x")), payload.Rejected)
	s.is()
}

func TestAnUnclearAnswerLeavesThePushOpen(t *testing.T) {
	s := newScene(t)
	ada := s.connect(s.recorder(), "ada")
	ada.answer(ada.push(event(1, "x")), payload.Unclear)
	s.is("b1/1 ada ada#1 unconfirmed")
}

func TestAPushAfterAnUnclearOneOnTheSameConnectionIsRejectedAloneAndASightConfirmsTheFirst(t *testing.T) {
	s := newScene(t)
	ada := s.connect(s.recorder(), "ada")
	ada.answer(ada.push(event(1, "x")), payload.Unclear)
	ada.answer(ada.push(event(1, "x")), payload.Rejected)
	s.is("b1/1 ada ada#1 unconfirmed")
	ada.sees(event(1, "x"))
	s.is("b1/1 ada ada#1 confirmed")
}

func TestAKillBeforeTheRelayAndASecondPushMakeOneEntry(t *testing.T) {
	s := newScene(t)
	s.connect(s.recorder(), "ada").push(event(1, "x")) // and this recorder is never heard of again
	ada := s.connect(s.recorder(), "ada")
	ada.answer(ada.push(event(1, "x")), payload.Accepted)
	s.is("b1/1 ada ada#2 confirmed")
}

func TestAKillBetweenCommitAndAcknowledgementIsHealedByThePull(t *testing.T) {
	s := newScene(t)
	s.connect(s.recorder(), "ada").push(event(1, "x"))
	ada := s.connect(s.recorder(), "ada")
	again := ada.push(event(1, "x"))
	s.is("b1/1 ada ada#1 unconfirmed", "b1/1 ada ada#2 unconfirmed")
	ada.answer(again, payload.Rejected)
	s.is("b1/1 ada ada#1 unconfirmed")
	ada.sees(event(1, "x"))
	s.is("b1/1 ada ada#1 confirmed")
}

// Whoever has seen an event does not ask for it again: a kill between that and
// the acknowledgement must not leave it open.
func TestASightDoesNotWaitForAnAnswerThatAKillMayTake(t *testing.T) {
	s := newScene(t)
	r := s.recorder()
	ada, bob := s.connect(r, "ada"), s.connect(r, "bob")
	push := ada.push(event(1, "x"))
	bob.sees(event(1, "x"))
	s.is("b1/1 ada ada#1 confirmed")
	ada.answer(push, payload.Accepted)
	s.is("b1/1 ada ada#1 confirmed")
}

func TestASightIsItsOnlyUsersWhateverTheAnswerWillBe(t *testing.T) {
	for _, outcome := range []payload.Outcome{payload.Accepted, payload.Rejected, payload.Unclear} {
		s := newScene(t)
		s.connect(s.recorder(), "ada").push(event(1, "x"))
		r := s.recorder()
		ada, bob := s.connect(r, "ada"), s.connect(r, "bob")
		again := ada.push(event(1, "x"))
		bob.sees(event(1, "x"))
		s.is("b1/1 ada  confirmed") // hers, by one of two connections
		ada.answer(again, outcome)
		s.is("b1/1 ada  confirmed")
	}
}

func TestAnIntentWithOtherContentHasLost(t *testing.T) {
	s := newScene(t)
	s.connect(s.recorder(), "ada").push(event(1, "x"))
	bob := s.connect(s.recorder(), "bob")
	bob.sees(event(1, "another's, written past us"))
	s.is()
}

func TestTwoUsersWithTheSameContentAreNotGuessed(t *testing.T) {
	s := newScene(t)
	s.connect(s.recorder(), "ada").push(event(1, "x"))
	s.connect(s.recorder(), "bob").push(event(1, "x"))
	cyd := s.connect(s.recorder(), "cyd")
	cyd.sees(event(1, "x"))
	s.is("b1/1 ada ada#1 unconfirmed", "b1/1 bob bob#2 unconfirmed")
	s.connect(s.recorder(), "cyd").sees(event(1, "x"))
	s.is("b1/1 ada ada#1 unconfirmed", "b1/1 bob bob#2 unconfirmed")
}

func TestARejectionSettlesWhatASightElsewhereLeftOpen(t *testing.T) {
	s := newScene(t)
	s.connect(s.recorder(), "ada").push(event(1, "x")) // committed, and killed
	bob := s.connect(s.recorder(), "bob")
	again := bob.push(event(1, "x"))
	s.connect(s.recorder(), "cyd").sees(event(1, "x"))
	s.is("b1/1 ada ada#1 unconfirmed", "b1/1 bob bob#2 unconfirmed")
	bob.answer(again, payload.Rejected)
	s.is("b1/1 ada ada#1 confirmed")
}

func TestAPushForAPlaceThatWasSeenClaimsNothing(t *testing.T) {
	s := newScene(t)
	r := s.recorder()
	old := event(7, "written before there was a journal")
	s.connect(r, "bob").sees(event(1, "x"), old)
	eve := s.connect(r, "eve")
	eve.push(old)
	eve.Close()
	s.connect(r, "bob").sees(old)
	s.is()
}

func TestARebaseKeepsOneEntry(t *testing.T) {
	s := newScene(t)
	r := s.recorder()
	ada, bob := s.connect(r, "ada"), s.connect(r, "bob")
	a, b := ada.push(event(1, "x"), event(2, "y")), bob.push(event(1, "z"))
	bob.answer(b, payload.Accepted)
	ada.sees(event(1, "z"))
	ada.answer(a, payload.Rejected)
	ada.answer(ada.push(event(2, "x"), event(3, "y")), payload.Accepted)
	s.is("b1/1 bob bob#2 confirmed", "b1/2 ada ada#1 confirmed", "b1/3 ada ada#1 confirmed")
}

func TestAPlaceKeepsItsFirstEntry(t *testing.T) {
	s := newScene(t)
	ada, bob := s.connect(s.recorder(), "ada"), s.connect(s.recorder(), "bob")
	ada.answer(ada.push(event(1, "x")), payload.Accepted)
	bob.answer(bob.push(event(1, "x")), payload.Accepted) // a server that lies
	s.is("b1/1 ada ada#1 confirmed")
}

func TestAResetLogHasPlacesOfItsOwn(t *testing.T) {
	s := newScene(t)
	ada := s.connect(s.recorder(), "ada")
	ada.answer(ada.push(event(1, "x")), payload.Accepted)
	bob := s.connect(s.recorder(), "bob")
	bob.answer(bob.pushIn("b2", event(1, "x")), payload.Accepted)
	bob.tell(payload.News{Backend: "b2", Seen: []payload.Event{event(1, "x")}})
	s.is("b1/1 ada ada#1 confirmed", "b2/1 bob bob#2 confirmed")
}

func TestALogWhoseIdentityIsUnsaidIsNamedWhenTheConnectionLearnsIt(t *testing.T) {
	s := newScene(t)
	r := s.recorder()
	ada := s.connect(r, "ada")
	ada.answer(ada.pushIn("", event(1, "x")), payload.Accepted)
	s.is("/1 ada ada#1 unconfirmed")
	ada.tell(payload.News{Backend: "b1"})
	s.is("b1/1 ada ada#1 confirmed")
	ada.answer(ada.pushIn("", event(2, "y")), payload.Accepted)
	s.is("b1/1 ada ada#1 confirmed", "b1/2 ada ada#1 confirmed")
}

func TestAnIntentWithoutIdentityMatchesASightAndNeverLoses(t *testing.T) {
	s := newScene(t)
	s.connect(s.recorder(), "ada").pushIn("", event(1, "x"), event(2, "y"))
	bob := s.connect(s.recorder(), "bob")
	bob.sees(event(1, "x"), event(2, "other"))
	s.is("/2 ada ada#1 unconfirmed", "b1/1 ada ada#1 confirmed")
}

func TestADoubtInOneLogIsNotLiftedByWhatHappensInTheNext(t *testing.T) {
	s := newScene(t)
	s.connect(s.recorder(), "ada").push(event(1, "x"))
	s.connect(s.recorder(), "bob").pushIn("", event(1, "x"))
	s.connect(s.recorder(), "cyd").sees(event(1, "x"))
	next := s.connect(s.recorder(), "cyd")
	next.tell(payload.News{Backend: "b2", Seen: []payload.Event{event(1, "x")}}) // takes bob's for its own
	s.connect(s.recorder(), "cyd").sees(event(1, "x"))
	s.is("b1/1 ada ada#1 unconfirmed", "b1/1 bob bob#2 unconfirmed", "b2/1 bob bob#2 confirmed")
}

func TestWhatIsSeenOfALogThatWasReplacedSettlesNothing(t *testing.T) {
	s := newScene(t)
	s.connect(s.recorder(), "ada").pushIn("", event(1, "x"))
	r := s.recorder()
	bob, cyd := s.connect(r, "bob"), s.connect(r, "cyd")
	bob.sees()
	cyd.tell(payload.News{Backend: "b2"})
	bob.sees(event(1, "x")) // was under way
	s.is("/1 ada ada#1 unconfirmed")
}

func TestEventsWithoutNumbersAreAcknowledgedByID(t *testing.T) {
	s := newScene(t)
	ada := s.connect(s.recorder(), "ada")
	one, two := payload.Event{ID: "e1"}, payload.Event{ID: "e2"}
	if err := ada.Push(t.Context(), payload.Push{Events: []payload.Event{one, two}}); err != nil {
		t.Fatal(err)
	}
	ada.tell(payload.News{Answers: []payload.Answer{{ID: "e2", Outcome: payload.Accepted}, {ID: "e9", Outcome: payload.Accepted}}})
	s.is("/0e1 ada ada#1 unconfirmed", "/0e2 ada ada#1 confirmed")
}

// countingJournal notes what is confirmed, and keeps nothing.
type countingJournal struct {
	*journaltest.Memory
	offered   int
	confirmed map[string]bool
}

func (j *countingJournal) Intend(_ context.Context, intents []attribution.Record) error {
	j.offered += len(intents)
	return nil
}

func (j *countingJournal) Confirm(_ context.Context, records []attribution.Record) error {
	for _, r := range records {
		j.confirmed[r.EventID] = true
	}
	return nil
}

// Such as where ACK_PATH names nothing: the client is none the worse for it.
func TestEventsThatAreNeverAnsweredStayOpenAndStopNobody(t *testing.T) {
	j := &countingJournal{journaltest.NewMemory(), 0, map[string]bool{}}
	r := attribution.New(attribution.Options{Journal: j})
	defer r.Close()
	ada := r.Connect(attribution.Author{UserID: "ada", ConnectionID: "x"}, "st")
	offer := func(from, to int) {
		t.Helper()
		var p payload.Push
		for i := from; i < to; i++ {
			p.Events = append(p.Events, payload.Event{ID: strconv.Itoa(i)}, payload.Event{ID: strconv.Itoa(i)})
		}
		if err := ada.Push(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	answer := func(i int) {
		t.Helper()
		if err := ada.Tell(t.Context(), payload.News{Answers: []payload.Answer{{ID: strconv.Itoa(i), Outcome: payload.Accepted}}}); err != nil {
			t.Fatal(err)
		}
	}
	offer(0, 4000) // one message may offer more than are waited for
	offer(4000, 4100)
	for i := 4100; i < 20_000; i++ { // nor do answered ones pile up
		offer(i, i+1)
		answer(i)
	}
	answer(0) // too late: nobody waits for it
	answer(4099)
	if len(j.confirmed) != 15_901 || j.confirmed["0"] || !j.confirmed["4099"] || j.offered != 40_000 {
		t.Errorf("%d of %d confirmed; 0: %t, 4099: %t", len(j.confirmed), j.offered, j.confirmed["0"], j.confirmed["4099"])
	}
	if held := ada.Held(); held > 3*4096 {
		t.Errorf("%d offers are held", held)
	}
}

func TestOneRequestIDIsNotUsedTwiceAtATime(t *testing.T) {
	s := newScene(t)
	eve := s.connect(s.recorder(), "eve")
	pull := payload.Push{Request: "7"}
	push := payload.Push{Request: "7", Backend: "b1", Events: []payload.Event{event(9, "not there")}}
	if err := eve.Push(t.Context(), pull); err != nil {
		t.Fatal(err)
	}
	if err := eve.Push(t.Context(), push); !errors.Is(err, attribution.ErrRequest) {
		t.Errorf("a push under the id of a pull that runs: %v", err)
	}
	eve.answer("7", payload.Accepted) // the pull's
	s.is()
	if err := eve.Push(t.Context(), push); err != nil {
		t.Errorf("the id is free again, and refused: %v", err)
	}
}
