package proxy_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/golang-jwt/jwt/v5"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/framing/payload"
	"github.com/syncward/syncward/observe"
	"github.com/syncward/syncward/proxy"
)

// printed is a destination of log lines that may be read meanwhile.
type printed struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (p *printed) Write(b []byte) (int, error) { p.mu.Lock(); defer p.mu.Unlock(); return p.b.Write(b) }
func (p *printed) String() string              { p.mu.Lock(); defer p.mu.Unlock(); return p.b.String() }

// watched are the logs and metrics of a rig, as operators see them.
type watched struct {
	log, std *printed
	observer *observe.Observer
}

// watch logs without the net that blanks what looks like a token: no token may
// be given to a logger in the first place.
func watch(t *testing.T) (*watched, func(*proxy.Config)) {
	t.Helper()
	w := &watched{log: &printed{}, std: &printed{}}
	log.SetOutput(w.std)
	t.Cleanup(func() { log.SetOutput(os.Stderr) })
	encoder := zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig())
	w.observer = observe.New(observe.Options{Log: zap.New(zapcore.NewCore(encoder, zapcore.AddSync(w.log), zap.DebugLevel))})
	return w, func(c *proxy.Config) { c.Hooks = w.observer.Hooks() }
}

// metrics returns what a scraper reads.
func (w *watched) metrics() string {
	rec := httptest.NewRecorder()
	w.observer.Metrics().ServeHTTP(rec, httptest.NewRequest("GET", "/metrics", nil))
	return rec.Body.String()
}

// series returns the names and labels of Syncward's series.
func (w *watched) series() (all []string) {
	for line := range strings.SplitSeq(w.metrics(), "\n") {
		if strings.HasPrefix(line, "syncward_") {
			all = append(all, line[:strings.LastIndexByte(line, ' ')])
		}
	}
	slices.Sort(all)
	return all
}

// everySource looks for the credential wherever it can be.
func everySource(c *proxy.Config) {
	c.Sources = []proxy.Source{proxy.SourceFrame, proxy.SourceHeader, proxy.SourceSubprotocol, proxy.SourceCookie, proxy.SourceQuery}
}

// ways are all ways to bring a token, each with the same token in the Referer
// of the page.
func ways(token string) []string {
	origin, referer := "Origin: https://app.example", "Referer: https://app.example/?token="+token
	plain := func(path, line string) string {
		return "GET " + path + " HTTP/1.1\r\nHost: a\r\n" + origin + "\r\n" + referer + "\r\n" + line + "\r\n\r\n"
	}
	return []string{
		head("/sync", origin),
		head("/sync", origin, referer, bearer(token)),
		head("/sync", origin, referer, "Sec-WebSocket-Protocol: bearer."+token+", chat"),
		head("/sync", origin, referer, "Sec-WebSocket-Protocol: base64url.bearer.authorization."+b64(token)),
		head("/sync", origin, referer, "Cookie: a=b; sync_token="+token),
		head("/sync?a=1&token="+token+"&b=2", origin, referer),
		head("/sync?a=1&token="+token+"&token="+token, origin),
		head("/sync?a=1&%74oken="+token+"&b=2", origin, bearer(token), "Cookie: sync_token="+token),
		plain("/p", bearer(token)), plain("/p", "Cookie: sync_token="+token), plain("/p?token="+token, bearer(token)),
	}
}

