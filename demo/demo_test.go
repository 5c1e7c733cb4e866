package demo_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/syncward/syncward/demo"
	"github.com/syncward/syncward/identity"
)

// start runs a demo whose sidecar is a plain relay, and has a JWKS: what the real
// one does is for the tests of the command.
func start(t *testing.T) *demo.Demo {
	t.Helper()
	d, err := demo.New("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	up, err := url.Parse(variable(t, d, "UPSTREAM_URL"))
	if err != nil {
		t.Fatal(err)
	}
	signer, err := identity.NewSigner(identity.SignerOptions{Key: identity.GenerateKey()})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/", httputil.NewSingleHostReverseProxy(up))
	mux.HandleFunc("/.well-known/jwks.json", func(w http.ResponseWriter, _ *http.Request) { w.Write(signer.JWKS()) })
	sidecar := httptest.NewServer(mux)
	select {
	case <-d.Ready():
		t.Fatal("ready before the sidecar")
	default:
	}
	addr := sidecar.Listener.Addr().String()
	fmt.Fprintf(d.Log(), `{"msg":"start","listen_addr":"%s","admin_addr":"%s","mode":"enforce"}`+"\n", addr, addr)
	<-d.Ready()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- d.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Serve: %v", err)
		}
		if err := d.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		sidecar.Close()
	})
	return d
}

// variable returns one of the sidecar's variables.
func variable(t *testing.T, d *demo.Demo, name string) string {
	t.Helper()
	for _, line := range d.Variables() {
		if value, ok := strings.CutPrefix(line, name+"="); ok {
			return value
		}
	}
	t.Fatalf("%s is not set", name)
	return ""
}

