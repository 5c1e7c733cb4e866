package demo

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/syncward/syncward/demo/legacy"
)

// maxFeed is how many entries the feed remembers.
const maxFeed = 300

// kind says what an entry of the feed is: a log line of the sidecar, or a
// sighting of the legacy server.
type kind string

// The closed list of kinds.
const (
	kindLog       kind = "log"
	kindConnected kind = kind(legacy.Connected)
	kindMessage   kind = kind(legacy.Message)
	kindGone      kind = kind(legacy.Gone)
)

// entry is one thing for the page to show.
type entry struct {
	N          int             `json:"n"` // 1, 2, 3…
	Kind       kind            `json:"kind"`
	Line       json.RawMessage `json:"line,omitempty"`       // of log
	Connection int             `json:"connection,omitempty"` // of the others
	Target     string          `json:"target,omitempty"`     // of connected, and all below
	Headers    [][2]string     `json:"headers,omitempty"`    // sorted by name
	Assertion  *checked        `json:"assertion,omitempty"`
	Text       string          `json:"text,omitempty"` // of message
}

// feed is what the page is told: it takes the sidecar's log (io.Writer) and
// what the legacy server sees, and keeps the newest of both in one order.
type feed struct {
	ready chan struct{} // closed by the start line
	keys  *keys

	mu      sync.Mutex
	entries []entry
	n       int
	mode    string // in force, as the sidecar logged it
	sidecar string // host:port of its client side
}

func newFeed() *feed { return &feed{ready: make(chan struct{}), keys: &keys{}} }

// logLine is what the feed itself reads of a log line.
type logLine struct {
	Msg    string `json:"msg"`
	Listen string `json:"listen_addr"`
	Admin  string `json:"admin_addr"`
	Mode   string `json:"mode"` // of start
	Is     string `json:"is"`   // of mode
}

// Write takes one log line.
func (f *feed) Write(p []byte) (int, error) {
	line := bytes.TrimSpace(p)
	var read logLine
	if json.Unmarshal(line, &read) != nil {
		line, _ = json.Marshal(map[string]string{"msg": string(line)}) // strings always marshal
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case read.Msg == "start" && f.sidecar == "":
		f.sidecar, f.mode = read.Listen, read.Mode
		f.keys.from(read.Admin)
		close(f.ready)
	case read.Msg == "mode":
		f.mode = read.Is
	}
	f.add(entry{Kind: kindLog, Line: slices.Clone(line)})
	return len(p), nil
}

// sighted takes what the legacy server saw.
func (f *feed) sighted(s legacy.Sighting) {
	e := entry{Kind: kind(s.Kind), Connection: s.Connection, Text: s.Text}
	if s.Request != nil {
		e.Target = s.Request.URL.RequestURI()
		e.Headers = headers(s.Request.Header)
		e.Assertion = f.keys.check(s.Request)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.add(e)
}

// add appends under the lock that the caller holds.
func (f *feed) add(e entry) {
	f.n++
	e.N = f.n
	if f.entries = append(f.entries, e); len(f.entries) > maxFeed {
		f.entries = f.entries[1:]
	}
}

// news is what the page is answered.
type news struct {
	Mode    string  `json:"mode"`
	Last    int     `json:"last"` // to ask after
	Entries []entry `json:"entries"`
}

// after returns the entries behind number n; all, where n is from another run.
func (f *feed) after(n int) news {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n > f.n {
		n = 0
	}
	i := slices.IndexFunc(f.entries, func(e entry) bool { return e.N > n })
	if i < 0 {
		i = len(f.entries)
	}
	return news{f.mode, f.n, append([]entry{}, f.entries[i:]...)}
}

// address is where the sidecar listens, once the demo is ready.
func (f *feed) address() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.sidecar
}

func headers(h http.Header) (list [][2]string) {
	for name, values := range h {
		for _, value := range values {
			list = append(list, [2]string{name, value})
		}
	}
	slices.SortStableFunc(list, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	return list
}
