package proxy_test

import (
	"strings"
	"testing"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/framing/livestore"
	"github.com/syncward/syncward/proxy"
)

func TestRegressABodyOfTheSyncProtocolIsJudgedAsAFrameIs(t *testing.T) {
	for name, row := range map[string]struct {
		store, user, line string
		want              int
	}{
		"its own store":                  {"mine", "ada", "X-Trace: 1", 200},
		"its own store, named twice":     {"mine", "ada", "x-livestore-store-id: mine", 200},
		"another store":                  {"theirs", "ada", "X-Trace: 1", 403},
		"another store in the header":    {"mine", "ada", "x-livestore-store-id: theirs", 403},
		"both stores in the header":      {"mine", "ada", "x-livestore-store-id: mine\r\nx-livestore-store-id: theirs", 403},
		"another user's token":           {"mine", "bob", "X-Trace: 1", 403},
		"a coding that we would not see": {"mine", "ada", "Content-Encoding: gzip", 415},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, asLiveStore)
			inner := r.good(row.user)
			code, body := r.dial().send(post(liveStorePath(r.good("ada")), httpPull(row.store, inner), row.line)).status()
			if code != row.want {
				t.Fatalf("%d %s", code, body)
			}
			if row.want != 200 {
				r.legacy.untouched(t)
				return
			}
			if want := strings.Replace(pullStripped, "SyncWsRpc", "SyncHttpRpc", 1); !strings.HasSuffix(body, want) {
				t.Errorf("upstream read %s", body)
			}
			noneOf(t, "upstream", r.legacy.bytes(), inner)
		})
	}
}

// The upstream may take the store from the body or the header alone.
func TestRegressABodyWithoutAStoreInTheURLIsJudgedToo(t *testing.T) {
	for name, row := range map[string]struct {
		query, body, line string
		want              int
	}{
		"over HTTP":                {"transport=http", "theirs", "X-Trace: 1", 403},
		"over HTTP, escaped":       {"tr%61nsport=htt%70", "theirs", "X-Trace: 1", 403},
		"over HTTP, said last":     {"transport=ws&transport=http", "theirs", "X-Trace: 1", 403},
		"over HTTP, in a coding":   {"transport=http", "theirs", "Content-Encoding: gzip", 415},
		"its store in a header":    {"a=1", "theirs", "x-livestore-store-id: theirs", 403},
		"an empty one in a header": {"a=1", "", "x-livestore-store-id: theirs", 403},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, asLiveStore)
			inner := r.good("ada")
			code, body := r.dial().send(post("/?"+row.query, httpPull(row.body, inner), bearer(r.good("ada"))+"\r\n"+row.line)).status()
			if code != row.want {
				t.Fatalf("%d %s, want %d", code, body, row.want)
			}
			if row.want != 200 {
				r.legacy.untouched(t)
			}
			noneOf(t, "upstream", r.legacy.bytes(), inner)
		})
	}
}

func TestRegressABodyThatIsNoneOfTheProtocolsGoesThroughUnread(t *testing.T) {
	r := newRig(t, asLiveStore)
	c := r.dial().send(plain("POST", "/api/profile", bearer(r.good("ada")), "Content-Length: 12") + "first,")
	eventually(t, "the first half at the upstream", func() bool { return strings.Contains(r.legacy.bytes(), "first,") })
	if code, body := c.send("second").status(); code != 200 || !strings.HasSuffix(body, "first,second") {
		t.Errorf("%d %s", code, body)
	}
}

// Whatever makes the query unreadable to us need not do so to the upstream: a
// body behind it belongs to no store that we know of.
func TestRegressABodyBehindAnUnreadableQueryIsNotTakenForSomethingElse(t *testing.T) {
	const query = `/?storeId=mine&payload=%7B%22a%22%3A1%2C%22a%22%3A1%7D&transport=http`
	r := newRig(t, asLiveStore, func(c *proxy.Config) { c.Sources = []proxy.Source{proxy.SourceHeader} })
	token := r.good("ada")
	if code, body := r.dial().send(post(query, httpPull("theirs", token), bearer(token))).status(); code != 403 {
		t.Errorf("%d %s", code, body)
	}
	r.legacy.untouched(t)

	observing := newRig(t, asLiveStore)
	observing.policy.set(authz.Observe, 100)
	if code, body := observing.dial().send(post(query, httpPull("mine", token))).status(); code != 200 {
		t.Errorf("observe: %d %s", code, body)
	}
	noneOf(t, "upstream in observe", observing.legacy.bytes(), token)
}

func TestRegressObserveTakesTheTokenOutOfWhatItWouldHaveForbidden(t *testing.T) {
	for name, send := range map[string]func(r *rig, token string){
		"a frame": func(r *rig, token string) { r.open(liveStorePath(token)).text(pull("theirs", token)).read() },
		"a body": func(r *rig, token string) {
			r.dial().send(post(liveStorePath(token), httpPull("theirs", token))).status()
		},
		"a body with another store in the header": func(r *rig, token string) {
			r.dial().send(post(liveStorePath(token), httpPull("mine", token), "x-livestore-store-id: theirs")).status()
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, asLiveStore)
			r.policy.set(authz.Observe, 100)
			token := r.good("ada")
			send(r, token)
			if !strings.Contains(r.legacy.bytes(), `"payload":{},`) {
				t.Fatalf("upstream got %q", r.legacy.bytes())
			}
			noneOf(t, "upstream", r.legacy.bytes(), token)
		})
	}
}

