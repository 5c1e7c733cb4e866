package payload_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/framing/payload"
)

func log(t testing.TB) payload.JSON {
	return payload.JSON{Events: paths(t, "/event", "/batch/*"), Acks: paths(t, "/ack", "/acks/*/id")}
}

func TestWhatAClientPushesIsReadFromItsEvents(t *testing.T) {
	for msg, want := range map[string]string{
		`{"type":"ping"}`:                                                   "",
		`{"event":"join"}`:                                                  "",
		`{"batch":[1,null]}`:                                                "",
		`{"x":{"event":{"id":"1"}}}`:                                        "",
		`{"event":{"id":"1","name":"created"}}`:                             "1 created  ",
		`{"event":{"type":"created","id":"\u0031"}}`:                        "1 created  ",
		`{"event":{"id":7,"clientId":"c","sessionId":"s"}}`:                 "7  c s",
		`{"event":{"id":7.0}}`:                                              "7.0   ",
		`{"batch":[{"id":"a"},"x",{"id":"b","name":1}],"event":{"id":"c"}}`: "a   |b   |c   ",
	} {
		p, err := log(t).Pushed(framing.Binary, []byte(msg))
		var got []string
		for _, e := range p.Events {
			got = append(got, fmt.Sprintf("%s %s %s %s", e.ID, e.Name, e.ClientID, e.SessionID))
		}
		if err != nil || strings.Join(got, "|") != want || p.Request != "" || p.Backend != "" || p.Unsaid {
			t.Errorf("%s: %+v, %v", msg, p, err)
		}
	}
}

func TestAnEventThatNobodyCouldFindAgainIsBadFrame(t *testing.T) {
	for _, msg := range []string{
		`{"event":{}}`, `{"event":{"id":""}}`, `{"event":{"id":null}}`, `{"event":{"id":{}}}`, `{"event":{"id":true}}`,
		`{"batch":[{"id":"a"},{}]}`, `{"event":{"id":"a","id":"b"}}`, `{"event":{"id":"a"}`, `{"event":{"id":"a"}}{}`,
		`{"batch":[` + strings.Repeat(`{"id":1},`, 10_000) + `{"id":1}]}`,
	} {
		if p, err := log(t).Pushed(framing.Text, []byte(msg)); !errors.Is(err, payload.ErrBadFrame) || len(p.Events) > 0 {
			t.Errorf("%.60s: %v", msg, err)
		}
	}
}

func TestOneEventHasOneHashHoweverItIsSpelled(t *testing.T) {
	hash := func(event string) [32]byte {
		t.Helper()
		p, err := log(t).Pushed(framing.Text, []byte(`{"event":`+event+`}`))
		if err != nil || len(p.Events) != 1 {
			t.Fatal(event, err)
		}
		return p.Events[0].Hash
	}
	one := hash(`{"id":"1","args":{"n":1.50,"t":"é"}}`)
	if same := hash(` { "args":{"t":"\u00e9", "n":15e-1},"id":"1"}`); same != one {
		t.Error("two spellings, two hashes")
	}
	for _, other := range []string{`{"id":"1","args":{"n":1.51,"t":"é"}}`, `{"id":"1","args":{"n":1.50,"t":"é"},"x":null}`, `{"id":1,"args":{"n":1.50,"t":"é"}}`} {
		if hash(other) == one {
			t.Errorf("%s has the hash of another", other)
		}
	}
}

func TestWhatAnUpstreamAcknowledgesIsReadFromItsAcks(t *testing.T) {
	for msg, want := range map[string][]string{
		`{"ack":"1"}`: {"1"}, `{"ack":7}`: {"7"}, `{"ack":["a",7,"\u0062"]}`: {"a", "7", "b"}, `{"acks":[{"id":"a"},{"id":["b","c"]}]}`: {"a", "b", "c"},
		`{"ack":[["a"],{},null,true]}`: nil, `{"ack":{"id":1}}`: nil, `{"ack":""}`: nil, `{"ack":null}`: nil, `{"x":{"ack":1}}`: nil,
		`hello`: nil, `{"ack":"1"`: nil, `{"ack":"1","ack":"2"}`: nil, ``: nil,
	} {
		n := log(t).Told(framing.Text, []byte(msg))
		var got []string
		for _, a := range n.Answers {
			if a.Outcome != payload.Accepted || a.Request != "" {
				t.Errorf("%s: %+v", msg, a)
			}
			got = append(got, a.ID)
		}
		if !reflect.DeepEqual(got, want) || n.Empty() != (want == nil) {
			t.Errorf("%s: %q, want %q", msg, got, want)
		}
	}
	if !(payload.JSON{}).Told(framing.Text, []byte(`{"ack":1}`)).Empty() {
		t.Error("without Acks nothing is acknowledged")
	}
	if p, err := (payload.JSON{}).Pushed(framing.Text, []byte(`{"event":{}}`)); err != nil || len(p.Events) > 0 {
		t.Error("without Events nothing is pushed")
	}
}

func FuzzJSONLog(f *testing.F) {
	for _, msg := range []string{
		`{"event":{"id":"1"}}`, `{"batch":[{"id":7,"name":"x"},1]}`, `{"ack":["a",1]}`, `{"ack":1e999}`, `{"event":{"id":1,"n":1e999}}`, `{"acks":[{"id":"x"}]}`, `event`, `{"\u0065vent":{}}`,
	} {
		f.Add([]byte(msg))
	}
	j := log(f)
	f.Fuzz(func(t *testing.T, msg []byte) {
		doc, readable := strictObject(msg)
		p, err := j.Pushed(framing.Text, msg)
		if err != nil && len(p.Events) > 0 {
			t.Fatalf("%q: %+v, %v", msg, p, err)
		}
		want := 0
		if event, ok := doc["event"].(map[string]any); ok {
			want++
			if id, ok := event["id"].(string); err == nil && ok && p.Events[len(p.Events)-1].ID != id && p.Events[0].ID != id {
				t.Fatalf("%q: %+v", msg, p)
			}
		}
		if batch, ok := doc["batch"].([]any); ok {
			for _, e := range batch {
				if _, ok := e.(map[string]any); ok {
					want++
				}
			}
		}
		if readable && err == nil && len(p.Events) != want {
			t.Fatalf("%q: %d events, want %d", msg, len(p.Events), want)
		}
		for _, a := range j.Told(framing.Text, msg).Answers {
			if a.ID == "" || !readable {
				t.Fatalf("%q acknowledges %+v", msg, a)
			}
		}
	})
}
