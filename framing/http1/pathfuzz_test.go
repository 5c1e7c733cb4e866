package http1_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	stdpath "path"
	"strings"
	"testing"

	"github.com/syncward/syncward/framing/http1"
)

// FuzzPath: a path that is taken is walked alike by all: cleaned before or
// after it is decoded, it leads where it says.
func FuzzPath(f *testing.F) {
	for _, p := range []string{"/", "/a/b", "/a/../b", "/a/%2e%2e/b", "/a/..;x/b", "/a%2f..%2fb", "/a//b", "/a%5cb", "/a%", "/%00", "/a/", "/a%2fb", "/..a/b.."} {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, p string) {
		h, err := http1.Parse([]byte("GET " + p + " HTTP/1.1\r\nHost: a\r\n\r\n"))
		if err != nil {
			return
		}
		u, uerr := url.PathUnescape(h.Path)
		if uerr != nil || h.Path == "" || h.Path[0] != '/' {
			t.Fatalf("%q was taken: %v", p, uerr)
		}
		for _, seen := range []string{h.Path, u} {
			whole := strings.TrimSuffix(seen, "/")
			if whole != "" && stdpath.Clean(whole) != whole || strings.ContainsAny(seen, "\\\x00") {
				t.Fatalf("%q was taken, and is %q to some", p, stdpath.Clean(whole))
			}
			for segment := range strings.SplitSeq(seen, "/") {
				if stem, _, _ := strings.Cut(segment, ";"); stem == "." || stem == ".." {
					t.Fatalf("%q was taken, and holds %q", p, segment)
				}
			}
		}
	})
}

// FuzzCheckUpgrade: what is taken for a handshake is one by RFC 6455 §4.2.1, as
// net/http's reading of the same fields has it.
func FuzzCheckUpgrade(f *testing.F) {
	const good = "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	for _, fields := range []string{
		good, strings.ReplaceAll(good, "13", "8"), good + "Content-Length: 0\r\n", good + "Content-Length: 3\r\n", good + "Upgrade: h2c\r\n",
		strings.ReplaceAll(good, "==", "="), strings.ReplaceAll(good, "websocket", "WebSocket "), strings.ReplaceAll(good, "websocket", "web\u017foc\u212aet"), good + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "",
	} {
		f.Add("GET", fields)
	}
	f.Add("POST", good)
	f.Fuzz(func(t *testing.T, method, fields string) {
		h, err := http1.Parse([]byte(method + " / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n"))
		if err != nil {
			return
		}
		refused := http1.CheckUpgrade(h)
		if refused != nil && refused.Status != http.StatusBadRequest && refused.Status != http.StatusUpgradeRequired {
			t.Fatalf("refused with %d", refused.Status)
		}
		all := http.Header{}
		for _, field := range h.Fields {
			all.Add(field.Name, field.Value)
		}
		listed := false
		for _, list := range all.Values("Connection") {
			for token := range strings.SplitSeq(list, ",") {
				listed = listed || strings.EqualFold(strings.Trim(token, " \t"), "upgrade")
			}
		}
		one := func(name string) string {
			if v := all.Values(name); len(v) == 1 {
				return v[0]
			}
			return ""
		}
		// EqualFold alone would take a Kelvin sign for a k, and U+017F for an s.
		upgrade := one("Upgrade")
		websocket := len(upgrade) == len("websocket") && strings.EqualFold(upgrade, "websocket")
		key, kerr := base64.StdEncoding.DecodeString(one("Sec-WebSocket-Key"))
		want := method == "GET" && websocket && listed && one("Sec-WebSocket-Version") == "13" &&
			kerr == nil && len(key) == 16 && h.ContentLength() == 0
		if (refused == nil) != want {
			t.Fatalf("%s %q: %v", method, fields, refused)
		}
	})
}
