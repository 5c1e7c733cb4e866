package rig

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"testing"
	"time"
)

// Patience is how long the tests wait for anything real before they give up: a
// safety net for slow machines, never a measure.
const Patience = 90 * time.Second

// FreePort returns a TCP port that was free on 127.0.0.1 a moment ago. It lies
// below the range that the kernel picks from, or whoever listens on port 0
// next could be given it.
func FreePort(t testing.TB) int {
	t.Helper()
	for range 100 {
		port := 20000 + rand.IntN(10000)
		if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			l.Close()
			return port
		}
	}
	t.Fatal("no free port")
	return 0
}

// FreeAddr returns 127.0.0.1 with a free port.
func FreeAddr(t testing.TB) string {
	t.Helper()
	return fmt.Sprintf("127.0.0.1:%d", FreePort(t))
}

// WaitHTTP polls url until it answers 200. It fails the test when p, if not
// nil, ends first, or when Patience is used up.
func WaitHTTP(t testing.TB, p *Process, url string) {
	t.Helper()
	client := http.Client{Timeout: 5 * time.Second}
	var last error
	for deadline := time.Now().Add(Patience); time.Now().Before(deadline); {
		resp, err := client.Get(url)
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
			err = fmt.Errorf("status %d", resp.StatusCode)
		}
		last = err
		if p != nil && p.Exited() {
			t.Fatalf("%s ended before %s was ready: %v; output:\n%s", p.name, url, p.err, p.Output())
		}
		time.Sleep(100 * time.Millisecond) // poll: there is no event to wait for
	}
	t.Fatalf("%s is not ready after %v: %v", url, Patience, last)
}

// Eventually polls until ok is true, and fails the test when Patience is used up.
func Eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(Patience); time.Now().Before(deadline); {
		if ok() {
			return
		}
		time.Sleep(50 * time.Millisecond) // poll: there is no event to wait for
	}
	t.Fatalf("not within %v: %s", Patience, what)
}
