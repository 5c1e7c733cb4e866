package http1_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/syncward/syncward/framing/http1"
)

func TestEndCountsTheHeadAndNothingBehindIt(t *testing.T) {
	head := get("A: b\r\n")
	for i := range len(head) {
		if n, err := http1.End([]byte(head[:i]), 1000); n != 0 || err != nil {
			t.Fatalf("%q: %d, %v", head[:i], n, err)
		}
	}
	if n, err := http1.End([]byte(head+"\r\n\r\nx"), len(head)); n != len(head) || err != nil {
		t.Errorf("%d, %v, want %d", n, err, len(head))
	}
}

func TestEndRefusesAHeadOverTheLimit(t *testing.T) {
	head := get("A: " + strings.Repeat("b", 100) + "\r\n")
	for _, b := range []string{head, head[:50], head + head} {
		_, err := http1.End([]byte(b), 50)
		if e := asError(t, err); e.Status != 431 || e.Reason != "head_too_large" {
			t.Errorf("%q: %v", b, e)
		}
	}
}

// Attack 8 among them: an HTTP/2 client is told, not left waiting.
func TestEndRefusesAtOnceWhatCanNeverBeAHead(t *testing.T) {
	for _, c := range []struct {
		start string
		want  http1.Reason
	}{
		{"PRI *", "target"},
		{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "target"},
		{"CONNECT ", "method"},
		{"GET http:", "target"},
		{"\x16\x03\x01", "method"},
		{"\x00", "method"},
		{"\r\n", "method"},
		{"\n", "line_end"},
		{" ", "method"},
		{"SSH-2.0-OpenSSH_9\r\n", "method"},
		{strings.Repeat("A", 33), "method"},
		{"GET / HTTP/2.0\r\n", "version"},
		{"GET / HTTP/1.1\n", "line_end"},
		{"GET / HTTP/1.1\r\nHost: a\n", "line_end"},
		{"GET /../ HTTP/1.1\r\n", "path"},
	} {
		n, err := http1.End([]byte(c.start), 1000)
		if e := asError(t, err); n != 0 || e.Status != 400 || e.Reason != c.want {
			t.Errorf("%q: %d, %d %s, want 400 %s", c.start, n, e.Status, e.Reason, c.want)
		}
	}
}

func asError(t *testing.T, err error) *http1.Error {
	t.Helper()
	var e *http1.Error
	if !errors.As(err, &e) {
		t.Fatalf("no refusal but %v", err)
	}
	return e
}
