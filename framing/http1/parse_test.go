package http1_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/syncward/syncward/framing/http1"
)

// get is a good request with one more line, or none.
func get(line string) string { return "GET /sync HTTP/1.1\r\nHost: a\r\n" + line + "\r\n" }

// path is a good request for another target.
func path(target string) string { return "GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n" }

var refused = []struct {
	prevents string
	head     string
	want     http1.Reason
}{
	{"a line that ends in LF alone", "GET / HTTP/1.1\nHost: a\r\n\r\n", "line_end"},
	{"a field that ends in LF alone", get("A: b\nContent-Length: 5\r\n"), "line_end"},
	{"a head that ends in LF alone", "GET / HTTP/1.1\r\nHost: a\r\n\n", "line_end"},
	{"a CR inside a value", get("A: b\rContent-Length: 5\r\n"), "line_end"},
	{"a CR inside a name", get("A\r: b\r\n"), "field_name"},
	{"a head without its empty line", "GET / HTTP/1.1\r\nHost: a\r\n", "line_end"},
	{"bytes behind the empty line", get("") + "x", "line_end"},
	{"an empty line in front", "\r\n" + get(""), "request_line"},
	{"no bytes at all", "", "line_end"},
	{"a folded line by space", get("A: b\r\n c\r\n"), "obs_fold"},
	{"a folded line by tab", get("A: b\r\n\tc\r\n"), "obs_fold"},
	{"a folded first line", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", "obs_fold"},
	{"space before the colon", get("Content-Length : 5\r\n"), "space_before_colon"},
	{"tab before the colon", get("Content-Length\t: 5\r\n"), "space_before_colon"},
	{"a nameless field", get(": b\r\n"), "field_name"},
	{"a line without a colon", get("abc\r\n"), "field_name"},
	{"a dot in a name", get("X.Sync: b\r\n"), "field_name"},
	{"a NUL in a name", get("A\x00: b\r\n"), "field_name"},
	{"a letter with an accent in a name", get("\xc3\xa9: b\r\n"), "field_name"},
	{"a NUL in a value", get("A: b\x00c\r\n"), "field_value"},
	{"a control character in a value", get("A: b\x1bc\r\n"), "field_value"},
	{"a DEL in a value", get("A: b\x7fc\r\n"), "field_value"},
	{"two framings", get("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), "length_and_coding"},
	{"two framings, the other way round", get("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n"), "length_and_coding"},
	{"two lengths that differ", get("Content-Length: 5\r\nContent-Length: 6\r\n"), "content_length"},
	{"two lengths that agree", get("Content-Length: 5\r\ncontent-length: 5\r\n"), "content_length"},
	{"a list of lengths", get("Content-Length: 5, 5\r\n"), "content_length"},
	{"a signed length", get("Content-Length: +5\r\n"), "content_length"},
	{"a negative length", get("Content-Length: -5\r\n"), "content_length"},
	{"a hexadecimal length", get("Content-Length: 0x5\r\n"), "content_length"},
	{"a length with an underscore", get("Content-Length: 1_0\r\n"), "content_length"},
	{"no length", get("Content-Length:\r\n"), "content_length"},
	{"a length over 63 bits", get("Content-Length: 9223372036854775808\r\n"), "content_length"},
	{"a length in CGI's spelling", get("Content_Length: 5\r\n"), "field_name"},
	{"a coding in CGI's spelling", get("Transfer_Encoding: chunked\r\n"), "field_name"},
	{"another coding", get("Transfer-Encoding: gzip\r\n"), "transfer_encoding"},
	{"a coding in front", get("Transfer-Encoding: gzip, chunked\r\n"), "transfer_encoding"},
	{"chunked twice", get("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), "transfer_encoding"},
	{"chunked and identity", get("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"), "transfer_encoding"},
	{"chunked in capitals", get("Transfer-Encoding: Chunked\r\n"), "transfer_encoding"},
	{"chunked with a vertical tab", get("Transfer-Encoding: \x0bchunked\r\n"), "field_value"},
	{"an empty coding", get("Transfer-Encoding:\r\n"), "transfer_encoding"},
	{"a coding in HTTP/1.0", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", "transfer_encoding"},
	{"no host", "GET / HTTP/1.1\r\n\r\n", "host"},
	{"an empty host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", "host"},
	{"two hosts", get("Host: b\r\n"), "host"},
	{"two equal hosts", get("host: a\r\n"), "host"},
	{"two hosts in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", "host"},
	{"a list of hosts", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", "host"},
	{"a user in the host", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", "host"},
	{"a path in the host", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "host"},
	{"a target in absolute form", path("http://b/"), "target"},
	{"a target in authority form", "CONNECT b:443 HTTP/1.1\r\nHost: b:443\r\n\r\n", "method"},
	{"CONNECT with a path", "CONNECT /a HTTP/1.1\r\nHost: a\r\n\r\n", "method"},
	{"a target that is an asterisk", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "target"},
	{"no target", "GET  HTTP/1.1\r\nHost: a\r\n\r\n", "target"},
	{"a target that begins with a query", path("?a"), "target"},
	{"a fragment", path("/a#b"), "target"},
	{"a fragment behind the query", path("/a?b#c"), "target"},
	{"a byte that is no ASCII in the target", path("/\xc3\xa9"), "target"},
	{"a control character in the target", path("/a\x01"), "target"},
	{"a tab in the target", path("/a\tb"), "target"},
	{"a space in the target", path("/a b"), "target"},
	{"a DEL in the query", path("/a?\x7f"), "target"},
	{"two spaces in the request line", "GET /  HTTP/1.1\r\nHost: a\r\n\r\n", "target"},
	{"a space behind the version", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", "version"},
	{"a space before the method", " GET / HTTP/1.1\r\nHost: a\r\n\r\n", "method"},
	{"HTTP/0.9", "GET /\r\n\r\n", "request_line"},
	{"a line of one word", "GET\r\n\r\n", "request_line"},
	{"HTTP/2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", "version"},
	{"HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", "version"},
	{"http/1.1", "GET / http/1.1\r\nHost: a\r\n\r\n", "version"},
	{"HTTP/1.10", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", "version"},
	{"a method that is no token", "G(T / HTTP/1.1\r\nHost: a\r\n\r\n", "method"},
	{"a method without an end", strings.Repeat("G", 33) + " / HTTP/1.1\r\nHost: a\r\n\r\n", "method"},
	{"the Guard's own word from outside", "SYNCWARD-REFUSE / HTTP/1.1\r\nHost: a\r\n\r\n", "method"},
	{"a climb", path("/a/../b"), "path"},
	{"a climb at the end", path("/a/.."), "path"},
	{"a dot segment", path("/./a"), "path"},
	{"a dot segment at the end", path("/a/."), "path"},
	{"an encoded climb", path("/%2e%2e/b"), "path"},
	{"a climb in capitals", path("/a/%2E%2E/b"), "path"},
	{"a climb encoded by half", path("/a/.%2e/b"), "path"},
	{"an encoded dot segment", path("/a/%2e"), "path"},
	{"a climb behind an encoded slash", path("/a%2f..%2fb"), "path"},
	{"a climb with parameters", path("/a/..;x=y/b"), "path"},
	{"a climb with encoded parameters", path("/a/..%3bx/b"), "path"},
	{"a climb before the query", path("/a/..?b"), "path"},
	{"a double slash", path("/a//b"), "path"},
	{"a double slash in front", path("//b/c"), "path"},
	{"an encoded double slash", path("/a%2f%2fb"), "path"},
	{"a double slash encoded by half", path("/a/%2Fb"), "path"},
	{"a double slash encoded by the other half", path("/a%2f/b"), "path"},
	{"a backslash", path(`/a\b`), "path"},
	{"an encoded backslash", path("/a%5Cb"), "path"},
	{"an encoded NUL", path("/a%00"), "path"},
	{"a broken escape", path("/a%zz"), "path"},
	{"a cut escape", path("/a%2"), "path"},
	{"a bare per cent sign", path("/100%?a"), "path"},
}

func TestParseRefuses(t *testing.T) {
	for _, c := range refused {
		h, err := http1.Parse([]byte(c.head))
		var e *http1.Error
		if h != nil || !errors.As(err, &e) {
			t.Errorf("%s: passed: %q", c.prevents, c.head)
			continue
		}
		if e.Status != 400 || e.Reason != c.want {
			t.Errorf("%s: %d %s, want 400 %s", c.prevents, e.Status, e.Reason, c.want)
		}
		if !slices.Contains(http1.Reasons(), e.Reason) {
			t.Errorf("%s: reason %q is not in the closed list", c.prevents, e.Reason)
		}
	}
}

var accepted = []string{
	get(""),
	path("/"),
	path("/a/"),
	path("/a%2fb"),
	path("/a%2f"),
	path("/%252e%252e/"),
	path("/..a/.../a..;b/.well-known"),
	path("/a?b=../..//%zz\\&c=%00"),
	path("/a?"),
	path("/a??b?"),
	path("/;v=1/a"),
	path(`/"<>[]^{|}` + "`"),
	get("A:b\r\n"),
	get("A: \t b \t\r\n"),
	get("A:\r\n"),
	get("A: b\tc \xe9\xff\r\n"),
	get("X_Sync_User-Id9: b\r\n"),
	get("Content-Length: 0\r\n"),
	get("Content-Length: 9223372036854775807\r\n"),
	get("Transfer-Encoding: chunked\r\n"),
	"GET / HTTP/1.0\r\n\r\n",
	"GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n",
	"M-SEARCH!#$%&'*+.^_`|~09az / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n",
	"TRACE / HTTP/1.1\r\nHost: xn--a.example_b.:8080\r\n\r\n",
}

func TestParseAcceptsWhatTheRulesLeave(t *testing.T) {
	for _, head := range accepted {
		if _, err := http1.Parse([]byte(head)); err != nil {
			t.Errorf("%q: %v", head, err)
		}
	}
}

func TestParseKeepsNamesValuesAndOrder(t *testing.T) {
	b := []byte("POST /a%2fb?c=%20d?e HTTP/1.1\r\nhOST: a:1\r\nX-Z:  1 \t2\t\r\nx-a:\r\nX-z: 3\r\nContent-Length: 7\r\n\r\n")
	h, err := http1.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	clear(b) // the head must not share the caller's memory
	if h.Method != "POST" || h.Target != "/a%2fb?c=%20d?e" || h.Path != "/a%2fb" || h.RawQuery != "c=%20d?e" || h.Proto != "HTTP/1.1" {
		t.Errorf("request line read as %+v", h)
	}
	want := http1.Fields{{"hOST", "a:1"}, {"X-Z", "1 \t2"}, {"x-a", ""}, {"X-z", "3"}, {"Content-Length", "7"}}
	if !slices.Equal(h.Fields, want) {
		t.Errorf("fields %q, want %q", h.Fields, want)
	}
	if h.Get("HOST") != "a:1" || h.Count("x-Z") != 2 || !slices.Equal(h.Values("X-z"), []string{"1 \t2", "3"}) || h.Get("no") != "" {
		t.Error("a field is not found without regard to case")
	}
	if h.ContentLength() != 7 || h.Chunked() {
		t.Errorf("body of %d bytes, chunked %v", h.ContentLength(), h.Chunked())
	}
	h.Del(func(f http1.Field) bool { return strings.EqualFold(f.Name, "x-z") })
	got := string(h.Append([]byte("+"), "/other"))
	if want := "+POST /other HTTP/1.1\r\nhOST: a:1\r\nx-a: \r\nContent-Length: 7\r\n\r\n"; got != want {
		t.Errorf("written as %q, want %q", got, want)
	}
}

func TestParseAllocatesThreeTimesAtMost(t *testing.T) {
	b := []byte(get("Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: https://a.example\r\n"))
	if n := testing.AllocsPerRun(100, func() {
		if _, err := http1.Parse(b); err != nil {
			t.Error(err)
		}
	}); n > 3 {
		t.Errorf("%v allocations", n)
	}
}

func TestKeepAliveAndUpgradeAreReadFromTheList(t *testing.T) {
	for _, c := range []struct {
		head              string
		keepAlive, wantUp bool
	}{
		{get(""), true, false},
		{get("Connection: foo , CLOSE\r\n"), false, false},
		{get("Connection: foo\r\nConnection: close\r\n"), false, false},
		{get("Connection: closed\r\n"), true, false},
		{"GET / HTTP/1.0\r\n\r\n", false, false},
		{"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true, false},
		{"GET / HTTP/1.0\r\nConnection: \xe2\x84\xaaeep-Alive\r\n\r\n", false, false},
		{get("Connection: keep-alive, Upgrade\r\n"), true, true},
		{get("Upgrade: h2c\r\n"), true, true},
		{get("Upgrade:\r\n"), true, true},
		{get("Connection: upgraded, x-upgrade\r\n"), true, false},
	} {
		h, err := http1.Parse([]byte(c.head))
		if err != nil {
			t.Fatalf("%q: %v", c.head, err)
		}
		if h.KeepAlive() != c.keepAlive || h.WantsUpgrade() != c.wantUp {
			t.Errorf("%q: keep-alive %v, upgrade %v", c.head, h.KeepAlive(), h.WantsUpgrade())
		}
	}
}

func BenchmarkParse(b *testing.B) {
	head := []byte(get("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: https://a.example\r\n"))
	b.ReportAllocs()
	for b.Loop() {
		if n, _ := http1.End(head, 32<<10); n != len(head) {
			b.Fatal(n)
		}
		if _, err := http1.Parse(head); err != nil {
			b.Fatal(err)
		}
	}
}
