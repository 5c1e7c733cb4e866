package observe_test

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/observe"
	"github.com/syncward/syncward/proxy"
	"github.com/syncward/syncward/proxy/engine"
)

// The names and labels that operators' dashboards and alerts rely on.
var promised = map[string]string{
	"syncward_auth_attempts_total":          "code,mode,result,source,status",
	"syncward_auth_observed_refusals_total": "code",
	"syncward_auth_grace_accepts_total":     "",
	"syncward_token_refreshes_total":        "how,result",
	"syncward_connections":                  "state",
	"syncward_connection_closes_total":      "by,code",
	"syncward_connection_duration_seconds":  "",
	"syncward_handshake_seconds":            "stage",
	"syncward_relay_bytes_total":            "direction",
	"syncward_relay_frames_total":           "direction",
	"syncward_events_attributed_total":      "protocol",
	"syncward_journal_unconfirmed_events":   "",
	"syncward_upstream_dials_total":         "result",
	"syncward_breaker_state":                "name",
	"syncward_revocation_store_up":          "",
	"syncward_revocations_total":            "kind",
	"syncward_auth_mode":                    "mode",
	"syncward_enforce_percent":              "",
	"syncward_reloads_total":                "result,what",
	"syncward_build_info":                   "commit,go_version,version",
}

func TestEveryPromisedMetricExistsBeforeTrafficWithExactlyItsLabels(t *testing.T) {
	got := map[string]string{}
	for key := range scrape(t, observe.New(observe.Options{Version: "1", Commit: "c"})) {
		family, names, _ := split(key)
		for _, part := range []string{"_bucket", "_sum", "_count"} {
			if base, cut := strings.CutSuffix(family, part); cut {
				family = base
			}
		}
		names = slices.DeleteFunc(names, func(n string) bool { return n == "le" })
		slices.Sort(names)
		got[family] = strings.Join(names, ",")
	}
	for family, labels := range promised {
		if l, ok := got[family]; !ok || l != labels {
			t.Errorf("%s: labels %q (present: %v), want %q", family, l, ok, labels)
		}
		delete(got, family)
	}
	for family := range got {
		t.Errorf("%s is nobody's promise", family)
	}
}

func TestEverySeriesStartsAtZero(t *testing.T) {
	for key, value := range scrape(t, observe.New(observe.Options{})) {
		if build := strings.HasPrefix(key, "syncward_build_info"); build != (value == 1) || (!build && value != 0) {
			t.Errorf("%s = %v before any traffic", key, value)
		}
	}
}

// hostile are values that a client would love to see as labels.
var hostile = []string{"", "x", "a\"b\n", strings.Repeat("k", 5000), "../../etc", "\xff\x00", "https://evil.example", "eyJhbGciOiJub25lIn0.e30."}

// Attack 31.
func TestHostileUsersInstancesAddressesAndCloseCodesAddNoSeries(t *testing.T) {
	o := observe.New(observe.Options{})
	before := slices.Sorted(maps.Keys(scrape(t, o)))
	h := o.Hooks()
	for _, text := range hostile {
		for _, a := range possibleAttempts() {
			a.ConnectionID, a.UserID, a.InstanceID, a.RemoteIP = text, text, text, text
			a.Reason = authz.Reason(text)
			h.Auth(a)
		}
		h.Fault(text, text, nil)
	}
	for code := -1; code <= 70000; code++ {
		h.Closed(engine.ByClient, code, 0)
		h.Closed(engine.BySyncward, code, 0)
	}
	if after := slices.Sorted(maps.Keys(scrape(t, o))); !slices.Equal(before, after) {
		t.Errorf("series that were not there before traffic: %q", added(before, after))
	}
}

// The types of the hooks are strings: a fault of ours could put client text
// into one. It must not cost a series for each value.
func TestValuesOutsideTheirListShareOneSeries(t *testing.T) {
	fire := func(h proxy.Hooks, text string) {
		h.Auth(proxy.Attempt{Status: authz.Status(text), Source: proxy.Source(text), Mode: authz.Mode(99)})
		h.Auth(proxy.Attempt{Code: authz.Code(text), Source: proxy.Source(text), Mode: -1})
		h.Auth(proxy.Attempt{Observed: authz.Code(text)})
		h.Observed(authz.Code(text))
		h.Stage(proxy.Stage(text), 0)
		h.Dial(proxy.DialResult(text))
		h.State(proxy.State(text), 1)
		h.Relayed(engine.Direction(len(text)), 1, 1)
		h.Closed(engine.By(text), 1000, 0)
		h.Refresh(proxy.RefreshHow(text), proxy.RefreshResult(text))
		h.Breaker(text, 99)
		observe.New(observe.Options{Protocol: text}).Hooks().Attributed(1)
	}
	o := observe.New(observe.Options{})
	fire(o.Hooks(), "first")
	once := len(scrape(t, o))
	for _, text := range hostile[1:] {
		fire(o.Hooks(), text)
		o.Reloaded(observe.Reload("same"), false)
	}
	if now := len(scrape(t, o)); now != once+1 { // +1: the reload
		t.Errorf("%d series after the first stray value, %d after many", once, now)
	}
	for key := range scrape(t, o) {
		if _, _, values := split(key); slices.Contains(values, "first") || slices.Contains(values, "x") {
			t.Errorf("a stray value became a label: %s", key)
		}
	}
}