func TestAttack25ACanaryTokenIsInNoLogAndNoMetric(t *testing.T) {
	w, hooks := watch(t)
	r := newRig(t, everySource, hooks)
	parts := strings.Split(r.good("ada"), ".")
	canaries := map[string]string{
		"good": r.good("ada"), "bad signature": parts[0] + "." + parts[1] + ".c2lnbmF0dXJlLW9mLWEtY2FuYXJ5", "expired": r.token("ada", -30*time.Hour, -29*time.Hour),
		"in grace": r.token("ada", -3*time.Hour, -2*time.Hour), "no token at all": "canary-canary-canary-canary-canary",
	}
	for _, mode := range []authz.Mode{authz.Enforce, authz.Observe} {
		r.policy.set(mode, 100)
		for name, canary := range canaries {
			for i, way := range ways(canary) {
				c := r.dial().send(way)
				_, _ = c.Write(append(framing.AppendFrame(nil, true, framing.Text, []byte(initFrame(canary)), &[4]byte{1}),
					framing.AppendFrame(nil, true, framing.CloseFrame, nil, &[4]byte{1})...))
				heard, _ := io.ReadAll(c.r)
				noneOf(t, fmt.Sprintf("%v, %s, way %d: what the client heard", mode, name, i), string(heard), canary)
			}
		}
	}
	for name, canary := range canaries {
		for where, text := range map[string]string{"the upstream": r.legacy.bytes(), "the log": w.log.String(), "the standard log": w.std.String(), "the metrics": w.metrics()} {
			noneOf(t, name+": "+where, text, canary)
			noneOf(t, name+": "+where+", encoded once more", text, b64(canary))
		}
	}
	if !strings.Contains(w.log.String(), `"msg":"auth"`) || !strings.Contains(w.metrics(), `code="TOKEN_INVALID"`) || !strings.Contains(r.legacy.bytes(), "a=1&b=2") {
		t.Error("nothing was logged, counted or relayed: the test proves nothing")
	}
}

// Every enabled source's copy goes, whichever decided, and whatever stands there.
func TestAttack25EverySourcesOwnCopyIsTakenOut(t *testing.T) {
	r := newRig(t, everySource)
	tokens := map[string]string{"short": "abc.d-e.f_g", "refused": "second-canary-of-no-form-at-all"}
	for i, source := range []string{"header", "subprotocol", "cookie", "query", "frame"} {
		tokens[source] = r.token("ada", -time.Duration(i+2)*time.Minute, time.Hour)
	}
	origin := "Origin: https://a"
	cookie, offer := "Cookie: a=b; sync_token="+tokens["cookie"], "Sec-WebSocket-Protocol: chat, bearer."+tokens["subprotocol"]
	r.open("/sync?token="+tokens["query"], origin, bearer(tokens["header"]), cookie, offer).text(initFrame(tokens["frame"])).wantText("ack:" + stripped)
	plain := func(lines ...string) {
		r.dial().send("GET /p?x=1 HTTP/1.1\r\nHost: a\r\n" + strings.Join(lines, "\r\n") + "\r\n\r\n").status()
	}
	plain(origin, bearer(tokens["header"]), cookie)
	r.policy.set(authz.Observe, 100)
	plain(origin, bearer(tokens["short"]), "Cookie: sync_token="+tokens["refused"])
	heads := strings.Join(r.legacy.allHeads(t, 3), "")
	for source, token := range tokens {
		noneOf(t, "the upstream, of the "+source+" token,", r.legacy.bytes(), token)
	}
	if !strings.Contains(heads, "a=b") || !strings.Contains(heads, ": chat\r\n") || !strings.Contains(heads, "?x=1") {
		t.Errorf("what stood beside the tokens is gone: %q", heads)
	}
}

// bursting panics with what it was given, wherever the proxy asks it.
type bursting struct{ payload.Protocol }

func (bursting) First(_ framing.Opcode, msg []byte) (payload.Found, error) { panic(string(msg)) }
func (bursting) Query(raw string) (payload.URLFound, error) {
	if strings.Contains(raw, "token") {
		panic(raw)
	}
	return payload.URLFound{Query: raw}, nil
}
func (bursting) Later(_ framing.Opcode, msg []byte, _ payload.Bound) (payload.Found, error) {
	panic(string(msg))
}
func (bursting) ReadsAll() bool { return true }

