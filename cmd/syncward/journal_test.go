package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/golang-jwt/jwt/v5"

	"github.com/syncward/syncward/attribution"
)

var eventID = regexp.MustCompile(`"id":"([^"]+)"`)

// accepting is an upstream that acknowledges every event but those called lost,
// and answers "ok" to all else.
func accepting(w http.ResponseWriter, r *http.Request) {
	ws, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer ws.CloseNow()
	for {
		_, msg, err := ws.Read(r.Context())
		if err != nil {
			return
		}
		answer := "ok"
		if id := eventID.FindSubmatch(msg); id != nil && string(id[1]) != "lost" {
			answer = `{"ack":"` + string(id[1]) + `"}`
		}
		if ws.Write(r.Context(), websocket.MessageText, []byte(answer)) != nil {
			return
		}
	}
}

func TestAnEventAndItsAuthorAreInTheJournal(t *testing.T) {
	for _, kind := range []string{"file", "sqlite", "nats"} {
		t.Run(kind, func(t *testing.T) {
			up := httptest.NewServer(http.HandlerFunc(accepting))
			defer up.Close()
			url := kind + "://" + filepath.Join(t.TempDir(), "events")
			if kind == "nats" {
				url = newBroker(t, nil).start().url + "/EVENTS"
			}
			s := startSidecar(t, up.URL, "ATTRIBUTION=journal", "JOURNAL_URL="+url)
			ctx, ws := dial(t, "ws://"+s.addr+"/", nil)
			say(t, ctx, ws, `{"type":"init","instanceId":"room","authToken":"`+tokenBy(t, goodSecret, jwt.MapClaims{"sub": "ada"})+`"}`, "ok")
			say(t, ctx, ws, `{"event":{"id":"e1","name":"created"}}`, `{"ack":"e1"}`)
			say(t, ctx, ws, `{"events":[{"id":"lost"}]}`, "ok")
			ws.CloseNow()
			s.drain()
			if err := <-s.ended; err != nil {
				t.Fatal(err)
			}
			c, r := load(minimal("UPSTREAM_URL="+up.URL, "ATTRIBUTION=journal", "JOURNAL_URL="+url))
			if r.err() != nil {
				t.Fatal(r.err())
			}
			j, err := openJournal(c, func(err error) { t.Error(err) })
			if err != nil {
				t.Fatal(err)
			}
			defer j.Close()
			var all []attribution.Record
			waitFor(t, "an answer of the journal: NATS is dialled in the background", func() bool {
				all, err = j.Events(context.Background(), attribution.Query{})
				return err == nil
			})
			if len(all) != 2 {
				t.Fatalf("%+v", all)
			}
			for i, want := range []attribution.Record{{EventID: "e1", Name: "created", State: attribution.Confirmed}, {EventID: "lost", State: attribution.Unconfirmed}} {
				if got := all[i]; got.EventID != want.EventID || got.Name != want.Name || got.State != want.State || got.UserID != "ada" || got.StoreID != "room" || got.ConnectionID == "" {
					t.Errorf("%+v", got)
				}
			}
		})
	}
}

func TestAJournalThatIsNotThereStopsNoStartInModeOffAndLetsNoEventByLater(t *testing.T) {
	up := httptest.NewServer(http.HandlerFunc(accepting))
	defer up.Close()
	flags := filepath.Join(t.TempDir(), "flags.yaml")
	write := func(mode string) {
		if err := os.WriteFile(flags, []byte("authMode: "+mode+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("off")
	s := startSidecar(t, up.URL, "FLAGS_FILE="+flags, "ATTRIBUTION=journal", "JOURNAL_URL=file://"+filepath.Join(t.TempDir(), "none", "events"))
	ctx, ws := dial(t, "ws://"+s.addr+"/", nil)
	say(t, ctx, ws, `{"event":{"id":"e1"}}`, `{"ack":"e1"}`)
	write("observe")
	logged := func(part string) {
		t.Helper()
		for !strings.Contains(s.log.String(), part) {
			select {
			case <-ctx.Done():
				t.Fatalf("no %s in %s", part, s.log)
			case <-time.After(5 * time.Millisecond):
			}
		}
	}
	logged(`"is":"observe"`)
	ctx, ws = dial(t, "ws://"+s.addr+"/", nil)
	say(t, ctx, ws, `{"type":"init"}`, "ok")
	if err := ws.Write(ctx, websocket.MessageText, []byte(`{"event":{"id":"e2"}}`)); err != nil {
		t.Fatal(err)
	}
	logged(`"msg":"journal"`)
	s.drain()
	if _, msg, err := ws.Read(ctx); websocket.CloseStatus(err) != 1012 {
		t.Errorf("the event was let by: %s, %v", msg, err)
	}
}

func TestCheckSeesAJournalThatServeWouldRefuse(t *testing.T) {
	for _, kind := range []string{"file", "sqlite"} {
		dir := t.TempDir()
		probed := func(path string) probe {
			c, r := load(minimal("UPSTREAM_URL=http://127.0.0.1:1", "ATTRIBUTION=journal", "JOURNAL_URL="+kind+"://"+path))
			if r.err() != nil {
				t.Fatal(r.err())
			}
			return probeJournal(context.Background(), c)
		}
		ours, foreign := filepath.Join(dir, "ours"), filepath.Join(dir, "foreign")
		must(t, os.WriteFile(foreign, []byte("root:x:0:0:root:/root:/bin/bash\n"), 0o600))
		if p := probed(ours); !p.OK {
			t.Errorf("%s that is not there: %+v", kind, p)
		}
		c, _ := load(minimal("UPSTREAM_URL=http://127.0.0.1:1", "ATTRIBUTION=journal", "JOURNAL_URL="+kind+"://"+ours))
		j, err := openJournal(c, func(error) {})
		must(t, err)
		if p := probed(ours); !p.OK {
			t.Errorf("%s that a serve has open: %+v", kind, p)
		}
		must(t, j.Close())
		for _, path := range []string{foreign, dir} {
			if p := probed(path); p.OK {
				t.Errorf("%s at %s: %+v", kind, filepath.Base(path), p)
			}
		}
	}
}