func TestRegressObserveAdmitsAPayloadThatCannotBeRead(t *testing.T) {
	for _, query := range []string{"payload=%22abc%22", "payload=nonsense", "payload=%5B1%5D", "payload=%7B%22authToken%22%3A1%7D"} {
		r := newRig(t, asLiveStore)
		r.policy.set(authz.Observe, 100)
		r.open("/?storeId=mine&" + query + "&transport=ws").text(`{"_tag":"Ping"}`).wantText(`ack:{"_tag":"Ping"}`)
		if at := r.seen.last(t); at.Observed != authz.BadFrame || at.Status != authz.Anonymous {
			t.Errorf("%s: %+v", query, at)
		}
		r.policy.set(authz.Enforce, 100)
		if code, body := r.dial().send(head("/?storeId=mine&" + query)).status(); code != 400 {
			t.Errorf("%s, enforced: %d %s", query, code, body)
		}
	}
}

func TestRegressTheURLPinsTheStoreWhateverCarriesTheToken(t *testing.T) {
	for source, line := range map[proxy.Source]string{proxy.SourceHeader: "Authorization: Bearer ", proxy.SourceCookie: "Cookie: sync_token="} {
		t.Run(string(source), func(t *testing.T) {
			r := newRig(t, asLiveStore, func(c *proxy.Config) {
				c.Sources, c.AllowedOrigins = []proxy.Source{source}, []string{"https://app.example"}
			})
			token := r.good("ada")
			lines := []string{line + token, "Origin: https://app.example"}
			c := r.open("/?storeId=mine&transport=ws", lines...)
			c.text(pull("mine", token)).wantText("ack:" + pullStripped)
			c.text(pull("theirs", token)).wantClose(4403, "FORBIDDEN")
			if code, body := r.dial().send(post("/?storeId=mine&transport=http", httpPull("theirs", token), lines...)).status(); code != 403 {
				t.Errorf("a body: %d %s", code, body)
			}
		})
	}
}

func TestRegressOnlyARequestWithNothingInItIsOpen(t *testing.T) {
	r := newRig(t, opaque, func(c *proxy.Config) { c.PublicPaths = []string{"/**"} })
	preflight := []string{"Origin: https://app.example", "Access-Control-Request-Method: POST"}
	for _, method := range []string{"OPTIONS", "GET", "HEAD"} {
		if res := r.dial().send(plain(method, "/a", preflight...)).answerTo(method); res.StatusCode != 200 {
			t.Errorf("%s: %d", method, res.StatusCode)
		}
	}
	open := len(r.legacy.allHeads(t, 3))
	for name, line := range map[string]string{
		"a body": "Content-Length: 5", "a chunked body": "Transfer-Encoding: chunked",
		"an override": "X-HTTP-Method-Override: POST", "another": "X-HTTP-Method: POST", "a third": "x-method-override: POST",
		"as environments spell it": "X_HTTP_Method_Override: POST", "half of it": "X-HTTP_Method: POST",
	} {
		for _, method := range []string{"OPTIONS", "GET", "HEAD"} {
			if res := r.dial().send(plain(method, "/a", append(preflight, line)...)).answerTo(method); res.StatusCode != 401 {
				t.Errorf("%s with %s: %d", method, name, res.StatusCode)
			}
		}
	}
	if all := len(r.legacy.allHeads(t, open)); all != open {
		t.Errorf("%d requests went upstream", all-open)
	}
}

func TestRegressTheStaticTokenIsForTheAdmittedAlone(t *testing.T) {
	const static = "THE-STATIC-UPSTREAM-TOKEN"
	every := func(c *proxy.Config) {
		c.Protocol = livestore.New(livestore.Options{Replace: static})
		c.Sources = []proxy.Source{proxy.SourcePayload, proxy.SourceHeader, proxy.SourceCookie, proxy.SourceQuery}
		c.UpstreamToken, c.PublicPaths = static, []string{"/public/*"}
	}
	preflight := []string{"Origin: https://app.example", "Access-Control-Request-Method: POST"}
	for name, target := range map[string]string{
		"no token in the URL": "/public/a", "one in the query": "/public/a?token=x",
		"one in the payload":                    "/public/a?payload=%7B%22authToken%22%3A%22x%22%7D",
		"one in the payload, that is no string": "/public/a?payload=%7B%22authToken%22%3Anull%7D",
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, every)
			for _, method := range []string{"GET", "OPTIONS"} {
				r.dial().send(plain(method, target, append(preflight, "Authorization: Bearer x", "Cookie: sync_token=x")...)).status()
			}
			if strings.Contains(r.legacy.bytes(), static) {
				t.Errorf("upstream got %q", r.legacy.bytes())
			}
		})
	}
	r := newRig(t, every)
	if code, body := r.dial().send(plain("GET", "/api", bearer(r.good("ada")))).status(); code != 200 || field(r.legacy.received(t), "Authorization") != "Bearer "+static {
		t.Errorf("the admitted: %d %s %q", code, body, r.legacy.received(t))
	}
}

func TestRegressARefusedRequestIsNotWaitedFor(t *testing.T) {
	for name, line := range map[string]string{"a length": "Content-Length: 1000", "chunks": "Transfer-Encoding: chunked"} {
		for protocol, config := range map[string]func(*proxy.Config){"opaque": opaque, "livestore": asLiveStore} {
			t.Run(name+", "+protocol, func(t *testing.T) {
				t.Parallel() // each waits for the end of a lingering close
				r := newRig(t, config)
				c := r.dial().send(plain("POST", "/?storeId=mine", line, "Authorization: Bearer forged"))
				if code, _ := c.status(); code != 401 {
					t.Errorf("%d", code)
				}
				c.wantEndOrReset()
				r.legacy.untouched(t)
			})
		}
	}
}
