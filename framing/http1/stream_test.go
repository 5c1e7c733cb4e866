package http1_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/syncward/syncward/framing/http1"
)

// script is a connection on which its bytes come, and then EOF.
type script struct {
	net.Conn
	io.Reader
}

func (s script) Read(p []byte) (int, error)      { return s.Reader.Read(p) }
func (s script) SetReadDeadline(time.Time) error { return nil }

// guarded returns what a server reads through a Guard when in comes cut by
// cut, and the error that it ends with.
func guarded(in []byte, head0, maxHead int, cut func(io.Reader) io.Reader) ([]byte, error) {
	head0 = min(head0, len(in))
	first := bytes.Clone(in[:head0])
	g := http1.NewGuard(script{Reader: cut(bytes.NewReader(in[head0:]))}, first, maxHead, 0)
	var out []byte
	for p := make([]byte, 64); ; {
		n, err := g.Read(p)
		out = append(out, p[:n]...)
		if err != nil {
			return out, err
		}
	}
}

func whole(r io.Reader) io.Reader { return r }

const chunks = "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

var streams = []struct {
	does, in, out string
	reason        http1.Reason // of the error or refusal; "" = none
}{
	{"a bodiless request passes as it came", "GET / HTTP/1.1\r\nhOST:a\r\n\r\n", "GET / HTTP/1.1\r\nhOST:a\r\n\r\n", ""},
	{"pipelined requests pass", get("") + get("A: b\r\n"), get("") + get("A: b\r\n"), ""},
	{"a body that looks like a head passes",
		"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nX : \n\n" + get(""),
		"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nX : \n\n" + get(""), ""},
	{"half a head never passes", "GET / HTTP/1.1\r\nHos", "", ""},
	{"chunks pass", chunks + "1\r\na\r\nA\r\n0123456789\r\n0\r\n\r\n", chunks + "1\r\na\r\na\r\n0123456789\r\n0\r\n\r\n", ""},
	{"extensions are dropped", chunks + "01;a=\"b c\"\r\nx\r\n000;d\r\n\r\n", chunks + "1\r\nx\r\n0\r\n\r\n", ""},
	{"trailers are dropped", chunks + "0\r\nX-Sync-User-Id: eve\r\nA: b\r\n\r\n" + get(""), chunks + "0\r\n\r\n" + get(""), ""},
	{"so is their announcement",
		"POST / HTTP/1.1\r\nTrailer: A\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTRAILER:Content-Length\r\n\r\n0\r\nA: b\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", ""},
	{"an upgrade is the last thing to pass", upgrade + get(""), strings.TrimSuffix(upgrade, "\r\n") + "Connection: close\r\n\r\n", ""},
	{"a chunk size with a space", chunks + "1 \r\na\r\n", chunks, "chunk"},
	{"a signed chunk size", chunks + "+1\r\na\r\n", chunks, "chunk"},
	{"a chunk size with a prefix", chunks + "0x1\r\na\r\n", chunks, "chunk"},
	{"no chunk size", chunks + "\r\n", chunks, "chunk"},
	{"a chunk size of 61 bits", chunks + "1000000000000000\r\n", chunks, "chunk"},
	{"a chunk size that ends in LF", chunks + "1\na\r\n", chunks, "chunk"},
	{"a CR in an extension", chunks + "1;a\rb\r\n", chunks, "chunk"},
	{"an LF in an extension", chunks + "1;a\nb\r\n", chunks, "chunk"},
	{"an extension without an end", chunks + "1;" + strings.Repeat("a", 300) + "\r\n", chunks, "chunk"},
	{"a chunk longer than it says", chunks + "1\r\nab\r\n", chunks + "1\r\na", "chunk"},
	{"a chunk that ends in LF", chunks + "1\r\na\n0\r\n\r\n", chunks + "1\r\na", "chunk"},
	{"a trailer that ends in LF", chunks + "0\r\nA: b\n\r\n", chunks, "trailer"},
	{"a folded trailer", chunks + "0\r\nA: b\r\n c\r\n\r\n", chunks, "trailer"},
	{"an endless trailer", chunks + "0\r\nA: " + strings.Repeat("b", 600), chunks, "trailer"},
	{"too many bytes behind an upgrade", upgrade + strings.Repeat("x", 512),
		strings.TrimSuffix(upgrade, "\r\n") + "Connection: close\r\n\r\n", "head_too_large"},
	{"a bad head", get("A : b\r\n") + get(""), refuse(400, "space_before_colon"), "space_before_colon"},
	{"a bad second head", get("") + "GET http://b/ HTTP/1.1\r\n\r\n", get("") + refuse(400, "target"), "target"},
	{"a bad head behind a body", chunks + "0\r\n\r\n\r\n" + get(""), chunks + "0\r\n\r\n" + refuse(400, "method"), "method"},
	{"a head over the limit", get("") + get("A: "+strings.Repeat("b", 600)+"\r\n"), get("") + refuse(431, "head_too_large"), "head_too_large"},
	{"a request line over the limit", "GET /" + strings.Repeat("a", 600) + " HTTP/9\r\n\r\n", refuse(431, "head_too_large"), "head_too_large"},
	{"a bad upgrade", strings.Replace(upgrade, ": 13", ": 8", 1), refuse(426, "websocket_version"), "websocket_version"},
	{"an upgrade to HTTP/2", get("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"), refuse(400, "upgrade"), "upgrade"},
	{"the Guard's own word from outside", refuse(400, "x"), refuse(400, "method"), "method"},
}

