package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/coder/websocket"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/proxy"
)

// usersOf is a directory that knows ada; a switch takes it out of order.
func usersOf(t *testing.T) (url string, broken *atomic.Bool) {
	t.Helper()
	broken = new(atomic.Bool)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case broken.Load():
			w.WriteHeader(http.StatusInternalServerError)
		case r.URL.Path != "/users/ada":
			w.WriteHeader(http.StatusGone)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL + "/users/{userId}", broken
}

func TestOnlyUsersOfTheDirectoryComeIn(t *testing.T) {
	legacy := httptest.NewServer(echo(t))
	defer legacy.Close()
	url, broken := usersOf(t)
	s := startSidecar(t, legacy.URL, "USER_DIRECTORY_URL="+url, "USER_DIRECTORY_TTL=0s")
	if got := s.enter(t, "ada"); !strings.HasPrefix(got, "ada") {
		t.Errorf("ada: %s", got)
	}
	if got := s.enter(t, "eve"); !strings.Contains(got, "4403") || !strings.Contains(got, "USER_NOT_FOUND") {
		t.Errorf("eve: %s", got)
	}
	broken.Store(true)
	if got := s.enter(t, "ada"); !strings.Contains(got, "1013") && !strings.Contains(got, "StatusTryAgainLater") || !strings.Contains(got, "AUTH_UNAVAILABLE") {
		t.Errorf("without an answer: %s", got)
	}
	if log := s.log.String(); !strings.Contains(log, `"what":"directory"`) || strings.Contains(log, url[:len(url)-len("{userId}")]) {
		t.Errorf("the fault is not told, or names the URL: %s", log)
	}
}

// A live connection is not asked about until its client brings a new token.
func TestARefreshEndsTheConnectionOfAUserWhoIsGone(t *testing.T) {
	legacy := httptest.NewServer(echo(t))
	defer legacy.Close()
	var gone atomic.Bool
	users := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if gone.Load() {
			w.WriteHeader(http.StatusGone)
		}
	}))
	defer users.Close()
	s := startSidecar(t, legacy.URL, "USER_DIRECTORY_URL="+users.URL+"/{userId}", "USER_DIRECTORY_TTL=0s")
	ctx, ws := dial(t, "ws://"+s.addr, nil)
	must(t, ws.Write(ctx, websocket.MessageText, []byte(`{"authProtocol":1,"authToken":"`+tokenBy(t, goodSecret, nil)+`"}`)))
	for _, want := range []string{`{"type":"auth.ok"`, "u1 {}"} {
		if _, got, err := ws.Read(ctx); err != nil || !strings.HasPrefix(string(got), want) {
			t.Fatalf("%q (%v), want %q", got, err, want)
		}
	}
	gone.Store(true)
	say(t, ctx, ws, "still here", "u1 still here")
	must(t, ws.Write(ctx, websocket.MessageText, []byte(`{"type":"auth.refresh","authToken":"`+tokenBy(t, goodSecret, nil)+`"}`)))
	if _, got, err := ws.Read(ctx); err != nil || !strings.Contains(string(got), `"code":"USER_NOT_FOUND"`) {
		t.Errorf("%q (%v), want auth.error", got, err)
	}
	if _, _, err := ws.Read(ctx); websocket.CloseStatus(err) != 4403 {
		t.Errorf("%v, want a close with 4403", err)
	}
}

func TestModeOffStartsWithADirectoryThatCannotBeAskedAndAFlipAdmitsNobody(t *testing.T) {
	c, r := load(minimal("USER_DIRECTORY_URL=nonsense", "AUTH_MODE=off"))
	if r.err() != nil || !strings.Contains(r.Warnings.Error(), "USER_DIRECTORY_URL: ") {
		t.Errorf("faults %v, warnings %v", r.err(), r.Warnings)
	}
	admits := func(context.Context, string) authz.Decision { return authz.Decision{Allow: true, UserID: "ada"} }
	if d := c.asking(c.users(proxy.Hooks{}), admits)(t.Context(), ""); d.Refusal() != authz.AuthUnavailable {
		t.Errorf("%+v", d)
	}
	if p := probeUsers(t.Context(), c); !p.OK {
		t.Errorf("%+v", p)
	}
}

func TestTheCheckAsksTheDirectory(t *testing.T) {
	url, broken := usersOf(t)
	for _, row := range []struct {
		env    string
		broken bool
		want   bool
		detail string
	}{
		{"DRAIN_DELAY=1s", true, true, "none configured"},
		{"USER_DIRECTORY_URL=" + url, false, true, "answers"},
		{"USER_DIRECTORY_URL=" + url, true, false, "none of 2xx"},
	} {
		broken.Store(row.broken)
		c, r := load(minimal(row.env))
		if p := probeUsers(t.Context(), c); r.err() != nil || p.OK != row.want || !strings.Contains(p.Detail, row.detail) {
			t.Errorf("%s, broken %v: %+v, %v", row.env, row.broken, p, r.err())
		}
	}
}
