package observe_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/observe"
	"github.com/syncward/syncward/proxy"
	"go.uber.org/zap"
)

// logged returns the lines that use wrote at info level.
func logged(t *testing.T, use func(proxy.Hooks)) []map[string]any {
	t.Helper()
	var out bytes.Buffer
	log, err := observe.NewLog(&out, observe.JSON, zap.NewAtomicLevel())
	if err != nil {
		t.Fatal(err)
	}
	use(observe.New(observe.Options{Log: log}).Hooks())
	var lines []map[string]any
	for _, text := range strings.Split(strings.TrimSpace(out.String()), "\n") {
		line := map[string]any{}
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatalf("line %q: %v", text, err)
		}
		lines = append(lines, line)
	}
	return lines
}

// one returns the line of one attempt.
func one(t *testing.T, a proxy.Attempt) map[string]any {
	t.Helper()
	lines := logged(t, func(h proxy.Hooks) { h.Auth(a) })
	if len(lines) != 1 {
		t.Fatalf("%d lines for one attempt", len(lines))
	}
	return lines[0]
}

func TestAnAttemptIsOneLineWithExactlyThePromisedFields(t *testing.T) {
	line := one(t, proxy.Attempt{
		ConnectionID: "c1", UserID: "ada", Status: authz.Grace, Reason: authz.ReasonGrace, Source: proxy.SourceHeader,
		InstanceID: "store-1", RemoteIP: "192.0.2.1", ExpiredFor: 90*time.Second + time.Millisecond,
	})
	when, _ := line["ts"].(string)
	if _, err := time.Parse(time.RFC3339Nano, when); err != nil {
		t.Errorf("ts: %v", err)
	}
	delete(line, "ts")
	want := map[string]any{
		"level": "info", "msg": "auth", "connection_id": "c1", "user_id": "ada", "status": "grace", "code": "",
		"reason": "in_grace", "source": "header", "mode": "enforce", "instance_id": "store-1",
		"remote_ip": "192.0.2.1", "expired_for": 91.0,
	}
	if !maps.Equal(line, want) {
		t.Errorf("got  %v\nwant %v", line, want)
	}
}

func TestAQuietAttemptIsCountedAndNotLogged(t *testing.T) {
	var out bytes.Buffer
	log, err := observe.NewLog(&out, observe.JSON, zap.NewAtomicLevel())
	if err != nil {
		t.Fatal(err)
	}
	o := observe.New(observe.Options{Log: log})
	o.Hooks().Auth(proxy.Attempt{Code: authz.RateLimited, Source: proxy.SourceHeader, Quiet: true})
	if out.Len() > 0 {
		t.Errorf("logged: %s", out.String())
	}
	rec := httptest.NewRecorder()
	o.Metrics().ServeHTTP(rec, httptest.NewRequest("GET", "/metrics", nil))
	const series = `syncward_auth_attempts_total{code="RATE_LIMITED",mode="enforce",result="refused",source="header",status=""} 1`
	if !strings.Contains(rec.Body.String(), series) {
		t.Error("not counted")
	}
}

func TestALineSaysWhatTheMetricSays(t *testing.T) {
	for _, c := range []struct {
		name                        string
		attempt                     proxy.Attempt
		level, status, code, source string
	}{
		{"admitted", proxy.Attempt{Status: authz.Valid, Source: proxy.SourceFrame}, "info", "valid", "", "frame"},
		{"refused", proxy.Attempt{Code: authz.TokenInvalid, Source: proxy.SourceQuery}, "warn", "", "TOKEN_INVALID", "query"},
		{"refused without a credential", proxy.Attempt{Code: authz.AuthRequired}, "warn", "", "AUTH_REQUIRED", "none"},
		{"a refusal has no status", proxy.Attempt{Code: authz.Forbidden, Status: authz.Valid}, "warn", "", "FORBIDDEN", "none"},
		{"observed", proxy.Attempt{Observed: authz.TokenExpired, Status: authz.Anonymous, Mode: authz.Observe}, "info", "anonymous", "TOKEN_EXPIRED", "none"},
	} {
		t.Run(c.name, func(t *testing.T) {
			line := one(t, c.attempt)
			for field, want := range map[string]string{"level": c.level, "status": c.status, "code": c.code, "source": c.source} {
				if line[field] != want {
					t.Errorf("%s = %v, want %q", field, line[field], want)
				}
			}
		})
	}
}

func TestWithoutACorrectlySignedTokenNoUserIsNamed(t *testing.T) {
	if user, there := one(t, proxy.Attempt{Code: authz.TokenInvalid})["user_id"]; there {
		t.Errorf("user_id is %q", user)
	}
}

