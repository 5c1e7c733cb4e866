package directory_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/authz/directory"
)

const safety = 10 * time.Second // a safety net, never a measure

// auth is a directory that knows ada, remembers what it was asked, and answers
// as it is told to.
type auth struct {
	*httptest.Server
	mu     sync.Mutex
	asked  []string
	status int // 0: 204 for ada, 404 for others
}

func (a *auth) answer(status int) { a.mu.Lock(); defer a.mu.Unlock(); a.status = status }
func (a *auth) questions() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]string(nil), a.asked...)
}

func newAuth(t *testing.T) *auth {
	t.Helper()
	a := &auth{}
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.asked = append(a.asked, r.RequestURI)
		switch {
		case a.status != 0:
			w.Header().Set("Location", "/users/ada")
			w.WriteHeader(a.status)
		case strings.HasPrefix(r.RequestURI, "/users/ada"):
			w.WriteHeader(http.StatusNoContent)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(a.Close)
	return a
}

// open returns a directory at url; change alters its options first.
func open(t *testing.T, url string, change ...func(*directory.Options)) *directory.Directory {
	t.Helper()
	o := directory.Options{URL: url + "/users/{userId}", TTL: time.Hour, Timeout: safety}
	for _, c := range change {
		c(&o)
	}
	d, err := directory.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

func good(user string) authz.Decision {
	return authz.Decision{Allow: true, Status: authz.Valid, UserID: user, IssuedAt: time.Unix(1, 0)}
}

// says judges a good token of user and returns what is left to say of it.
func says(d *directory.Directory, user string) string {
	got := d.Judge(context.Background(), good(user))
	if got.Allow {
		return "admitted"
	}
	return fmt.Sprint(got.Refusal(), " ", got.Reason)
}

const away, gone = "AUTH_UNAVAILABLE directory_unavailable", "USER_NOT_FOUND no_user"

func TestEachAnswerMeansOneThing(t *testing.T) {
	for status, want := range map[int]string{
		200: "admitted", 204: "admitted", 299: "admitted", 404: gone, 410: gone,
		301: away, 302: away, 307: away, 400: away, 401: away, 403: away, 429: away, 500: away, 503: away,
	} {
		a := newAuth(t)
		a.answer(status)
		if got := says(open(t, a.URL), "ada"); got != want {
			t.Errorf("%d: %s, want %s", status, got, want)
		}
		wantAllowed := strings.Replace(want, away, "admitted", 1)
		if got := says(open(t, a.URL, func(o *directory.Options) { o.AllowOnFailure = true }), "ada"); got != wantAllowed {
			t.Errorf("%d, allow: %s, want %s", status, got, wantAllowed)
		}
		if n := len(a.questions()); n != 2 {
			t.Errorf("%d: asked %d times, want once by each: a redirect was followed", status, n)
		}
	}
}

func TestWhoDoesNotAnswerInTimeCannotAnswer(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts in the kernel, and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	var faults []error
	d := open(t, "http://hidden:password@"+silent.Addr().String(), func(o *directory.Options) {
		o.Timeout, o.Fault = 50*time.Millisecond, func(err error) { faults = append(faults, err) }
	})
	if got := says(d, "ada"); got != away {
		t.Errorf("%s, want %s", got, away)
	}
	if len(faults) != 1 {
		t.Fatalf("told of %d faults", len(faults))
	}
	if text := faults[0].Error(); strings.Contains(text, "ada") || strings.Contains(text, "users") || strings.Contains(text, "hidden") {
		t.Errorf("the fault names the URL: %s", text)
	}
}

func TestARefusedTokenAsksNobody(t *testing.T) {
	a := newAuth(t)
	refused := authz.Refuse(authz.TokenExpired, authz.ReasonExpired)
	refused.UserID = "ada"
	if got := open(t, a.URL).Judge(context.Background(), refused); got != refused || len(a.questions()) != 0 {
		t.Errorf("%+v, asked %q", got, a.questions())
	}
}

func TestADeletedUsersDecisionStillSaysWhoseTokenItWas(t *testing.T) {
	got := open(t, newAuth(t).URL).Judge(context.Background(), good("eve"))
	want := good("eve")
	want.Allow, want.Status, want.Code, want.Reason = false, "", authz.UserNotFound, authz.ReasonNoUser
	if got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestAnAnswerIsKeptForItsTimeAndAFailureIsNot(t *testing.T) {
	a := newAuth(t)
	var now atomic.Int64
	d := open(t, a.URL, func(o *directory.Options) {
		o.TTL, o.Now = time.Minute, func() time.Time { return time.Unix(now.Load(), 0) }
	})
	for i, step := range []struct {
		at     int64
		status int
		user   string
		want   string
		asked  int
	}{
		{0, 0, "ada", "admitted", 1}, {59, 500, "ada", "admitted", 1}, {60, 0, "ada", "admitted", 2},
		{60, 0, "eve", gone, 3}, {61, 204, "eve", gone, 3}, {120, 204, "eve", "admitted", 4},
		{200, 503, "ada", away, 5}, {200, 503, "ada", away, 6}, {200, 404, "ada", gone, 7},
	} {
		now.Store(step.at)
		a.answer(step.status)
		if got := says(d, step.user); got != step.want || len(a.questions()) != step.asked {
			t.Errorf("step %d: %s, asked %d times, want %s, %d", i, got, len(a.questions()), step.want, step.asked)
		}
	}
}

func TestWithoutATimeToKeepThemAnswersAreNot(t *testing.T) {
	a := newAuth(t)
	d := open(t, a.URL, func(o *directory.Options) { o.TTL = 0 })
	says(d, "ada")
	says(d, "ada")
	if n := len(a.questions()); n != 2 {
		t.Errorf("asked %d times", n)
	}
}

func TestAUserIsOneEscapedSegmentWhateverTheName(t *testing.T) {
	a := newAuth(t)
	d := open(t, a.URL)
	for user, path := range map[string]string{
		"a/b": "/users/a%2Fb", "../admin": "/users/..%2Fadmin", "a?b#c": "/users/a%3Fb%23c", "100%": "/users/100%25",
		"a%2Fb": "/users/a%252Fb", "auth0|5f": "/users/auth0%7C5f", "a@b.c": "/users/a@b.c", `\`: "/users/%5C", "a;b": "/users/a%3Bb", "...": "/users/...",
	} {
		says(d, user)
		if all := a.questions(); all[len(all)-1] != path {
			t.Errorf("%q: asked for %s, want %s", user, all[len(all)-1], path)
		}
	}
	before := len(a.questions())
	for _, user := range []string{".", ".."} {
		if got := says(d, user); got != away || len(a.questions()) != before {
			t.Errorf("%q: %s, asked %q", user, got, a.questions()[before:])
		}
	}
}

func TestManyWhoComeAtOnceAskOnce(t *testing.T) {
	var asked atomic.Int32
	release := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1); <-release }))
	defer s.Close()
	d := open(t, s.URL)
	impatient, cancel := context.WithCancel(context.Background())
	var waiting, all sync.WaitGroup
	verdicts := make(chan string, 20)
	for i := range 20 {
		waiting.Add(1)
		all.Go(func() {
			ctx := context.Background()
			if i == 0 {
				ctx = impatient
			}
			waiting.Done()
			verdicts <- string(d.Judge(ctx, good("ada")).Refusal())
		})
	}
	waiting.Wait()
	cancel() // one who gives up ends nothing for the others
	if got := <-verdicts; got != "AUTH_UNAVAILABLE" {
		t.Errorf("who gave up: %s", got)
	}
	time.Sleep(50 * time.Millisecond) // so that those behind waiting have asked; too short a time fails no test
	close(release)
	all.Wait()
	close(verdicts)
	for got := range verdicts {
		if got != "" {
			t.Errorf("%s", got)
		}
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

func TestTheBreakerOpensForSilenceAndNotForAnswers(t *testing.T) {
	a := newAuth(t)
	var states []directory.State
	faults := 0
	breaking := func(o *directory.Options) {
		o.BreakerFailures, o.BreakerOpen = 2, time.Hour
		o.Breaker = func(s directory.State) { states = append(states, s) }
		o.Fault = func(error) { faults++ }
	}
	a.answer(500)
	d := open(t, a.URL, breaking)
	for range 5 {
		says(d, "ada")
	}
	if len(a.questions()) != 5 || len(states) != 0 {
		t.Errorf("answers of 500: asked %d times, breaker %v", len(a.questions()), states)
	}
	closed := httptest.NewServer(nil)
	closed.Close()
	d, faults = open(t, closed.URL, breaking), 0
	for range 5 {
		if got := says(d, "ada"); got != away {
			t.Errorf("%s", got)
		}
	}
	if len(states) != 1 || states[0] != directory.Open || faults != 2 {
		t.Errorf("nobody there: breaker %v, %d faults", states, faults)
	}
}

func TestNoProxyOfTheEnvironmentIsAsked(t *testing.T) {
	proxied := newAuth(t)
	t.Setenv("HTTP_PROXY", proxied.URL)
	t.Setenv("http_proxy", proxied.URL)
	d := open(t, "http://users.invalid", func(o *directory.Options) { o.Timeout = 2 * time.Second })
	if got := says(d, "ada"); got != away || len(proxied.questions()) != 0 {
		t.Errorf("%s, the proxy was asked for %q", got, proxied.questions())
	}
}

func TestManyUsersTakeBoundedMemory(t *testing.T) {
	d := open(t, newAuth(t).URL)
	for i := range 3 * directory.MaxKnown {
		d.Remember(fmt.Sprint("user", i))
	}
	if n := d.Held(); n > 2*directory.MaxKnown {
		t.Errorf("%d answers are kept", n)
	}
}

func TestTheURLHoldsTheUserOnceAsASegment(t *testing.T) {
	for url, ok := range map[string]bool{
		"https://auth/users/{userId}": true, "http://auth:8080/{userId}": true, "https://auth/u/{userId}/status?full=1": true, "https://k:v@auth/{userId}": true,
		"": false, "auth/users/{userId}": false, "ftp://auth/{userId}": false, "https:///users/{userId}": false, "https://auth/users": false,
		"https://auth/users/{userid}": false, "https://auth/{userId}/{userId}": false, "https://auth/users?id={userId}": false, "https://auth/u?of=/{userId}": false,
		"https://{userId}/users": false, "https://{userId}": false, "https://auth/users/x{userId}": false, "https://auth/users/{userId}.json": false,
		"https://auth/users/{userId}#x": false, "https://auth/\x00/{userId}": false,
	} {
		_, err := directory.New(directory.Options{URL: url})
		if (err == nil) != ok {
			t.Errorf("%q: %v", url, err)
		}
		if err != nil && strings.Contains(err.Error(), "users.") {
			t.Errorf("the error repeats the URL: %v", err)
		}
	}
}

func TestACheckAsksWithoutCaringForTheAnswer(t *testing.T) {
	a := newAuth(t)
	d := open(t, a.URL)
	if err := d.Check(context.Background()); err != nil {
		t.Errorf("a user who does not exist: %v", err)
	}
	a.answer(401)
	if err := d.Check(context.Background()); err == nil || errors.Is(err, context.Canceled) {
		t.Errorf("401: %v", err)
	}
}