func TestAttack25APanicAnywhereShowsNoToken(t *testing.T) {
	w, hooks := watch(t)
	first := newRig(t, hooks, func(c *proxy.Config) { c.Protocol = bursting{c.Protocol} })
	later := newRig(t, hooks, opaque, func(c *proxy.Config) {
		c.Protocol = bursting{c.Protocol}
		c.Sources = append(c.Sources, proxy.SourcePayload)
	})
	judging := newRig(t, hooks, opaque, func(c *proxy.Config) {
		c.Decide = func(_ context.Context, token string) authz.Decision { panic("crash at " + token) }
	})
	token := first.good("ada")
	frame := string(framing.AppendFrame(nil, true, framing.Text, []byte(initFrame(token)), &[4]byte{1}))
	for name, row := range map[string]struct {
		rig     *rig
		request string
	}{
		"first frame": {first, head("/sync") + frame}, "later frame": {later, head("/sync", bearer(token)) + frame},
		"query of an upgrade": {later, head("/sync?token=" + token)}, "query of a plain request": {later, "GET /p?token=" + token + " HTTP/1.1\r\nHost: a\r\n\r\n"},
		"decision on an upgrade": {judging, head("/sync", bearer(token))}, "decision on a plain request": {judging, "GET /p HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + bearer(token) + "\r\n\r\n"},
	} {
		c := row.rig.dial().send(row.request)
		heard, _ := io.ReadAll(c.r)
		noneOf(t, name+": what the client heard", string(heard), token)
	}
	for where, text := range map[string]string{"the log": w.log.String(), "the standard log": w.std.String(), "the metrics": w.metrics(), "the upstreams": first.legacy.bytes() + later.legacy.bytes() + judging.legacy.bytes()} {
		noneOf(t, where, text, token)
	}
	if !strings.Contains(w.log.String(), "panic") || !strings.Contains(w.log.String(), "AUTH_UNAVAILABLE") {
		t.Errorf("nothing crashed: the test proves nothing: %s", w.log)
	}
}

func TestAttack31HostileClientsAddNoSeries(t *testing.T) {
	w, hooks := watch(t)
	r := newRig(t, everySource, hooks)
	before := w.series()
	for _, mode := range []authz.Mode{authz.Enforce, authz.Observe, authz.Off} {
		r.policy.set(mode, 100)
		for i := range 12 {
			odd := fmt.Sprintf("odd%d", i)
			signed := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"sub": odd, "iss": odd, "iat": time.Now().Unix(), "exp": time.Now().Unix() + 60})
			signed.Header["kid"], signed.Header["typ"] = odd, odd
			token, err := signed.SignedString([]byte(secret))
			must(t, err)
			c := r.dial().send(head("/"+odd+"?"+odd, "Origin: https://"+odd, "User-Agent: "+odd, bearer(token), "Sec-WebSocket-Protocol: "+odd))
			c.frame(true, framing.Text, `{"instanceId":"`+odd+`","authToken":"`+token+`"}`)
			c.frame(true, framing.CloseFrame, string(framing.Close{Code: 3100 + 97*i, Reason: odd}.Append(nil)))
			_, _ = io.Copy(io.Discard, c.r)
			_ = c.Close()
			bad := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"`+odd+`"}`)) + ".e30.x"
			for _, request := range []string{odd + " /" + odd + " HTTP/1.1\r\nHost: " + odd + "\r\n\r\n", "GET /" + odd + " HTTP/1.1\r\nHost: a\r\n" + bearer(bad) + "\r\n\r\n", "\x16\x03" + odd + "\r\n\r\n"} {
				c := r.dial().send(request)
				closeWrite(c.Conn)
				_, _ = io.Copy(io.Discard, c.r)
			}
		}
	}
	eventually(t, "all connections counted as closed", func() bool { return strings.Contains(w.metrics(), `syncward_connections{state="open"} 0`) })
	if after := w.series(); !slices.Equal(before, after) {
		t.Errorf("%d series before, %d after: %q", len(before), len(after), slices.DeleteFunc(after, func(s string) bool { return slices.Contains(before, s) }))
	}
	if strings.Contains(w.metrics(), "odd") {
		t.Error("a client's word is a label")
	}
	if !strings.Contains(w.log.String(), "odd7") {
		t.Error("no hostile user was seen: the test proves nothing")
	}
}

func closeWrite(c io.Closer) {
	if h, ok := c.(interface{ CloseWrite() error }); ok {
		_ = h.CloseWrite()
	}
}
