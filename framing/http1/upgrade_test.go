package http1_test

import (
	"strings"
	"testing"

	"github.com/syncward/syncward/framing/http1"
)

const (
	key     = "dGhlIHNhbXBsZSBub25jZQ==" // RFC 6455 §1.3
	accept  = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
	upgrade = "GET /sync HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Key: " + key + "\r\nSec-WebSocket-Version: 13\r\n\r\n"
)

func TestAcceptIsTheOneOfTheRFC(t *testing.T) {
	if got := http1.Accept(key); got != accept {
		t.Errorf("%s, want %s", got, accept)
	}
}

// Attacks 5 and 6: what is no valid handshake ends here, and so before any
// upstream.
func TestCheckUpgradeRefuses(t *testing.T) {
	for _, c := range []struct {
		prevents, old, new string
		status             int
		want               http1.Reason
	}{
		{"a POST", "GET ", "POST ", 400, "method"},
		{"a get", "GET ", "get ", 400, "method"},
		{"HTTP/1.0", "HTTP/1.1", "HTTP/1.0", 400, "version"},
		{"another protocol", "Upgrade: websocket", "Upgrade: foo", 400, "upgrade"},
		{"HTTP/2 in clear text", "Upgrade: websocket", "Upgrade: h2c", 400, "upgrade"},
		{"a choice of protocols", "Upgrade: websocket", "Upgrade: websocket, h2c", 400, "upgrade"},
		{"two protocols", "Upgrade: websocket", "Upgrade: websocket\r\nUpgrade: h2c", 400, "upgrade"},
		{"a Kelvin sign for a k", "Upgrade: websocket", "Upgrade: websoc\xe2\x84\xaaet", 400, "upgrade"},
		{"no Upgrade", "Upgrade: websocket\r\n", "", 400, "upgrade"},
		{"no Connection", "Connection: Upgrade\r\n", "", 400, "upgrade"},
		{"another Connection", "Connection: Upgrade", "Connection: keep-alive", 400, "upgrade"},
		{"no key", "Sec-WebSocket-Key: " + key + "\r\n", "", 400, "websocket_key"},
		{"a key of 15 bytes", key, "AAAAAAAAAAAAAAAAAAAA", 400, "websocket_key"},
		{"a key of 17 bytes", key, "AAAAAAAAAAAAAAAAAAAAAAA=", 400, "websocket_key"},
		{"a key of 18 bytes", key, "AAAAAAAAAAAAAAAAAAAAAAAA", 400, "websocket_key"},
		{"a key that is no base64", key, "dGhlIHNhbXBsZSBub25jZ!==", 400, "websocket_key"},
		{"two keys", "Sec-WebSocket-Key", "sec-websocket-key: " + key + "\r\nSec-WebSocket-Key", 400, "websocket_key"},
		{"an older version", "Version: 13", "Version: 8", 426, "websocket_version"},
		{"a list of versions", "Version: 13", "Version: 13, 8", 426, "websocket_version"},
		{"no version", "Sec-WebSocket-Version: 13\r\n", "", 426, "websocket_version"},
		{"a body", "Upgrade: w", "Content-Length: 1\r\nUpgrade: w", 400, "body_on_upgrade"},
		{"a chunked body", "Upgrade: w", "Transfer-Encoding: chunked\r\nUpgrade: w", 400, "body_on_upgrade"},
	} {
		h, err := http1.Parse([]byte(strings.Replace(upgrade, c.old, c.new, 1)))
		if err != nil {
			t.Fatalf("%s: %v", c.prevents, err)
		}
		e := http1.CheckUpgrade(h)
		if e == nil || e.Status != c.status || e.Reason != c.want {
			t.Errorf("%s: %v, want %d %s", c.prevents, e, c.status, c.want)
		}
	}
}

func TestCheckUpgradeAcceptsWhatClientsSend(t *testing.T) {
	for old, new := range map[string]string{
		"":                    "",
		"Connection: Upgrade": "Connection: keep-alive, Upgrade",
		"Upgrade: websocket":  "Upgrade: WebSocket",
		"Connection: U":       "Content-Length: 0\r\nConnection: U",
	} {
		h, err := http1.Parse([]byte(strings.Replace(upgrade, old, new, 1)))
		if err != nil {
			t.Fatal(err)
		}
		if e := http1.CheckUpgrade(h); e != nil {
			t.Errorf("%q: %v", new, e)
		}
	}
}

const switching = "HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\nConnection: upgrade\r\n" +
	"Sec-WebSocket-Accept: " + accept + "\r\nSet-Cookie: a=b\r\nContent-Length: 5\r\n\r\n"

