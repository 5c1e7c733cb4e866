package attribution_test

import (
	"context"
	"errors"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/syncward/syncward/attribution"
	"github.com/syncward/syncward/attribution/journaltest"
	"github.com/syncward/syncward/framing/payload"
)

var errDisk = errors.New("the disk is full")

// counted is a recorder over the scene's journal that counts failures.
func (s *scene) counted(pass bool) (r *attribution.Recorder, failed *atomic.Int64) {
	failed = new(atomic.Int64)
	r = attribution.New(attribution.Options{Journal: s.journal, Pass: pass, Every: 5 * time.Millisecond, Failed: func(error) { failed.Add(1) }})
	s.t.Cleanup(r.Close)
	return r, failed
}

// until waits for a condition. It polls, since nothing tells of one; the time is a safety net.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("never: " + what)
		}
	}
}

func TestHoldKeepsAPushUntilTheJournalIsBack(t *testing.T) {
	s := newScene(t)
	r, failed := s.counted(false)
	ada := s.connect(r, "ada")
	s.journal.Fail(errDisk)
	done := make(chan error, 1)
	push := payload.Push{Request: "1", Backend: "b1", Events: []payload.Event{event(1, "x")}}
	go func() { done <- ada.Push(context.Background(), push) }()
	until(t, "a second attempt", func() bool { return failed.Load() > 1 })
	select {
	case err := <-done:
		t.Fatalf("Push came back while nothing was kept: %v", err)
	default:
	}
	s.journal.Fail(nil)
	if err := <-done; err != nil {
		t.Error(err)
	}
	s.is("b1/1 ada ada#1 unconfirmed")
}

func TestHoldKeepsAnAcknowledgementUntilItsContextEnds(t *testing.T) {
	s := newScene(t)
	r, failed := s.counted(false)
	ada := s.connect(r, "ada")
	news := payload.News{Answers: []payload.Answer{{Request: ada.push(event(1, "x")), Outcome: payload.Accepted}}}
	s.journal.Fail(errDisk)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		until(t, "an attempt", func() bool { return failed.Load() > 0 })
		cancel()
	}()
	if err := ada.Tell(ctx, news); !errors.Is(err, context.Canceled) {
		t.Errorf("the acknowledgement may go on: %v", err)
	}
	s.journal.Fail(nil)
	s.is("b1/1 ada ada#1 unconfirmed")
	s.connect(s.recorder(), "bob").sees(event(1, "x"))
	s.is("b1/1 ada ada#1 confirmed")
}

func TestPassGoesOnAndTakesNothingForKept(t *testing.T) {
	s := newScene(t)
	r, failed := s.counted(true)
	ada := s.connect(r, "ada")
	s.journal.Fail(errDisk)
	ada.answer(ada.push(event(1, "x")), payload.Accepted)
	ada.sees(event(1, "x"))
	if failed.Load() < 3 {
		t.Error("the place of a record that was not kept is taken for settled")
	}
	s.journal.Fail(nil)
	s.is()
}

func TestPassCountsEachFailure(t *testing.T) {
	s := newScene(t)
	r, failed := s.counted(true)
	ada := s.connect(r, "ada")
	s.journal.Fail(errDisk)
	ada.push(event(1, "x"))
	if failed.Load() < 1 {
		t.Error("an intent that was not kept is not counted")
	}
	before := failed.Load()
	ada.answer(strconv.Itoa(s.reqs), payload.Accepted)
	if failed.Load() == before {
		t.Error("a confirmation that was not kept is not counted")
	}
}

func TestAPullIsNeverHeldAndItsSightsAreSettledLater(t *testing.T) {
	s := newScene(t)
	s.connect(s.recorder(), "ada").push(event(1, "x"))
	r, failed := s.counted(false)
	bob := s.connect(r, "bob")
	s.journal.Fail(errDisk)
	bob.sees(event(1, "x"))
	if failed.Load() == 0 {
		t.Error("no failure was counted")
	}
	s.journal.Fail(nil)
	s.is("b1/1 ada ada#1 confirmed")
}

func TestTheHooksAreTold(t *testing.T) {
	s := newScene(t)
	var attributed, gauge atomic.Int64
	gauge.Store(-1)
	r := attribution.New(attribution.Options{Journal: s.journal, Every: 5 * time.Millisecond,
		Attributed:  func(n int) { attributed.Add(int64(n)) },
		Unconfirmed: func(n int) { gauge.Store(int64(n)) }})
	t.Cleanup(r.Close)
	ada := s.connect(r, "ada")
	ada.push(event(9, "open"))
	ada.answer(ada.push(event(1, "x"), event(2, "y")), payload.Accepted)
	if attributed.Load() != 2 {
		t.Errorf("%d events attributed, want 2", attributed.Load())
	}
	until(t, "the gauge says 1", func() bool { return gauge.Load() == 1 })
}

func TestWhatARestartLeftOpenIsToldAtOnce(t *testing.T) {
	s := newScene(t)
	s.connect(s.recorder(), "ada").push(event(1, "x"))
	told := make(chan int, 1)
	r := attribution.New(attribution.Options{Journal: s.journal, Every: time.Hour, Unconfirmed: func(n int) { told <- n }})
	t.Cleanup(r.Close)
	select {
	case n := <-told:
		if n != 1 {
			t.Errorf("%d are open, want 1", n)
		}
	case <-time.After(20 * time.Second):
		t.Error("never told")
	}
}

// hangingJournal never answers what is open, whatever its caller's patience.
type hangingJournal struct {
	*journaltest.Memory
	asked, answer chan struct{}
}

func (j *hangingJournal) Open(context.Context, []attribution.Place) ([]attribution.Record, error) {
	j.asked <- struct{}{}
	<-j.answer
	return nil, nil
}

func TestClientsOfAStoreDoNotWaitForEachOthersQuestions(t *testing.T) {
	j := &hangingJournal{journaltest.NewMemory(), make(chan struct{}, 100), make(chan struct{})}
	r := attribution.New(attribution.Options{Journal: j})
	defer r.Close()
	defer close(j.answer)
	told := make(chan error, 100)
	pull := func() {
		c := r.Connect(attribution.Author{UserID: "ada", ConnectionID: "x"}, "st")
		told <- c.Tell(context.Background(), payload.News{Backend: "b1", Seen: []payload.Event{event(1, "x")}})
	}
	go pull()
	<-j.asked // and it gets no answer
	for range 5 {
		go pull()
	}
	for range 5 {
		select {
		case err := <-told:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(20 * time.Second):
			t.Fatal("a pull waits for the question of another client")
		}
	}
}

func TestAnEventThatIsSeenBeforeItsAcknowledgementCountsOnce(t *testing.T) {
	s := newScene(t)
	var attributed atomic.Int64
	r := attribution.New(attribution.Options{Journal: s.journal, Attributed: func(n int) { attributed.Add(int64(n)) }})
	t.Cleanup(r.Close)
	ada, bob := s.connect(r, "ada"), s.connect(r, "bob")
	push := ada.push(event(1, "x"), event(2, "y"))
	bob.sees(event(1, "x"))
	ada.answer(push, payload.Accepted)
	s.is("b1/1 ada ada#1 confirmed", "b1/2 ada ada#1 confirmed")
	if n := attributed.Load(); n != 2 {
		t.Errorf("%d events were counted, want 2", n)
	}
}
