package natsstream_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/syncward/syncward/attribution"
)

// claims asks a replica that knows nothing yet.
func claims(t *testing.T, j attribution.Journal, client, user string, want bool) {
	t.Helper()
	if mine, err := attribution.NewOwners(j, nobody).Claim(t.Context(), "room", client, user); err != nil || mine != want {
		t.Errorf("%.20s for %s: %v, %v; want %v", client, user, mine, err, want)
	}
}

func byClient(n int64, user, client string) attribution.Record {
	r := confirmed(rec(n, user))
	r.ClientID = client
	return r
}

func TestAClientIDIsOneUsersWhicheverReplicaIsAsked(t *testing.T) {
	b := startBroker(t)
	replicas := []attribution.Journal{b.journal("EVENTS"), b.journal("EVENTS")}
	for n := range 20 {
		client := fmt.Sprint("client-", n)
		var claimants sync.WaitGroup
		var mu sync.Mutex
		var owners []string
		for c := range 8 {
			user := fmt.Sprint("user-", c)
			claimants.Go(func() {
				mine, err := attribution.NewOwners(replicas[c%2], nobody).Claim(t.Context(), "room", client, user)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				if mine {
					owners = append(owners, user)
				}
			})
		}
		claimants.Wait()
		if len(owners) != 1 {
			t.Fatalf("%s belongs to %v", client, owners)
		}
		claims(t, b.journal("EVENTS"), client, owners[0], true)
		claims(t, b.journal("EVENTS"), client, "late", false)
		claims(t, b.journal("EVENTS"), client, nobody, false)
	}
}

func TestWhoAsksForNobodyClaimsNothing(t *testing.T) {
	j := startBroker(t).journal("EVENTS")
	claims(t, j, "phone", nobody, true)
	claims(t, j, "phone", "ada", true)
	claims(t, j, "phone", nobody, false)
	claims(t, j, "", "ada", true)
	claims(t, j, "", "bob", false)
}

// Replicas without CLIENT_ID_OWNERSHIP claim nothing, and it may be set later.
func TestAConfirmedEventMakesItsClientIDItsUsers(t *testing.T) {
	b := startBroker(t)
	j := b.journal("EVENTS")
	long := strings.Repeat("l", 512)
	err := j.Confirm(t.Context(), []attribution.Record{byClient(1, nobody, "phone"), byClient(2, "ada", "phone"), byClient(3, "bob", "phone"), byClient(4, "ada", "")})
	if err == nil {
		err = j.Confirm(t.Context(), []attribution.Record{byClient(5, "bob", "phone"), byClient(6, "bob", long)})
	}
	if err != nil {
		t.Fatal(err)
	}
	claims(t, b.journal("EVENTS"), "phone", "bob", false)
	claims(t, b.journal("EVENTS"), "phone", "ada", true)
	claims(t, b.journal("EVENTS"), long, "ada", false)
	claims(t, b.journal("EVENTS"), "", "bob", true) // a protocol without clientIds
}

// Whatever is killed when: what others lean on stands first.
func TestWhatAConfirmedRecordIsFoundByIsThereBeforeIt(t *testing.T) {
	b := startBroker(t)
	if err := b.journal("EVENTS").Confirm(t.Context(), []attribution.Record{byClient(1, "ada", "phone"), byClient(2, "ada", "laptop")}); err != nil {
		t.Fatal(err)
	}
	s := must(b.jetstream().Stream(t.Context(), "EVENTS"))
	last := map[string]uint64{}
	first := map[string]uint64{}
	for n := range s.CachedInfo().State.LastSeq {
		msg, err := s.GetMsg(t.Context(), n+1)
		if err != nil {
			t.Fatal(err)
		}
		kind := strings.Split(msg.Subject, ".")[2]
		if last[kind] = msg.Sequence; first[kind] == 0 {
			first[kind] = msg.Sequence
		}
	}
	if len(last) != 3 || last["owner"] > first["done"] || last["log"] > first["done"] {
		t.Errorf("first %v, last %v", first, last)
	}
}

func TestWhoseAClientIDIsCostsNoReadingOfTheJournal(t *testing.T) {
	b := startBroker(t)
	j, received := b.counted("EVENTS")
	var all []attribution.Record
	for n := range int64(3000) {
		all = append(all, byClient(n+1, "ada", "phone"))
	}
	if err := j.Confirm(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	received()
	claims(t, j, "phone", "bob", false)
	claims(t, j, "laptop", "bob", true)
	if n := received(); n > 10_000 {
		t.Errorf("%d bytes were read", n)
	}
}