func TestExpiredForCountsWholeSecondsAndIsZeroOnlyBeforeExpiry(t *testing.T) {
	for d, want := range map[time.Duration]float64{0: 0, -time.Hour: 0, time.Millisecond: 1, time.Second: 1, time.Hour: 3600} {
		if got := one(t, proxy.Attempt{ExpiredFor: d})["expired_for"]; got != want {
			t.Errorf("%v: %v, want %v", d, got, want)
		}
	}
}

func TestWhatAClientChoosesIsBoundedAndStaysOnItsLine(t *testing.T) {
	line := one(t, proxy.Attempt{InstanceID: "a\n{\"msg\":\"auth\"}\x1b[2J" + strings.Repeat("x", 70000)})
	if got := line["instance_id"].(string); len(got) > 300 || !strings.HasPrefix(got, "a\n{") {
		t.Errorf("%d bytes: %.40q", len(got), got)
	}
}

func TestAFaultIsLoggedForTheOperator(t *testing.T) {
	line := logged(t, func(h proxy.Hooks) { h.Fault("c1", "dial", errors.New("connection refused")) })[0]
	delete(line, "ts")
	want := map[string]any{"level": "warn", "msg": "fault", "connection_id": "c1", "what": "dial", "error": "connection refused"}
	if !maps.Equal(line, want) {
		t.Errorf("got %v", line)
	}
}

func TestTheLevelCanBeSwappedWhileRunning(t *testing.T) {
	var out bytes.Buffer
	level := zap.NewAtomicLevelAt(zap.WarnLevel)
	log, err := observe.NewLog(&out, observe.JSON, level)
	if err != nil {
		t.Fatal(err)
	}
	derived := log.Named("x").With(zap.Int("n", 1))
	derived.Info("before")
	level.SetLevel(zap.DebugLevel)
	derived.Debug("after")
	if got := out.String(); strings.Contains(got, "before") || !strings.Contains(got, "after") {
		t.Errorf("got %q", got)
	}
}

func TestEachFormatWritesOneLineForEachEntry(t *testing.T) {
	for format, mark := range map[observe.Format]string{observe.JSON: `"msg":"hello"`, observe.Console: "\thello"} {
		var out bytes.Buffer
		log, err := observe.NewLog(&out, format, zap.NewAtomicLevel())
		if err != nil {
			t.Fatal(err)
		}
		log.Error("hello", zap.String("text", "two\nlines"))
		if got := out.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, mark) {
			t.Errorf("%s: %q", format, got)
		}
	}
}

func TestAnUnknownFormatIsAnError(t *testing.T) {
	for _, f := range []observe.Format{"", "JSON", "xml"} {
		if _, err := observe.NewLog(&bytes.Buffer{}, f, zap.NewAtomicLevel()); err == nil {
			t.Errorf("%q was accepted", f)
		}
	}
}

// Attack 25, the last net: a library's error text may quote what it was given.
func TestWhatLooksLikeATokenNeverReachesTheLog(t *testing.T) {
	const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJlLW9mLWNhbmFyeQ"
	const twice = "ZXlKaGJHY2lPaUpJVXpJMU5pSjkuZXlKemRXSWlPaUpoWkdFaWZRLmMybG4"
	for name, text := range map[string]string{
		"in an error":            `Get "http://upstream/?token=` + jwt + `": refused`,
		"inside a percent code":  "payload=%7B%22authToken%22%3A%22" + jwt + "%22%7D",
		"without its signature":  strings.Join(strings.Split(jwt, ".")[:2], "."),
		"only its header":        strings.Split(jwt, ".")[0] + " is no token",
		"as a subprotocol entry": "base64url.bearer.authorization." + twice,
	} {
		t.Run(name, func(t *testing.T) {
			for _, format := range []observe.Format{observe.JSON, observe.Console} {
				var out bytes.Buffer
				log, _ := observe.NewLog(&out, format, zap.NewAtomicLevel())
				log.Named(text).With(zap.String("key", text)).Warn(text, zap.Error(errors.New(text)), zap.Strings("list", []string{text}))
				for _, part := range append(strings.Split(jwt, "."), twice) {
					if strings.Contains(out.String(), part) {
						t.Errorf("%s: %q is in %q", format, part, out.String())
					}
				}
				if !strings.Contains(out.String(), "[token]") {
					t.Errorf("%s: nothing shows that something was taken out: %q", format, out.String())
				}
			}
		})
	}
}

// brokenPipe is a log destination that is gone.
type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("gone") }

func TestALostLogDestinationStopsNothing(t *testing.T) {
	log, err := observe.NewLog(brokenPipe{}, observe.JSON, zap.NewAtomicLevel())
	if err != nil {
		t.Fatal(err)
	}
	o := observe.New(observe.Options{Log: log})
	o.Hooks().Auth(proxy.Attempt{Status: authz.Valid, Source: proxy.SourceHeader})
	const series = `syncward_auth_attempts_total{code="",mode="enforce",result="admitted",source="header",status="valid"}`
	if scrape(t, o)[series] != 1 {
		t.Error("the attempt was not counted")
	}
}