func TestAnUpstreams101IsKeptWhole(t *testing.T) {
	n, err := http1.EndResponse([]byte(switching+"\x81\x00"), 1000)
	if err != nil || n != len(switching) {
		t.Fatalf("%d, %v", n, err)
	}
	r, err := http1.ParseResponse([]byte(switching))
	if err != nil {
		t.Fatal(err)
	}
	if r.Status != 101 || r.Phrase != "Switching Protocols" || string(r.Raw) != switching || r.Get("set-cookie") != "a=b" {
		t.Errorf("%+v", r)
	}
	if e := r.CheckUpgrade(key); e != nil {
		t.Error(e)
	}
}

// Attack 4: nothing but a right 101 opens a tunnel.
func TestNoTunnelOpensOn(t *testing.T) {
	for _, c := range []struct {
		answer, old, new string
		want             http1.Reason
	}{
		{"200 with Upgrade", "101", "200", "status_line"},
		{"302 with Upgrade", "101", "302", "status_line"},
		{"401 with Upgrade", "101", "401", "status_line"},
		{"100", "101", "100", "status_line"},
		{"HTTP/1.0", "HTTP/1.1", "HTTP/1.0", "status_line"},
		{"another protocol", "WebSocket", "h2c", "upgrade"},
		{"no protocol", "upgrade: WebSocket\r\n", "", "upgrade"},
		{"no Connection", "Connection: upgrade\r\n", "", "upgrade"},
		{"the accept of another key", accept, "AAAAAAAAAAAAAAAAAAAAAAAAAAA=", "websocket_accept"},
		{"an accept in other letters", accept, strings.ToUpper(accept), "websocket_accept"},
		{"two accepts", "Set-Cookie: a=b", "Sec-WebSocket-Accept: " + accept, "websocket_accept"},
		{"no accept", "Sec-WebSocket-Accept: " + accept + "\r\n", "", "websocket_accept"},
	} {
		r, err := http1.ParseResponse([]byte(strings.Replace(switching, c.old, c.new, 1)))
		if err != nil {
			t.Fatalf("%s: %v", c.answer, err)
		}
		if e := r.CheckUpgrade(key); e == nil || e.Status != 502 || e.Reason != c.want {
			t.Errorf("%s: %v, want 502 %s", c.answer, e, c.want)
		}
	}
}

func TestParseResponseRefuses(t *testing.T) {
	for _, c := range []struct {
		old, new string
		want     http1.Reason
	}{
		{"HTTP/1.1", "HTTP/2.0", "status_line"},
		{"HTTP/1.1", "ICY", "status_line"},
		{"101", "1O1", "status_line"},
		{"101", "1010", "status_line"},
		{"101", "012", "status_line"},
		{" 101", "", "status_line"},
		{"Switching", "\x00", "status_line"},
		{"Protocols\r\n", "Protocols\n", "line_end"},
		{"a=b\r\n", "a=b\n", "line_end"},
		{"a=b", "a\rb", "line_end"},
		{"a=b", "a\r\n b", "obs_fold"},
		{"Set-Cookie", "Set-Cookie ", "space_before_colon"},
		{"Set-Cookie", "Set Cookie", "space_before_colon"},
		{"a=b", "a\x00b", "field_value"},
		{"\r\n\r\n", "\r\n\r\nx", "line_end"},
	} {
		_, err := http1.ParseResponse([]byte(strings.Replace(switching, c.old, c.new, 1)))
		if e := asError(t, err); e.Status != 502 || e.Reason != c.want {
			t.Errorf("%q: %d %s, want 502 %s", c.new, e.Status, e.Reason, c.want)
		}
	}
	for _, b := range []string{"SSH-", "HTTP/2", "\r\n", "HTTP/1.1 101\n"} {
		if _, err := http1.EndResponse([]byte(b), 1000); asError(t, err).Status != 502 {
			t.Errorf("%q: %v", b, err)
		}
	}
	if _, err := http1.EndResponse([]byte(switching), 40); asError(t, err).Reason != "head_too_large" {
		t.Error("an endless answer is read on")
	}
}

func TestAnotherStatusIsLeftToNetHTTP(t *testing.T) {
	r, err := http1.ParseResponse([]byte("HTTP/1.1 404\r\nodd field\r\n\r\n"))
	if err != nil || r.Status != 404 || r.Phrase != "" || r.Fields != nil {
		t.Errorf("%+v, %v", r, err)
	}
}

func FuzzParseResponse(f *testing.F) {
	f.Add([]byte(switching))
	f.Add([]byte("HTTP/1.1 404\r\nodd field\r\n\r\n"))
	f.Add([]byte("HTTP/1.0 200 \r\n\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		n, err := http1.EndResponse(b, 4096)
		if err != nil || n == 0 {
			return
		}
		r, err := http1.ParseResponse(b[:n])
		if err != nil {
			return
		}
		if string(r.Raw) != string(b[:n]) || r.Status < 100 || r.Status > 999 {
			t.Fatalf("%+v", r)
		}
		if r.CheckUpgrade(key) == nil && (r.Status != 101 || !strings.Contains(string(b), accept)) {
			t.Fatalf("a tunnel opens on %q", b)
		}
	})
}
