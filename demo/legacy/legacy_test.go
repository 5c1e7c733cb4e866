package legacy_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/syncward/syncward/demo/legacy"
)

// rig is a server, and what it has seen.
type rig struct {
	url string
	srv *legacy.Server

	mu   sync.Mutex
	seen []string
}

func start(t *testing.T) *rig {
	t.Helper()
	r := &rig{}
	r.srv = legacy.New(func(s legacy.Sighting) {
		r.mu.Lock()
		defer r.mu.Unlock()
		what := fmt.Sprintf("%d %s %s", s.Connection, s.Kind, s.Text)
		if s.Request != nil {
			what += s.Request.URL.RequestURI() + " " + s.Request.Header.Get("X-Other")
		}
		r.seen = append(r.seen, strings.TrimSpace(what))
	})
	h := httptest.NewServer(r.srv)
	r.url = h.URL
	t.Cleanup(func() { r.srv.Close(); h.Close() })
	return r
}

func (r *rig) sightings() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.seen)
}

// client is one connection; its reads and writes give up after 20 s.
type client struct {
	*testing.T
	ctx context.Context
	ws  *websocket.Conn
}

// connect connects as user; "" sends no header.
func (r *rig) connect(t *testing.T, user string) client {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	header := http.Header{"X-Other": {"kept"}}
	if user != "" {
		header.Set(legacy.UserIDHeader, user)
	}
	ws, _, err := websocket.Dial(ctx, r.url+"/sync?a=b", &websocket.DialOptions{HTTPHeader: header})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ws.CloseNow() })
	return client{t, ctx, ws}
}

func (c client) send(text string) {
	c.Helper()
	if err := c.ws.Write(c.ctx, websocket.MessageText, []byte(text)); err != nil {
		c.Fatal(err)
	}
}

func (c client) gets(want ...string) {
	c.Helper()
	for _, w := range want {
		_, got, err := c.ws.Read(c.ctx)
		if err != nil || string(got) != w {
			c.Fatalf("got  %s (%v)\nwant %s", got, err, w)
		}
	}
}

const (
	initRoom  = `{"type":"init","instanceId":"test-123"}`
	initOther = `{"type":"init","instanceId":"other"}`
)

func event(id string) string { return `{"type":"event","event":{"id":"` + id + `","text":"x"}}` }

func told(seq int, user, id string) string {
	from := ""
	if user != "" {
		from = `"userId":"` + user + `",`
	}
	return fmt.Sprintf(`{"type":"event","seq":%d,%s"event":{"id":"%s","text":"x"}}`, seq, from, id)
}

func ack(id string, seq int) string {
	return fmt.Sprintf(`{"type":"ack","seq":%d,"ack":["%s"]}`, seq, id)
}

func TestEventsReachTheirRoomWithTheUserOfTheHeader(t *testing.T) {
	r := start(t)
	alice, bob, stranger := r.connect(t, "alice"), r.connect(t, "bob"), r.connect(t, "eve")
	alice.send(initRoom)
	alice.gets(`{"type":"ready","instanceId":"test-123","seq":0,"userId":"alice"}`)
	bob.send(initRoom)
	bob.gets(`{"type":"ready","instanceId":"test-123","seq":0,"userId":"bob"}`)
	stranger.send(initOther)
	stranger.gets(`{"type":"ready","instanceId":"other","seq":0,"userId":"eve"}`)

	alice.send(event("e1"))
	alice.gets(told(1, "alice", "e1"), ack("e1", 1))
	bob.gets(told(1, "alice", "e1"))
	bob.send(`{"type":"event","userId":"alice","event":{"id":"e2","text":"x"}}`) // claims are not asked
	bob.gets(told(2, "bob", "e2"), ack("e2", 2))
	alice.gets(told(2, "bob", "e2"))
	stranger.send(event("e9"))
	stranger.gets(told(1, "eve", "e9"), ack("e9", 1)) // and nothing of the other room before it
}

func TestWithoutTheHeaderAnEventIsFromNobody(t *testing.T) {
	c := start(t).connect(t, "")
	c.send(initRoom)
	c.gets(`{"type":"ready","instanceId":"test-123","seq":0}`)
	c.send(event("e1"))
	c.gets(told(1, "", "e1"), ack("e1", 1))
}

func TestJoiningReplaysWhatWasMissed(t *testing.T) {
	r := start(t)
	alice := r.connect(t, "alice")
	alice.send(initRoom)
	alice.gets(`{"type":"ready","instanceId":"test-123","seq":0,"userId":"alice"}`)
	for i, id := range []string{"e1", "e2", "e3"} {
		alice.send(event(id))
		alice.gets(told(i+1, "alice", id), ack(id, i+1))
	}
	for since, want := range map[int][]string{
		0: {told(1, "alice", "e1"), told(2, "alice", "e2"), told(3, "alice", "e3")},
		2: {told(3, "alice", "e3")},
		3: nil,
	} {
		bob := r.connect(t, "bob")
		bob.send(fmt.Sprintf(`{"type":"init","instanceId":"test-123","since":%d}`, since))
		bob.gets(`{"type":"ready","instanceId":"test-123","seq":3,"userId":"bob"}`)
		bob.gets(want...)
		bob.send("?")
		bob.gets(`{"type":"error","seq":0,"message":"not understood"}`) // nothing stood between
	}
}