// get returns an answer and its body.
func get(t *testing.T, address string) (*http.Response, string) {
	t.Helper()
	res, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

// post sends JSON with extra headers (name, value, …) and returns the status.
func post(t *testing.T, address, body string, headers ...string) int {
	t.Helper()
	req, err := http.NewRequest("POST", address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for pair := range slices.Chunk(headers, 2) {
		req.Header.Set(pair[0], pair[1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	return res.StatusCode
}

// entry and news are what the page reads.
type entry struct {
	N, Connection      int
	Kind, Target, Text string
	Line               struct{ Msg string }
	Headers            [][2]string
	Assertion          *struct {
		OK    bool
		Error string
	}
}

type news struct {
	Mode    string
	Last    int
	Entries []entry
}

func feed(t *testing.T, d *demo.Demo, after int) (n news) {
	t.Helper()
	res, body := get(t, fmt.Sprintf("%s/feed?after=%d", d.URL(), after))
	if err := json.Unmarshal([]byte(body), &n); err != nil || res.StatusCode != 200 {
		t.Fatalf("%d %s: %v", res.StatusCode, body, err)
	}
	return n
}

func TestThePageLoadsOnlyItsOwn(t *testing.T) {
	d := start(t)
	for path, kind := range map[string]string{
		"/": "text/html", "/style.css": "text/css", "/main.js": "text/javascript", "/icon.svg": "image/svg+xml", "/settings": "application/json",
	} {
		res, body := get(t, d.URL()+path)
		if res.StatusCode != 200 || !strings.HasPrefix(res.Header.Get("Content-Type"), kind) {
			t.Errorf("%s: %d %s", path, res.StatusCode, res.Header.Get("Content-Type"))
		}
		csp := res.Header.Get("Content-Security-Policy")
		if !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") || res.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: headers %v", path, res.Header)
		}
		if text := strings.ReplaceAll(body, "http://www.w3.org/2000/svg", ""); strings.Contains(text, "http://") || strings.Contains(text, "https://") {
			t.Errorf("%s names another host", path)
		}
	}
	if res, _ := get(t, d.URL()+"/nothing"); res.StatusCode != 404 {
		t.Errorf("/nothing: %d", res.StatusCode)
	}
}

func TestOtherSitesCannotUseIt(t *testing.T) {
	d := start(t)
	for _, path := range []string{"/mode", "/auth/login"} {
		if got := post(t, d.URL()+path, `{"mode":"off","user":"alice"}`, "Origin", "https://elsewhere.example", "Sec-Fetch-Site", "cross-site"); got != 403 {
			t.Errorf("%s from another site: %d, want 403", path, got)
		}
	}
}

func TestTheSwitchWritesTheFlagsFileWhole(t *testing.T) {
	d := start(t)
	file := variable(t, d, "FLAGS_FILE")
	holds := func(want string) {
		t.Helper()
		if b, err := os.ReadFile(file); err != nil || string(b) != "authMode: "+want+"\n" {
			t.Fatalf("the flags file holds %q (%v), want %s", b, err, want)
		}
	}
	holds("enforce")
	for _, mode := range []string{"observe", "off", "enforce"} {
		if got := post(t, d.URL()+"/mode", `{"mode":"`+mode+`"}`); got != 204 {
			t.Fatalf("%s: %d", mode, got)
		}
		holds(mode)
	}
	for _, bad := range []string{`{"mode":"on"}`, `{"mode":"off\nlogLevel: debug"}`, `{}`, `off`} {
		if got := post(t, d.URL()+"/mode", bad); got != 400 {
			t.Errorf("%s: %d, want 400", bad, got)
		}
	}
	holds("enforce")
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(file), "*")); len(left) != 1 {
		t.Errorf("beside the flags file lies %q", left)
	}
}

func TestTheFeedFollowsLogAndMode(t *testing.T) {
	d := start(t)
	first := feed(t, d, 0)
	if first.Mode != "enforce" || len(first.Entries) != 1 || first.Entries[0].Line.Msg != "start" {
		t.Fatalf("%+v", first)
	}
	io.WriteString(d.Log(), `{"msg":"mode","was":"enforce","is":"off"}`+"\n")
	io.WriteString(d.Log(), "no JSON at all\n")
	next := feed(t, d, first.Last)
	if next.Mode != "off" || len(next.Entries) != 2 || next.Entries[1].Line.Msg != "no JSON at all" {
		t.Errorf("%+v", next)
	}
	if again := feed(t, d, next.Last); len(again.Entries) != 0 {
		t.Errorf("nothing has happened, the feed says %+v", again)
	}
	if other := feed(t, d, 99999); len(other.Entries) != 3 {
		t.Errorf("a page of another run gets %d entries, want all", len(other.Entries))
	}
	for i := range 400 {
		fmt.Fprintf(d.Log(), `{"msg":"%d"}`, i)
	}
	if all := feed(t, d, 0); len(all.Entries) != 300 || all.Entries[299].Line.Msg != "399" {
		t.Errorf("%d entries are kept, want the newest 300", len(all.Entries))
	}
}

func TestUpgradesGoThroughAndTheFeedTellsWhatArrived(t *testing.T) {
	d := start(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	ws, _, err := websocket.Dial(ctx, strings.Replace(d.URL(), "http", "ws", 1)+"/sync?a=b",
		&websocket.DialOptions{HTTPHeader: http.Header{"X-Sync-Assertion": {"forged"}}})
	if err != nil {
		t.Fatal(err)
	}
	defer ws.CloseNow()
	const frame = `{"type":"init","instanceId":"test-123"}`
	if err := ws.Write(ctx, websocket.MessageText, []byte(frame)); err != nil {
		t.Fatal(err)
	}
	if _, got, err := ws.Read(ctx); err != nil || string(got) != `{"type":"ready","instanceId":"test-123","seq":0}` {
		t.Fatalf("%s, %v", got, err)
	}
	got := feed(t, d, 1).Entries
	if len(got) != 2 || got[0].Kind != "connected" || got[0].Target != "/sync?a=b" || got[0].Connection != 1 ||
		got[1].Kind != "message" || got[1].Text != frame || got[1].Connection != 1 {
		t.Fatalf("%+v", got)
	}
	if !slices.Contains(got[0].Headers, [2]string{"X-Sync-Assertion", "forged"}) {
		t.Errorf("headers %v", got[0].Headers)
	}
	if a := got[0].Assertion; a == nil || a.OK || !strings.HasPrefix(a.Error, "identity:") {
		t.Errorf("a forged assertion is shown as %+v", a)
	}
}

func TestADemoOnATakenAddressSaysSo(t *testing.T) {
	d := start(t)
	_, err := demo.New(strings.TrimPrefix(d.URL(), "http://"))
	if err == nil || !strings.Contains(err.Error(), "--listen") {
		t.Errorf("%v", err)
	}
}

func TestTheAddressCanBeOpenedWhereverItListens(t *testing.T) {
	for _, listen := range []string{":0", "127.0.0.1:0"} {
		d, err := demo.New(listen)
		if err != nil {
			t.Fatal(err)
		}
		if u, err := url.Parse(d.URL()); err != nil || u.Hostname() != "127.0.0.1" || u.Port() == "0" {
			t.Errorf("listening on %s, the address is %s", listen, d.URL())
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestCloseLeavesNothingBehind(t *testing.T) {
	d, err := demo.New("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	file, up := variable(t, d, "FLAGS_FILE"), variable(t, d, "UPSTREAM_URL")
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Dir(file)); err == nil {
		t.Error("the flags file's directory is still there")
	}
	if _, err := http.Get(up); err == nil {
		t.Error("the legacy server still answers")
	}
}