func TestHooksCountWhatTheyAreTold(t *testing.T) {
	o := observe.New(observe.Options{Version: "1.2.3", Commit: "abc", Protocol: "json"})
	h := o.Hooks()
	h.Auth(proxy.Attempt{Status: authz.Valid, Source: proxy.SourceHeader})
	h.Auth(proxy.Attempt{Status: authz.Valid, Source: proxy.SourceHeader})
	h.Auth(proxy.Attempt{Status: authz.Grace, Source: proxy.SourceFrame})
	h.Auth(proxy.Attempt{Code: authz.TokenInvalid, Status: authz.Grace, Source: proxy.SourceFrame})
	h.Auth(proxy.Attempt{Observed: authz.TokenExpired, Status: authz.Anonymous, Source: proxy.SourceFrame, Mode: authz.Observe})
	h.Auth(proxy.Attempt{Code: authz.AuthRequired})
	h.Observed(authz.SessionRevoked)
	h.Stage(proxy.StageDial, 30*time.Millisecond)
	h.Dial(proxy.DialAnswered)
	h.State(proxy.StateOpen, 3)
	h.State(proxy.StateOpen, -1)
	h.Relayed(engine.ToUpstream, 10, 2)
	h.Relayed(engine.ToClient, 7, 1)
	h.Closed(engine.ByUpstream, 1001, 90*time.Second)
	h.Closed(engine.ByClient, 0, 0)
	h.Closed(engine.ByClient, 4999, 0)
	h.Closed(engine.ByClient, 3456, 0)
	h.Closed(engine.ByClient, 1006, 0)
	h.Refresh(proxy.RefreshReconnect, proxy.RefreshOK)
	h.Breaker("upstream", proxy.BreakerOpen)
	h.Attributed(2)
	h.Attributed(3)
	o.Unconfirmed(7)
	o.SetMode(authz.Enforce, 10)
	o.SetMode(authz.Observe, 25)
	o.Reloaded(observe.ReloadFlags, true)
	o.Reloaded(observe.ReloadTLS, false)

	want := map[string]float64{
		`syncward_auth_attempts_total{code="",mode="enforce",result="admitted",source="header",status="valid"}`:                 2,
		`syncward_auth_attempts_total{code="",mode="enforce",result="admitted",source="frame",status="grace"}`:                  1,
		`syncward_auth_attempts_total{code="TOKEN_INVALID",mode="enforce",result="refused",source="frame",status=""}`:           1,
		`syncward_auth_attempts_total{code="TOKEN_EXPIRED",mode="observe",result="admitted",source="frame",status="anonymous"}`: 1,
		`syncward_auth_attempts_total{code="AUTH_REQUIRED",mode="enforce",result="refused",source="none",status=""}`:            1,
		`syncward_auth_observed_refusals_total{code="TOKEN_EXPIRED"}`:                                                           1,
		`syncward_auth_observed_refusals_total{code="SESSION_REVOKED"}`:                                                         1,
		`syncward_auth_grace_accepts_total`:                           1,
		`syncward_handshake_seconds_count{stage="dial"}`:              1,
		`syncward_handshake_seconds_bucket{stage="dial",le="0.05"}`:   1,
		`syncward_handshake_seconds_sum{stage="dial"}`:                0.03,
		`syncward_upstream_dials_total{result="answered"}`:            1,
		`syncward_connections{state="open"}`:                          2,
		`syncward_relay_bytes_total{direction="to_upstream"}`:         10,
		`syncward_relay_bytes_total{direction="to_client"}`:           7,
		`syncward_relay_frames_total{direction="to_upstream"}`:        2,
		`syncward_relay_frames_total{direction="to_client"}`:          1,
		`syncward_connection_closes_total{by="upstream",code="1001"}`: 1,
		`syncward_connection_closes_total{by="client",code="none"}`:   1,
		`syncward_connection_closes_total{by="client",code="4xxx"}`:   1,
		`syncward_connection_closes_total{by="client",code="3xxx"}`:   1,
		`syncward_connection_closes_total{by="client",code="other"}`:  1,
		`syncward_token_refreshes_total{how="reconnect",result="ok"}`: 1,
		`syncward_breaker_state{name="upstream"}`:                     2,
		`syncward_events_attributed_total{protocol="json"}`:           5,
		`syncward_journal_unconfirmed_events`:                         7,
		`syncward_auth_mode{mode="observe"}`:                          1,
		`syncward_enforce_percent`:                                    25,
		`syncward_reloads_total{result="ok",what="flags"}`:            1,
		`syncward_reloads_total{result="failed",what="tls"}`:          1,
	}
	for key, value := range scrape(t, o) {
		family, _, _ := split(key)
		switch w, listed := want[key]; {
		case listed && value != w:
			t.Errorf("%s = %v, want %v", key, value, w)
		case !listed && value != 0 && family != "syncward_build_info" &&
			!strings.Contains(family, "duration_seconds") && !strings.Contains(family, "handshake_seconds"):
			t.Errorf("%s = %v, nothing should have counted there", key, value)
		}
		delete(want, key)
	}
	for key := range want {
		t.Errorf("%s is missing", key)
	}
}

