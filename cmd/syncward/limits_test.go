package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/golang-jwt/jwt/v5"
)

// enter sends a first frame with a token of user, keeps the connection until
// the test is over, and returns what its client hears: a message, or a close.
func (s *sidecar) enter(t *testing.T, user string) string {
	t.Helper()
	ctx, ws := dial(t, "ws://"+s.addr, nil)
	frame := `{"authToken":"` + tokenBy(t, goodSecret, jwt.MapClaims{"sub": user}) + `"}`
	if err := ws.Write(ctx, websocket.MessageText, []byte(frame)); err != nil {
		t.Fatal(err)
	}
	_, msg, err := ws.Read(ctx)
	if err != nil {
		return err.Error()
	}
	return string(msg)
}

func TestTheLimitsAreThoseOfTheVariables(t *testing.T) {
	legacy := httptest.NewServer(echo(t))
	defer legacy.Close()
	s := startSidecar(t, legacy.URL, "MAX_CONNECTIONS_PER_USER=1", "AUTH_FAILURES_PER_MINUTE=2")
	if told := s.enter(t, "ada"); !strings.HasPrefix(told, "ada") {
		t.Errorf("the first connection: %s", told)
	}
	if told := s.enter(t, "ada"); !strings.Contains(told, "4429") || !strings.Contains(told, "RATE_LIMITED") {
		t.Errorf("the second: %s", told)
	}
	for i, want := range []int{401, 401, 429, 429} {
		res, err := http.Get("http://" + s.addr)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("failure %d: %d, want %d", i, res.StatusCode, want)
		}
	}
	if n := strings.Count(s.log.String(), `"code":"AUTH_REQUIRED"`); n != 2 {
		t.Errorf("%d failures are logged, want 2", n)
	}
	if n := strings.Count(s.log.String(), `"code":"RATE_LIMITED"`); n != 1 {
		t.Errorf("%d refusals for a limit are logged, want that of the user", n)
	}
}

func TestTheDirectorysBreakerIsShown(t *testing.T) {
	nobody := httptest.NewServer(nil)
	nobody.Close()
	legacy := httptest.NewServer(echo(t))
	defer legacy.Close()
	s := startSidecar(t, legacy.URL, "USER_DIRECTORY_URL="+nobody.URL+"/{userId}", "USER_DIRECTORY_FAILURE=allow", "BREAKER_FAILURES=1", "BREAKER_OPEN=1h")
	if told := s.enter(t, "ada"); !strings.HasPrefix(told, "ada") {
		t.Errorf("without an answer: %s", told)
	}
	c := http.Client{Timeout: 10 * time.Second}
	res, err := c.Get("http://" + s.admin + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	page, _ := io.ReadAll(res.Body)
	if !strings.Contains(string(page), `syncward_breaker_state{name="directory"} 2`) {
		t.Error("the breaker is not shown as open")
	}
}