func TestAnEventSentTwiceIsAcknowledgedTwiceAndStoredOnce(t *testing.T) {
	c := start(t).connect(t, "alice")
	c.send(initRoom)
	c.gets(`{"type":"ready","instanceId":"test-123","seq":0,"userId":"alice"}`)
	c.send(event("e1"))
	c.gets(told(1, "alice", "e1"), ack("e1", 1))
	c.send(event("e1"))
	c.gets(ack("e1", 1))
	c.send(event("e2"))
	c.gets(told(2, "alice", "e2"), ack("e2", 2))
}

func TestWhatCannotBeReadIsAnsweredAndTheConnectionLives(t *testing.T) {
	r := start(t)
	c := r.connect(t, "alice")
	for _, bad := range []string{"hello", `[]`, `{}`, `{"type":"init"}`, `{"type":"fly"}`} {
		c.send(bad)
		c.gets(`{"type":"error","seq":0,"message":"not understood"}`)
	}
	c.send(event("e1"))
	c.gets(`{"type":"error","seq":0,"message":"init first"}`)
	c.send(initRoom)
	c.gets(`{"type":"ready","instanceId":"test-123","seq":0,"userId":"alice"}`)
	for _, bad := range []string{`{"type":"event"}`, `{"type":"event","event":7}`, `{"type":"event","event":{}}`} {
		c.send(bad)
		c.gets(`{"type":"error","seq":0,"message":"not understood"}`)
	}
}

func TestAnotherInitChangesTheRoom(t *testing.T) {
	r := start(t)
	alice, bob := r.connect(t, "alice"), r.connect(t, "bob")
	for _, c := range []client{alice, bob} {
		c.send(initRoom)
		_, _, _ = c.ws.Read(c.ctx)
	}
	bob.send(initOther)
	bob.gets(`{"type":"ready","instanceId":"other","seq":0,"userId":"bob"}`)
	alice.send(event("e1"))
	alice.gets(told(1, "alice", "e1"), ack("e1", 1))
	bob.send(event("e2"))
	bob.gets(told(1, "bob", "e2"), ack("e2", 1)) // not alice's before it
}

// Everybody sees one order, whoever writes at the same time.
func TestAllSeeTheSameOrder(t *testing.T) {
	const writers, each = 4, 40
	r := start(t)
	orders := make([][]string, writers)
	var joined, all sync.WaitGroup
	joined.Add(writers)
	for w := range writers {
		c := r.connect(t, fmt.Sprint("u", w))
		all.Go(func() {
			c.send(initRoom)
			_, _, _ = c.ws.Read(c.ctx)
			joined.Done()
			joined.Wait()
			for i := range each {
				c.send(event(fmt.Sprintf("%d-%d", w, i)))
			}
			for len(orders[w]) < writers*each {
				_, got, err := c.ws.Read(c.ctx)
				if err != nil {
					t.Error(err)
					return
				}
				if strings.Contains(string(got), `"type":"event"`) {
					orders[w] = append(orders[w], string(got))
				}
			}
		})
	}
	all.Wait()
	for w := 1; w < writers; w++ {
		if !slices.Equal(orders[w], orders[0]) {
			t.Errorf("client %d saw another order than client 0", w)
		}
	}
	if !strings.HasPrefix(orders[0][0], `{"type":"event","seq":1,`) {
		t.Errorf("the first event is %s", orders[0][0])
	}
}

// Old events are forgotten, and memory is bounded.
func TestARoomForgetsItsOldestEvents(t *testing.T) {
	r := start(t)
	alice := r.connect(t, "alice")
	alice.send(initRoom)
	_, _, _ = alice.ws.Read(alice.ctx)
	for i := 1; i <= 502; i++ {
		id := fmt.Sprint("e", i)
		alice.send(event(id))
		alice.gets(told(i, "alice", id), ack(id, i))
	}
	bob := r.connect(t, "bob")
	bob.send(initRoom)
	bob.gets(`{"type":"ready","instanceId":"test-123","seq":502,"userId":"bob"}`, told(3, "alice", "e3"))
}

func TestTheWatcherIsToldOfAllThatComes(t *testing.T) {
	r := start(t)
	c := r.connect(t, "alice")
	c.send(initRoom)
	_, _, _ = c.ws.Read(c.ctx)
	c.ws.Close(websocket.StatusNormalClosure, "")
	want := []string{"1 connected /sync?a=b kept", "1 message " + initRoom, "1 gone"}
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end) && len(r.sightings()) < len(want); {
		time.Sleep(5 * time.Millisecond)
	}
	if got := r.sightings(); !slices.Equal(got, want) {
		t.Errorf("seen %q, want %q", got, want)
	}
}

func TestCloseEndsAllConnections(t *testing.T) {
	r := start(t)
	c := r.connect(t, "alice")
	c.send(initRoom)
	_, _, _ = c.ws.Read(c.ctx)
	r.srv.Close() // returns when the handlers have ended
	if got := r.sightings(); got[len(got)-1] != "1 gone" {
		t.Errorf("seen %q, want the connection gone", got)
	}
	if _, _, err := c.ws.Read(c.ctx); err == nil {
		t.Error("the connection lives")
	}
}
