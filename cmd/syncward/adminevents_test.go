package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/syncward/syncward/attribution"
	"github.com/syncward/syncward/attribution/journaltest"
)

func TestAnApplicationAsksForAuthors(t *testing.T) {
	up := httptest.NewServer(http.HandlerFunc(accepting))
	defer up.Close()
	s := startSidecar(t, up.URL, "ATTRIBUTION=journal", "JOURNAL_URL=file://"+filepath.Join(t.TempDir(), "events"), "ADMIN_TOKEN="+adminToken)
	ctx, ws := dial(t, "ws://"+s.addr+"/", nil)
	say(t, ctx, ws, `{"type":"init","instanceId":"room","authToken":"`+tokenBy(t, goodSecret, jwt.MapClaims{"sub": "ada"})+`"}`, "ok")
	for _, id := range []string{"e1", "e2", "e3"} {
		say(t, ctx, ws, `{"event":{"id":"`+id+`","name":"created"}}`, `{"ack":"`+id+`"}`)
	}
	say(t, ctx, ws, `{"event":{"id":"lost"}}`, "ok")

	var page eventsAnswer
	status, body := s.call(t, "GET", "events?storeId=room", "")
	if err := json.Unmarshal([]byte(body), &page); err != nil || status != 200 || len(page.Events) != 4 || !strings.HasSuffix(body, "\"next\":null}\n") {
		t.Fatalf("%d %s", status, body)
	}
	first, last := page.Events[0], page.Events[3]
	if first.UserID != "ada" || first.EventID != "e1" || first.StoreID != "room" || first.Name != "created" || first.ConnectionID == "" ||
		first.State != attribution.Confirmed || time.Since(time.UnixMilli(first.Timestamp)) > time.Hour || last.EventID != "lost" || last.State != attribution.Unconfirmed {
		t.Errorf("%s", body)
	}
	for _, row := range []struct {
		query  string
		status int
		says   string
	}{
		{"?storeId=none", 200, `{"events":[],"next":null}`},
		{"?storeId=room&limit=2", 200, `"next":null,"nextEventId":"e2"}`},
		{"?storeId=room&limit=2&afterEventId=e2", 200, `[{"storeId":"room","backendId":"","seqNum":0,"eventId":"e3"`},
		{"?storeId=room&afterSeqNum=7", 200, `{"events":[],"next":null}`},
		{"", 400, "storeId is missing"},
		{"?storeId=", 400, "storeId is missing"},
		{"?storeId=room&storeId=other", 400, "at most once"},
		{"?storeId=room&userId=ada", 400, "at most once"},
		{"?storeId=room&afterSeqNum=", 400, "afterSeqNum"},
		{"?storeId=room&afterSeqNum=-1", 400, "afterSeqNum"},
		{"?storeId=room&afterSeqNum=+1", 400, "afterSeqNum"},
		{"?storeId=room&afterSeqNum=9223372036854775808", 400, "afterSeqNum"},
		{"?storeId=room&afterSeqNum=1&afterEventId=e1", 400, "afterSeqNum"},
		{"?storeId=room&limit=0", 400, "limit"},
		{"?storeId=room&limit=1001", 400, "limit"},
		{"?storeId=room&limit=1e2", 400, "limit"},
		{"?storeId=room;limit=1", 400, "query"},
		{"?storeId=%zz", 400, "query"},
	} {
		if status, body := s.call(t, "GET", "events"+row.query, ""); status != row.status || !strings.Contains(body, row.says) {
			t.Errorf("%s: %d %s", row.query, status, body)
		}
	}
	if !strings.Contains(s.log.String(), `"route":"GET /admin/v1/events","status":400`) {
		t.Error("the calls are not in the log")
	}
	if res, err := http.Get("http://" + s.admin + "/admin/v1/events?storeId=room"); err != nil || res.StatusCode != http.StatusUnauthorized {
		t.Errorf("without the bearer: %v %v", res, err)
	}
}

func TestWithoutAJournalNobodyKnowsAuthors(t *testing.T) {
	up := httptest.NewServer(echo(t))
	defer up.Close()
	s := startSidecar(t, up.URL, "ADMIN_TOKEN="+adminToken)
	if status, body := s.call(t, "GET", "events?storeId=room", ""); status != http.StatusNotFound || !strings.Contains(body, "ATTRIBUTION is not journal") {
		t.Errorf("%d %s", status, body)
	}
}

// Whatever the limit, the pages hold every event of a store once, in order,
// though its log began anew under other names.
func TestThePagesOfAStoreHoldEveryEventOnce(t *testing.T) {
	j := journaltest.NewMemory()
	var all []attribution.Record
	for i, backend := range []string{"b2", "a1", "c3"} {
		for n := range int64(20 - 3*i) {
			all = append(all, attribution.Record{StoreID: "room", BackendID: backend, SeqNum: n + 1, Author: attribution.Author{UserID: "ada"},
				Timestamp: time.UnixMilli(n), State: attribution.Confirmed})
		}
	}
	rand.Shuffle(len(all), func(a, b int) { all[a], all[b] = all[b], all[a] })
	if err := j.Confirm(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	if err := j.Intend(t.Context(), []attribution.Record{
		{StoreID: "room", BackendID: "b2", SeqNum: 21, Author: attribution.Author{UserID: "ada"}, State: attribution.Unconfirmed},
		{StoreID: "room", BackendID: "b2", SeqNum: 21, Author: attribution.Author{UserID: "bob"}, State: attribution.Unconfirmed},
		{StoreID: "other", BackendID: "b2", SeqNum: 21, Author: attribution.Author{UserID: "bob"}, State: attribution.Unconfirmed},
	}); err != nil {
		t.Fatal(err)
	}
	for _, limit := range []int{1, 2, 3, 7, 59, 1000} {
		seen, after, pages := map[string]bool{}, int64(0), 0
		for {
			page, more, err := eventsWanted{store: "room", after: after, limit: limit}.read(t.Context(), j)
			if err != nil || len(page) > max(limit, 3) {
				t.Fatalf("%d records, %v", len(page), err)
			}
			for _, r := range page {
				key := fmt.Sprint(r.Place(), r.UserID)
				if seen[key] || r.SeqNum <= after && after > 0 {
					t.Errorf("limit %d: %s comes again", limit, key)
				}
				seen[key] = true
			}
			if pages++; !more {
				break
			}
			after = page[len(page)-1].SeqNum
		}
		if len(seen) != len(all)+2 {
			t.Errorf("limit %d: %d records on %d pages, want %d", limit, len(seen), pages, len(all)+2)
		}
	}
}
