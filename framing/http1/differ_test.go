package http1_test

import (
	"bufio"
	"bytes"
	"net/http"
	"net/textproto"
	"slices"
	"testing"

	"github.com/syncward/syncward/framing/http1"
)

// sameAsNetHTTP fails where net/http reads head, which Parse accepted as h, in
// any other way: the difference would be a smuggler's.
func sameAsNetHTTP(t *testing.T, head []byte, h *http1.Head) {
	t.Helper()
	if h.Chunked() && h.Count("Trailer") > 0 {
		return // a Guard takes the field out
	}
	r, err := http.ReadRequest(bufio.NewReaderSize(bytes.NewReader(head), len(head)+16))
	if err != nil {
		t.Fatalf("accepted what net/http refuses (%v): %q", err, head)
	}
	if r.Method != h.Method || r.RequestURI != h.Target || r.URL.RawQuery != h.RawQuery || r.Proto != h.Proto {
		t.Fatalf("request line: net/http has %s %s %s for %q", r.Method, r.RequestURI, r.Proto, head)
	}
	if r.ContentLength != h.ContentLength() || (len(r.TransferEncoding) > 0) != h.Chunked() || r.Host != h.Get("Host") {
		t.Fatalf("framing: net/http has %d, %q, host %q for %q", r.ContentLength, r.TransferEncoding, r.Host, head)
	}
	if r.Close == h.KeepAlive() {
		t.Fatalf("keep-alive: net/http has close=%v for %q", r.Close, head)
	}
	for _, f := range h.Fields {
		switch k := textproto.CanonicalMIMEHeaderKey(f.Name); k {
		case "Host", "Content-Length", "Transfer-Encoding", "Trailer":
		default:
			if !slices.Equal(r.Header[k], h.Values(f.Name)) {
				t.Fatalf("%s: net/http has %q, not %q, for %q", k, r.Header[k], h.Values(f.Name), head)
			}
		}
	}
}

func TestNetHTTPReadsWhatParseAcceptsTheSameWay(t *testing.T) {
	for _, head := range accepted {
		h, err := http1.Parse([]byte(head))
		if err != nil {
			t.Fatal(err)
		}
		sameAsNetHTTP(t, []byte(head), h)
	}
}

func FuzzParse(f *testing.F) {
	for _, head := range accepted {
		f.Add([]byte(head))
	}
	for _, c := range refused {
		f.Add([]byte(c.head))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		const max = 4096
		n, err := http1.End(b, max)
		if n < 0 || n > min(len(b), max) || err != nil && n != 0 {
			t.Fatalf("End: %d, %v", n, err)
		}
		h, perr := http1.Parse(b)
		if perr != nil {
			return
		}
		if len(b) <= max && n != len(b) {
			t.Fatalf("Parse takes what End does not: %d, %v", n, err)
		}
		sameAsNetHTTP(t, b, h)
		again, err := http1.Parse(h.Append(nil, h.Target))
		if err != nil || again.Target != h.Target || !slices.Equal(again.Fields, h.Fields) {
			t.Fatalf("written and read again: %v", err)
		}
	})
}
