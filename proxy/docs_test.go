package proxy_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/proxy"
)

var rewrite = flag.Bool("update", false, "write the generated table to docs")

// refusalRows is what is said of each code beyond its numbers: further HTTP
// statuses, when, and what a client does about it.
var refusalRows = []struct {
	code           authz.Code
	late           bool
	also, when, do string
}{
	{authz.AuthRequired, false, "", "no token", "get a token, come again at once"},
	{authz.AuthRequired, true, "", "the first message did not come in time", "get a token, come again at once"},
	{authz.TokenInvalid, false, "", "signature, format, algorithm or claims; not yet valid", "get a new token once; if that is refused too, log in"},
	{authz.TokenExpired, false, "", "past `exp` and grace: a new connection or a live one", "get a new token, come again at once"},
	{authz.UserNotFound, false, "", "a good token of a user who is gone", "sign out"},
	{authz.SessionRevoked, false, "", "logged out, or revoked", "sign out"},
	{authz.Forbidden, false, "", "origin; instance; two users; another store; the upstream answered 401 or 403", "stop"},
	{authz.RateLimited, false, "503", "failures of the address; connections of the user (429) or of all (503); a surplus refresh", "back off, keep the token"},
	{authz.BadFrame, false, "415, 426", "cannot be read; two tokens", "stop: it is a defect of the client"},
	{authz.MessageTooBig, false, "431", "over a limit of size", "stop"},
	{authz.AuthUnavailable, false, "", "keys, directory or store cannot answer", "back off, keep the token"},
	{authz.UpstreamUnavailable, false, "503", "the sync server cannot be reached", "back off"},
	{authz.Draining, false, "", "shutting down", "come again after the delay, with a jitter"},
}

// TestRefusalsAreDocumentedAsTheyGoOnTheWire holds the table of the protocol's
// document to the numbers in use.
// After a change: go test ./proxy -run RefusalsAreDocumented -update
func TestRefusalsAreDocumentedAsTheyGoOnTheWire(t *testing.T) {
	var table strings.Builder
	table.WriteString("| code | when | close: `http` | `iana` | `graphql-ws` | HTTP | `retryable`, `retryAfterMs` | a client should |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n")
	told := map[authz.Code]bool{}
	for _, r := range refusalRows {
		told[r.code] = true
		closes, status, retry, after := proxy.Wire(r.code, r.late)
		http := fmt.Sprint(status)
		if r.also != "" {
			http += ", " + r.also
		}
		fmt.Fprintf(&table, "| `%s` | %s | %d | %d | %d | %s | %t, %d | %s |\n",
			r.code, r.when, closes[0], closes[1], closes[2], http, retry, after.Milliseconds(), r.do)
	}
	for _, code := range authz.Codes() {
		if !told[code] {
			t.Errorf("%s has no row", code)
		}
	}
	const path, begin, end = "../docs/protocol.md", "<!-- Generated: go test ./proxy -run RefusalsAreDocumented -update -->\n", "<!-- End of what is generated. -->\n"
	text, err := os.ReadFile(path)
	must(t, err)
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("%s has no place for the table", path)
	}
	want := before + begin + "\n" + table.String() + "\n" + end + after
	if *rewrite {
		must(t, os.WriteFile(path, []byte(want), 0o644))
	} else if string(text) != want {
		t.Errorf("%s is not what goes on the wire; run this test with -update", path)
	}
}
