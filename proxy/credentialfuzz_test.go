package proxy_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/framing/http1"
	"github.com/syncward/syncward/framing/payload"
	"github.com/syncward/syncward/identity"
	"github.com/syncward/syncward/proxy"
)

// taking is a server that looks for tokens in every place of a request.
func taking(f *testing.F) *proxy.Server {
	f.Helper()
	key, err := identity.ParseKey([]byte(identKey))
	must(f, err)
	signer, err := identity.NewSigner(identity.SignerOptions{Key: key})
	must(f, err)
	up, err := proxy.ParseUpstream("http://127.0.0.1:1")
	must(f, err)
	s, err := proxy.New(proxy.Config{
		Upstream: up, Protocol: payload.Opaque{}, Signer: signer,
		Sources: []proxy.Source{proxy.SourceHeader, proxy.SourceSubprotocol, proxy.SourceCookie, proxy.SourceQuery},
		Decide:  func(context.Context, string) authz.Decision { return authz.Decision{} },
	})
	must(f, err)
	return s
}

// FuzzTake: of a request whose credential is clear no copy is left in any
// source, and what is no credential keeps its bytes and its order.
func FuzzTake(f *testing.F) {
	const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"
	for _, s := range []struct{ query, fields string }{
		{"a=b&token=" + jwt, "Authorization: Bearer " + jwt + "\r\n"},
		{"tok%65n=" + jwt, "Cookie: a=b; sync_token=" + jwt + "; c=d\r\nReferer: https://x/?token=" + jwt + "\r\n"},
		{"", "Sec-WebSocket-Protocol: bearer." + jwt + ", chat\r\nSec-WebSocket-Protocol: superchat\r\n"},
		{"token=a&token=b", "Authorization: Basic YTpi\r\nAuthorization: bearer\tx\r\n"},
		{"token=%zz&&=;", "Cookie: sync_token=\"q\"\r\nCookie: other\r\n"},
		{"a" + jwt, "Cookie: sync_token=" + jwt[1:] + "\r\n"},
		{"", "sec-websocket-protocol: base64url.bearer.authorization.ZXlKaGJHY2lPaUpJVXpJMU5pSjk\r\n"},
	} {
		f.Add(s.query, s.fields)
	}
	server := taking(f)
	f.Fuzz(func(t *testing.T, query, fields string) {
		target := "/"
		if query != "" {
			target += "?" + query
		}
		h, err := http1.Parse([]byte("GET " + target + " HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n"))
		if err != nil {
			return
		}
		before, beforeQuery := append([]http1.Field(nil), h.Fields...), h.RawQuery
		whole := string(h.Append(nil, h.Target))
		token, source, ok := server.Take(h)
		if !ok {
			return
		}
		if (token != "") != (source != proxy.SourceNone) {
			t.Fatalf("token %q from %s", token, source)
		}
		if left := credentials(h); len(left) > 0 {
			t.Fatalf("%q %q: left %q", query, fields, left)
		}
		if !subsequence(h.RawQuery, beforeQuery) {
			t.Fatalf("query %q became %q", beforeQuery, h.RawQuery)
		}
		at := 0
		for _, kept := range h.Fields { // in their order, each cut down at most
			for at < len(before) && (before[at].Name != kept.Name || !subsequence(kept.Value, before[at].Value)) {
				at++
			}
			if at == len(before) {
				t.Fatalf("%q: field %q is new", fields, kept)
			}
			at++
		}
		// A text that is no credential may hold the same bytes, and keeps them.
		if len(token) >= 20 && strings.Count(whole, token) == 1 && strings.Contains(string(h.Append(nil, h.Target)), token) {
			t.Fatalf("%q %q: the token is left somewhere", query, fields)
		}
	})
}

// credentials are what a reader of net/http finds in the four sources.
func credentials(h *http1.Head) (left []string) {
	header := http.Header{}
	for _, field := range h.Fields {
		header.Add(field.Name, field.Value)
	}
	for _, v := range header.Values("Authorization") {
		if scheme, _, _ := strings.Cut(strings.ReplaceAll(v, "\t", " "), " "); strings.EqualFold(scheme, "Bearer") {
			left = append(left, v)
		}
	}
	for _, list := range header.Values("Sec-WebSocket-Protocol") {
		for entry := range strings.SplitSeq(list, ",") {
			entry = strings.TrimSpace(entry)
			if strings.HasPrefix(entry, "bearer.") || strings.HasPrefix(entry, "base64url.bearer.authorization.") {
				left = append(left, entry)
			}
		}
	}
	for _, c := range (&http.Request{Header: header}).Cookies() {
		if c.Name == "sync_token" {
			left = append(left, c.Value)
		}
	}
	values, _ := url.ParseQuery(h.RawQuery) // what it cannot read it leaves out
	return append(left, values["token"]...)
}

// subsequence tells whether every byte of part stands in whole, in that order.
func subsequence(part, whole string) bool {
	for i := 0; i < len(whole) && part != ""; i++ {
		if part[0] == whole[i] {
			part = part[1:]
		}
	}
	return part == ""
}
