package observe_test

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/syncward/syncward/observe"
)

// get asks the admin handler of o for one path.
func get(o *observe.Observer, h *observe.Health, method, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	observe.AdminHandler(observe.Admin{
		Metrics: o.Metrics(), Health: h, JWKS: func() []byte { return []byte(`{"keys":[]}`) },
	}).ServeHTTP(w, httptest.NewRequest(method, path, nil))
	return w
}

// scrape returns Syncward's own series as a scraper sees them: the name with its
// labels in the order of the exposition → value.
func scrape(t *testing.T, o *observe.Observer) map[string]float64 {
	t.Helper()
	series := map[string]float64{}
	lines := bufio.NewScanner(exposition(t, o))
	for lines.Scan() {
		line := lines.Text()
		if !strings.HasPrefix(line, "syncward_") {
			continue
		}
		at := strings.LastIndexByte(line, ' ')
		value, err := strconv.ParseFloat(line[at+1:], 64)
		if err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
		series[line[:at]] = value
	}
	if len(series) == 0 {
		t.Fatal("no syncward_ series at all")
	}
	return series
}

// exposition returns the body of /metrics.
func exposition(t *testing.T, o *observe.Observer) *strings.Reader {
	t.Helper()
	w := get(o, observe.NewHealth(), http.MethodGet, "/metrics")
	if w.Code != http.StatusOK {
		t.Fatalf("/metrics answered %d: %s", w.Code, w.Body)
	}
	return strings.NewReader(w.Body.String())
}

var labelPair = regexp.MustCompile(`([a-z_]+)="([^"]*)"`)

// split takes a series' key apart: family, label names in order, their values.
func split(key string) (family string, names, values []string) {
	family, rest, _ := strings.Cut(key, "{")
	for _, m := range labelPair.FindAllStringSubmatch(rest, -1) {
		names, values = append(names, m[1]), append(values, m[2])
	}
	return family, names, values
}

// serve asks a handler for one path.
func serve(h http.Handler, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w
}
