package proxy_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/proxy"
)

func liveStorePost(path, body, lines string) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: a\r\n%sContent-Length: %d\r\n\r\n%s", strings.Replace(path, "transport=ws", "transport=http", 1), lines, len(body), body)
}

func TestAttack11ACompressedBodyIsRefusedUnread(t *testing.T) {
	r := newRig(t, asLiveStore)
	var bomb bytes.Buffer
	w := gzip.NewWriter(&bomb)
	_, _ = w.Write(make([]byte, 1<<20))
	_ = w.Close()
	if code, _ := r.dial().send(liveStorePost(liveStorePath(r.good("ada")), bomb.String(), "Content-Encoding: gzip\r\n")).status(); code != 415 {
		t.Errorf("%d", code)
	}
	r.legacy.untouched(t)
}

// The HTTP transport's bodies are the socket's frames.
func TestAttack33ABodyForAnotherStoreIsRefused(t *testing.T) {
	r := newRig(t, asLiveStore)
	token := r.good("ada")
	body := func(store, token string) string {
		return strings.Replace(pull(store, token), "SyncWsRpc", "SyncHttpRpc", 1)
	}
	for name, row := range map[string]struct {
		body, lines string
		want        int
	}{
		"another store":            {body("theirs", token), "", 403},
		"another store's header":   {body("mine", token), "X-LiveStore-Store-Id: theirs\r\n", 403},
		"two headers":              {body("mine", token), "X-LiveStore-Store-Id: mine\r\nx-livestore-store-id: theirs\r\n", 403},
		"another user's token":     {body("mine", r.good("bob")), "", 403},
		"no storeId":               {strings.Replace(body("mine", token), `"storeId":"mine",`, "", 1), "", 400},
		"two storeIds":             {strings.Replace(body("mine", token), `"storeId":"mine"`, `"storeId":"mine","storeId":"theirs"`, 1), "", 400},
		"a socket's tag":           {pull("mine", token), "", 400},
		"no JSON":                  {"theirs", "", 400},
		"two objects, one foreign": {body("mine", token) + body("theirs", token), "", 400},
	} {
		t.Run(name, func(t *testing.T) {
			c := r.dial().send(liveStorePost(liveStorePath(token), row.body, row.lines))
			c.t = t
			if code, answer := c.status(); code != row.want {
				t.Errorf("%d %s, want %d", code, answer, row.want)
			}
		})
	}
	r.legacy.untouched(t)
	if code, _ := r.dial().send(liveStorePost(liveStorePath(token), body("mine", token), "x-livestore-store-id: mine\r\n")).status(); code != 200 {
		t.Errorf("its own store: %d", code)
	}
	if all := r.legacy.bytes(); strings.Contains(all, token) || !strings.HasSuffix(all, strings.Replace(pullStripped, "SyncWsRpc", "SyncHttpRpc", 1)) {
		t.Errorf("upstream got %q", all)
	}
}

// A WebSocket that comes in mode off by net/http's way (a later request of a
// kept connection, or a head that a strict reading refuses) is a live
// connection like any other: it must not outlive the flip to enforce.
func TestAttack23NoSocketOfModeOffOutlivesTheFlip(t *testing.T) {
	for name, open := range map[string]func(*rig) *conn{
		"first request": func(r *rig) *conn { return r.open("/sync") },
		"later request": func(r *rig) *conn {
			c := r.dial().send("GET /p HTTP/1.1\r\nHost: a\r\n\r\n")
			c.status()
			return c.send(head("/sync"))
		},
		"odd head": func(r *rig) *conn { return r.dial().send(head("/sync", "X!odd: 1")) },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, func(c *proxy.Config) { c.FlipSpread = time.Millisecond })
			r.policy.set(authz.Off, 100)
			c := open(r)
			if name != "first request" {
				if code, _ := c.status(); code != 101 {
					t.Fatal(code)
				}
			}
			c.text("x").wantText("ack:x")
			r.policy.set(authz.Enforce, 100)
			r.server.PolicyChanged()
			c.wantClose(4401, "AUTH_REQUIRED")
		})
	}
}

// In mode off too, an upgrade that is none never touches the upstream.
func TestAttack06WhatIsNoUpgradeIsRefusedInModeOffToo(t *testing.T) {
	r := newRig(t)
	r.policy.set(authz.Off, 100)
	for name, row := range badUpgrades(head("/sync")) {
		if !strings.Contains(name, "version") && !strings.Contains(name, "key") {
			continue // a plain reverse proxy's business: net/http's
		}
		t.Run(name, func(t *testing.T) {
			c := r.dial().send("GET /first HTTP/1.1\r\nHost: a\r\n\r\n")
			c.t = t
			c.status()
			if code, _ := c.send(row.request).status(); code != row.want {
				t.Errorf("%d, want %d", code, row.want)
			}
		})
	}
}