func TestEveryHookIsSet(t *testing.T) {
	hooks := reflect.ValueOf(observe.New(observe.Options{}).Hooks())
	for i := range hooks.NumField() {
		if hooks.Field(i).IsNil() {
			t.Errorf("proxy.Hooks.%s feeds nothing", hooks.Type().Field(i).Name)
		}
	}
}

func TestBuildInfoNamesWhatWasBuilt(t *testing.T) {
	for key := range scrape(t, observe.New(observe.Options{Version: "1.2.3", Commit: "abc"})) {
		if strings.HasPrefix(key, "syncward_build_info") {
			if !strings.Contains(key, `commit="abc"`) || !strings.Contains(key, `version="1.2.3"`) || !strings.Contains(key, `go_version="go`) {
				t.Errorf("got %s", key)
			}
		}
	}
}

func TestTheRelaysHotPathAllocatesNothing(t *testing.T) {
	h := observe.New(observe.Options{}).Hooks()
	if n := testing.AllocsPerRun(1000, func() { h.Relayed(engine.ToClient, 128, 1) }); n != 0 {
		t.Errorf("Relayed allocates %v times a call", n)
	}
}

func TestGoAndProcessMetricsAreThere(t *testing.T) {
	var all strings.Builder
	exposition(t, observe.New(observe.Options{})).WriteTo(&all)
	for _, name := range []string{"\ngo_goroutines ", "\nprocess_start_time_seconds "} {
		if !strings.Contains(all.String(), name) {
			t.Errorf("no %q in /metrics", name)
		}
	}
}

// possibleAttempts returns every attempt, up to its free text, that the proxy
// can report.
func possibleAttempts() []proxy.Attempt {
	all := []proxy.Source{proxy.SourceFrame, proxy.SourcePayload, proxy.SourceHeader, proxy.SourceSubprotocol, proxy.SourceCookie, proxy.SourceQuery, proxy.SourceNone, ""}
	out := []proxy.Attempt{{Status: authz.Anonymous, Mode: authz.Off}, {Status: authz.Anonymous}, {Status: authz.Anonymous, Mode: authz.Observe}}
	for _, source := range all {
		for _, code := range authz.Codes() {
			out = append(out, proxy.Attempt{Code: code, Source: source},
				proxy.Attempt{Code: code, Source: source, Mode: authz.Observe, Status: authz.Grace, ExpiredFor: time.Hour},
				proxy.Attempt{Observed: code, Source: source, Mode: authz.Observe, Status: authz.Anonymous},
				proxy.Attempt{Observed: code, Source: source, Status: authz.Anonymous}) // beyond ENFORCE_PERCENT
		}
		if source != proxy.SourceNone && source != "" {
			out = append(out, proxy.Attempt{Source: source, Status: authz.Valid}, proxy.Attempt{Source: source, Status: authz.Grace, Mode: authz.Observe})
		}
	}
	return out
}

// added returns what is in after and not in before.
func added(before, after []string) []string {
	return slices.DeleteFunc(slices.Clone(after), func(k string) bool { return slices.Contains(before, k) })
}
