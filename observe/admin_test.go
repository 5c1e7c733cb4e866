package observe_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/syncward/syncward/observe"
)

// readiness asks h for /readyz.
func readiness(t *testing.T, h *observe.Health) (status int, ready bool, faults map[string]string) {
	t.Helper()
	w := get(observe.New(observe.Options{}), h, http.MethodGet, "/readyz")
	var body struct {
		Ready  bool              `json:"ready"`
		Faults map[string]string `json:"faults"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatalf("body %q: %v", w.Body, err)
	}
	return w.Code, body.Ready, body.Faults
}

func TestReadinessNamesEachCheckThatFailsAndSaysWhy(t *testing.T) {
	keys := "no key could be fetched yet"
	h := observe.NewHealth(
		observe.Check{Name: "keys", Why: func() string { return keys }},
		observe.Check{Name: "store", Why: func() string { return "" }},
	)
	status, ready, faults := readiness(t, h)
	if status != http.StatusServiceUnavailable || ready || !maps.Equal(faults, map[string]string{"keys": keys}) {
		t.Errorf("not ready: %d %v %v", status, ready, faults)
	}
	keys = ""
	status, ready, faults = readiness(t, h)
	if status != http.StatusOK || !ready || len(faults) != 0 {
		t.Errorf("ready: %d %v %v", status, ready, faults)
	}
}

func TestDrainingEndsReadinessAtOnceButNotHealth(t *testing.T) {
	h := observe.NewHealth()
	if status, _, _ := readiness(t, h); status != http.StatusOK {
		t.Fatalf("before the drain: %d", status)
	}
	h.Drain()
	status, ready, faults := readiness(t, h)
	if status != http.StatusServiceUnavailable || ready || faults["drain"] != "draining" {
		t.Errorf("/readyz: %d %v %v", status, ready, faults)
	}
	if w := get(observe.New(observe.Options{}), h, http.MethodGet, "/healthz"); w.Code != http.StatusOK {
		t.Errorf("/healthz: %d, the replica would be killed in the middle of its drain", w.Code)
	}
}

func TestTheAdminPortServesFourPathsAndNothingElse(t *testing.T) {
	o, h := observe.New(observe.Options{}), observe.NewHealth()
	for path, want := range map[string]string{
		"/healthz": "text/plain; charset=utf-8", "/readyz": "application/json",
		"/metrics": "text/plain", "/.well-known/jwks.json": "application/jwk-set+json",
	} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			w := get(o, h, method, path)
			if got := w.Header().Get("Content-Type"); w.Code != http.StatusOK || !strings.HasPrefix(got, want) {
				t.Errorf("%s %s: %d %q", method, path, w.Code, got)
			}
		}
		if w := get(o, h, http.MethodPost, path); w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD" {
			t.Errorf("POST %s: %d, Allow %q", path, w.Code, w.Header().Get("Allow"))
		}
	}
	for _, path := range []string{
		"/", "/healthz/", "//healthz", "/HEALTHZ", "/x/../healthz", "/metrics/x", "/debug/pprof/", "/admin/v1/connections", "/.well-known/", "/favicon.ico",
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			if w := get(o, h, method, path); w.Code != http.StatusNotFound {
				t.Errorf("%s %s: %d, want 404", method, path, w.Code)
			}
		}
	}
}

func TestThePublicKeysAreReadForEachRequest(t *testing.T) {
	keys := `{"keys":[]}`
	handler := observe.AdminHandler(observe.Admin{
		Metrics: http.NotFoundHandler(), Health: observe.NewHealth(), JWKS: func() []byte { return []byte(keys) },
	})
	for _, now := range []string{keys, `{"keys":[{"kid":"2"}]}`} {
		keys = now
		w := serve(handler, "/.well-known/jwks.json")
		if w.Body.String() != now {
			t.Errorf("got %s, want %s", w.Body, now)
		}
	}
}