// refuse is the request that stands for a refused one.
func refuse(status int, r http1.Reason) string {
	return "SYNCWARD-REFUSE /" + strconv.Itoa(status) + "/" + string(r) + " HTTP/1.1\r\nHost: invalid\r\nConnection: close\r\n\r\n"
}

func TestGuardPassesOrRefuses(t *testing.T) {
	for _, c := range streams {
		for name, cut := range map[string]func(io.Reader) io.Reader{"whole": whole, "in halves": iotest.HalfReader, "byte by byte": iotest.OneByteReader} {
			out, err := guarded([]byte(c.in), 0, 512, cut)
			if string(out) != c.out {
				t.Errorf("%s, %s:\npassed %q\nwant   %q", c.does, name, out, c.out)
			}
			var e *http1.Error
			if errors.As(err, &e) != (c.reason != "" && !strings.Contains(c.out, "REFUSE")) || e != nil && e.Reason != c.reason {
				t.Errorf("%s, %s: ends with %v, want %q", c.does, name, err, c.reason)
			}
			if e == nil && err != io.EOF {
				t.Errorf("%s, %s: ends with %v, want EOF", c.does, name, err)
			}
		}
	}
}

// FuzzGuard holds two things: how bytes are cut changes nothing, and net/http
// finds no fault with what passes, and nothing in it that strict reading does
// not find.
func FuzzGuard(f *testing.F) {
	for _, c := range streams {
		f.Add([]byte(c.in), uint8(len(c.in)/2))
	}
	f.Fuzz(func(t *testing.T, in []byte, head0 uint8) {
		want, werr := guarded(in, len(in), 512, whole)
		for _, cut := range []func(io.Reader) io.Reader{whole, iotest.OneByteReader, iotest.HalfReader, iotest.DataErrReader} {
			got, err := guarded(in, int(head0), 512, cut)
			if !bytes.Equal(got, want) || err.Error() != werr.Error() {
				t.Fatalf("cut: %q %v\nwhole: %q %v", got, err, want, werr)
			}
		}
		readAll(t, want, werr)
	})
}

// readAll reads requests from out, as net/http would.
func readAll(t *testing.T, out []byte, end error) {
	t.Helper()
	r := bufio.NewReader(bytes.NewReader(out))
	for {
		if _, err := r.Peek(1); err != nil {
			return
		}
		req, err := http.ReadRequest(r)
		if err != nil {
			t.Fatalf("net/http refuses what passed: %v\n%q", err, out)
		}
		if len(req.Trailer) > 0 {
			t.Fatalf("a trailer passed: %q", out)
		}
		if _, err := io.Copy(io.Discard, req.Body); err != nil {
			if _, perr := r.Peek(1); perr == nil {
				t.Fatalf("net/http refuses a body that passed: %v (%v)\n%q", err, end, out)
			}
			return // cut off, by the end or by a violation
		}
		if len(req.Trailer) > 0 {
			t.Fatalf("a trailer passed: %q", out)
		}
	}
}
