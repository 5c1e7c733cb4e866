package proxy_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/proxy"
)

// byHTTP has LiveStore's HTTP transport put down in l.
func (l *ledger) byHTTP(c *proxy.Config) {
	asLiveStore(c)
	c.Record = l.open
}

const (
	pushEvent = `{"name":"v1.TodoCreated","args":{"id":"t1","text":"milk"},"seqNum":1,"parentSeqNum":0,"clientId":"c","sessionId":"s"}`
	pushTaken = `[{"_tag":"Exit","requestId":"0","exit":{"_tag":"Success","value":{}}}]`
)

func httpPush(store, token string) string {
	return `{"_tag":"Request","id":"0","tag":"SyncHttpRpc.Push","payload":{"storeId":"` + store + `","payload":{"authToken":"` + token +
		`"},"batch":[` + pushEvent + `],"backendId":{"_tag":"Some","value":"b"}},"headers":[]}`
}

// answers has the upstream give this body, with these further header lines.
func (r *rig) answers(body, lines string) {
	r.legacy.answer = fmt.Sprintf("HTTP/1.1 200 OK\r\nConnection: close\r\n%sContent-Length: %d\r\n\r\n%s", lines, len(body), body)
}

func TestAPushByHTTPIsJournaledAndItsAnswerRead(t *testing.T) {
	l := newLedger()
	r := newRig(t, l.byHTTP)
	r.answers(pushTaken, "")
	token := r.good("ada")
	release := l.hold()
	c := r.dial().send(post(liveStorePath(token), httpPush("mine", token), "Accept-Encoding: gzip"))
	if lines := l.wait(t, 1); lines[0] != "ada@mine pushes 1" {
		t.Fatal(lines)
	}
	r.legacy.untouched(t)
	told := l.hold()
	release()
	if lines := l.wait(t, 2); lines[1] != `ada@mine hears "0"` {
		t.Fatal(lines)
	}
	if h := field(r.legacy.received(t), "Accept-Encoding"); h != "identity" {
		t.Errorf("asked for %q", h)
	}
	told()
	if code, body := c.status(); code != http.StatusOK || body != pushTaken {
		t.Errorf("%d %s", code, body)
	}
	l.settled(t, 1)
}

func TestAPushByHTTPThatCannotBeJournaledIsRefused(t *testing.T) {
	l := newLedger()
	r := newRig(t, l.byHTTP)
	token := r.good("ada")
	l.fail = errors.New("no room")
	if code, body := r.dial().send(post(liveStorePath(token), httpPush("mine", token), "X-A: b")).status(); code != 503 || !strings.Contains(body, "AUTH_UNAVAILABLE") {
		t.Errorf("%d %s", code, body)
	}
	unnumbered := strings.Replace(httpPush("mine", token), `"seqNum":1`, `"seqNum":"1"`, 1)
	if code, body := r.dial().send(post(liveStorePath(token), unnumbered, "X-A: b")).status(); code != 400 || !strings.Contains(body, "BAD_FRAME") {
		t.Errorf("%d %s", code, body)
	}
	r.legacy.untouched(t)
	l.settled(t, 1)
}

func TestAnAnswerByHTTPThatTheJournalCannotKeepIsNotPassedOn(t *testing.T) {
	l := newLedger()
	r := newRig(t, l.byHTTP)
	r.answers(pushTaken, "")
	token := r.good("ada")
	release := l.hold()
	c := r.dial().send(post(liveStorePath(token), httpPush("mine", token), "X-A: b"))
	l.wait(t, 1)
	l.mu.Lock()
	l.fail = errors.New("no room")
	l.mu.Unlock()
	release()
	if code, body := c.status(); code != 503 || !strings.Contains(body, "AUTH_UNAVAILABLE") {
		t.Errorf("%d %s", code, body)
	}
	l.settled(t, 1)
}

func TestEveryRequestThatIsAnsweredIsTold(t *testing.T) {
	l := newLedger()
	r := newRig(t, l.byHTTP)
	c := r.open(liveStorePath(r.good("ada")))
	empty := `{"_tag":"WSMessage.PushReq","requestId":"r1","batch":[]}`
	c.text(empty).wantText("ack:" + empty)
	if lines := l.wait(t, 1); lines[0] != "ada@mine pushes " {
		t.Errorf("%q", lines)
	}
}

func TestAnAnswerByHTTPIsHeldBackWhereItCannotBeJournaled(t *testing.T) {
	for name, v := range map[string]struct {
		body, lines string
		code        int
		words       string
	}{
		"too long":   {strings.Repeat("x", 2000), "", 502, "UPSTREAM_UNAVAILABLE"},
		"in a code":  {"\x1f\x8b", "Content-Encoding: gzip\r\n", 200, "\x1f\x8b"},
		"of a pull":  {`[{"_tag":"Chunk","requestId":"0","values":[{"batch":[],"backendId":"b"}]}]`, "", 200, "Chunk"},
		"of nothing": {"", "", 200, ""},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLedger()
			r := newRig(t, l.byHTTP, func(c *proxy.Config) { c.MaxMessageBytes = 1500 })
			r.answers(v.body, v.lines)
			token := r.good("ada")
			if code, body := r.dial().send(post(liveStorePath(token), httpPush("mine", token), "X-A: b")).status(); code != v.code || !strings.Contains(body, v.words) {
				t.Errorf("%d %.80s", code, body)
			}
			l.settled(t, 1)
		})
	}
}

func TestOffJournalsNoPushByHTTP(t *testing.T) {
	l := newLedger()
	r := newRig(t, l.byHTTP)
	r.policy.set(authz.Off, 100)
	r.answers(pushTaken, "")
	token := r.good("ada")
	if code, _ := r.dial().send(post(liveStorePath(token), httpPush("mine", token), "Accept-Encoding: gzip")).status(); code != 200 {
		t.Error(code)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.lines) > 0 || slices.Contains(r.legacy.heads, "identity") {
		t.Error(l.lines)
	}
}
