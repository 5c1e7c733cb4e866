package proxy_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/syncward/syncward/attribution"
	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/framing/payload"
	"github.com/syncward/syncward/proxy"
)

// owning has clientIds belong to their first user.
func owning(c *proxy.Config) {
	asLiveStore(c)
	c.Owner = attribution.NewOwners(nil, "anonymous").Claim
}

// pushAs is a 0.3.1 push of events under these clientIds.
func pushAs(clients ...string) string {
	var events []string
	for _, c := range clients {
		events = append(events, `{"name":"n","args":1,"seqNum":1,"parentSeqNum":0,"clientId":"`+c+`","sessionId":"s"}`)
	}
	return `{"_tag":"WSMessage.PushReq","requestId":"r","batch":[` + strings.Join(events, ",") + `]}`
}

func TestAttackWritingUnderAnothersClientID(t *testing.T) {
	r := newRig(t, owning)
	ada := r.open(liveStorePath(r.good("ada")))
	ada.text(pushAs("phone", "laptop")).wantText("ack:" + pushAs("phone", "laptop"))
	r.open(liveStorePath(r.good("bob"))).text(pushAs("bobs", "phone")).wantClose(4403, "FORBIDDEN")
	r.open(liveStorePath(r.good("bob"))).frame(true, framing.Binary, pushAs("l\\u0061ptop")).wantClose(4403, "FORBIDDEN")
	fragments := r.open(liveStorePath(r.good("bob"))).frame(false, framing.Text, pushAs("phone")[:40])
	fragments.frame(true, framing.Continuation, pushAs("phone")[40:]).wantClose(4403, "FORBIDDEN")
	r.open(liveStorePath(r.good("bob"))).text(strings.Replace(httpPush("mine", ""), "SyncHttpRpc", "SyncWsRpc", 1)).read() // "c" is nobody's
	r.open(liveStorePath(r.good("ada"))).text(strings.Replace(pushAs("c"), `"r"`, `"theft"`, 1)).wantClose(4403, "FORBIDDEN")
	again := r.open(liveStorePath(r.good("ada")))
	again.text(pushAs("laptop")).wantText("ack:" + pushAs("laptop"))
	again.text(ping031).wantText("ack:" + ping031)
	for _, theft := range []string{`"bobs"`, "u0061", "theft"} {
		if strings.Contains(r.legacy.bytes(), theft) {
			t.Errorf("what was refused reached the upstream: %s", theft)
		}
	}
}

func TestAttackWritingUnderAnothersClientIDByHTTP(t *testing.T) {
	r := newRig(t, owning)
	ada, bob := r.good("ada"), r.good("bob")
	if code, body := r.dial().send(post(liveStorePath(ada), httpPush("mine", ada))).status(); code != http.StatusOK {
		t.Fatalf("%d %s", code, body)
	}
	before := len(r.legacy.bytes())
	if code, body := r.dial().send(post(liveStorePath(bob), httpPush("mine", bob))).status(); code != http.StatusForbidden || !strings.Contains(body, "FORBIDDEN") {
		t.Errorf("%d %s", code, body)
	}
	r.open(liveStorePath(bob)).text(pushAs("c")).wantClose(4403, "FORBIDDEN")
	if reached := r.legacy.bytes()[before:]; strings.Contains(reached, "batch") {
		t.Errorf("reached the upstream: %s", reached)
	}
	if code, _ := r.dial().send(post(liveStorePath(bob), httpPull("mine", bob))).status(); code != http.StatusOK {
		t.Errorf("a pull: %d", code)
	}
	bad := strings.Replace(httpPush("mine", bob), `"seqNum":1`, `"seqNum":"x"`, 1)
	if code, body := r.dial().send(post(liveStorePath(bob), bad)).status(); code != http.StatusBadRequest {
		t.Errorf("an unreadable push: %d %s", code, body)
	}
}

func TestObserveCountsWhatOwnershipWouldRefuse(t *testing.T) {
	r := newRig(t, owning)
	r.open(liveStorePath(r.good("ada"))).text(pushAs("phone")).wantText("ack:" + pushAs("phone"))
	r.policy.set(authz.Observe, 100)
	bob := r.open(liveStorePath(r.good("bob")))
	bob.text(pushAs("phone")).wantText("ack:" + pushAs("phone"))
	eventually(t, "it is counted", func() bool {
		r.seen.mu.Lock()
		defer r.seen.mu.Unlock()
		for _, o := range r.seen.observed {
			if o == authz.Forbidden {
				return true
			}
		}
		return false
	})
}

func TestAnOwnerThatCannotBeAskedAboutIsNoLicence(t *testing.T) {
	r := newRig(t, asLiveStore, func(c *proxy.Config) {
		c.Owner = func(context.Context, string, string, string) (bool, error) { return true, errors.New("down") }
	})
	c := r.open(liveStorePath(r.good("ada")))
	c.text(ping031).wantText("ack:" + ping031)
	c.text(pushAs("phone")).wantClose(1013, "AUTH_UNAVAILABLE")
	c = r.open(liveStorePath(r.good("ada")))
	c.text(strings.Replace(pushAs("phone"), `"seqNum":1`, `"seqNum":"x"`, 1)).wantClose(4400, "BAD_FRAME")
	if strings.Contains(r.legacy.bytes(), "phone") {
		t.Error("the push went on")
	}
}

func TestOwnershipNeedsAProtocolThatNamesClients(t *testing.T) {
	_, err := proxy.New(proxy.Config{
		Protocol: payload.Opaque{}, Decide: func(context.Context, string) authz.Decision { return authz.Decision{} },
		Signer: noSigner{}, Upstream: proxy.Upstream{Address: "x"},
		Owner: func(context.Context, string, string, string) (bool, error) { return true, nil },
	})
	if err == nil || !strings.Contains(err.Error(), "Owner") {
		t.Error(err)
	}
}

type noSigner struct{ proxy.Signer }

func TestAMessageWritesUnderFewClientIDs(t *testing.T) {
	asked := 0
	r := newRig(t, owning, func(c *proxy.Config) {
		c.Owner = func(context.Context, string, string, string) (bool, error) { asked++; return true, nil }
	})
	var many []string
	for i := range 17 {
		many = append(many, strings.Repeat("c", i+1))
	}
	c := r.open(liveStorePath(r.good("ada")))
	c.text(pushAs(many[:16]...)).wantText("ack:" + pushAs(many[:16]...))
	if asked != 16 {
		t.Errorf("asked %d times about 16 clientIds", asked)
	}
	c.text(pushAs(many...)).wantClose(4403, "FORBIDDEN")
	if asked != 16 {
		t.Errorf("asked %d times", asked-16)
	}
}
