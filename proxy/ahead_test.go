package proxy_test

import (
	"strings"
	"testing"
	"time"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/framing/graphqlws"
	"github.com/syncward/syncward/proxy"
)

// graphQL has the rig speak graphql-ws.
func graphQL(c *proxy.Config) {
	c.Protocol, c.CloseCodes = graphqlws.New(graphqlws.Options{AllFrames: true}), proxy.CloseCodesGraphQLWS
	c.FirstFrameMaxBytes = 1024
}

const appPing = `{"type":"ping"}`

func initWith(token string) string {
	return `{"type":"connection_init","payload":{"authToken":"` + token + `"}}`
}

// What the protocol allows in front of the first sync message waits for it, and
// goes upstream ahead of it.
func TestMessagesAheadOfTheFirstSyncMessageWaitForIt(t *testing.T) {
	r := newRig(t, graphQL)
	c := r.open("/graphql").text(appPing).text(appPing)
	if n := r.legacy.accepted(); n != 0 {
		t.Fatalf("the upstream was dialled %d times before admission", n)
	}
	c.text(initWith(r.good("ada"))).text(`{"type":"subscribe","id":"1"}`)
	c.wantText("ack:" + appPing)
	c.wantText("ack:" + appPing)
	c.wantText(`ack:{"type":"connection_init","payload":{}}`)
	c.wantText(`ack:{"type":"subscribe","id":"1"}`)
	c.text(initWith(r.good("ada"))).wantText(`ack:{"type":"connection_init","payload":{}}`)
	c.text(initWith(r.good("eve"))).wantClose(4401, "FORBIDDEN")
}

func TestNothingGoesAheadOfARefusal(t *testing.T) {
	r := newRig(t, graphQL)
	r.open("/graphql").text(appPing).text(initWith("x.y.z")).wantClose(4403, "TOKEN_INVALID")
	r.open("/graphql").text(appPing).text(`{"type":"connection_init"}`).wantClose(4403, "AUTH_REQUIRED")
	r.open("/graphql").text(appPing).text(`{"type":"subscribe","id":"1"}`).wantClose(4403, "AUTH_REQUIRED")
	r.open("/graphql").text(appPing).text(`no JSON`).wantClose(4400, "BAD_FRAME")
	if n := r.legacy.accepted(); n != 0 {
		t.Errorf("the upstream was dialled %d times", n)
	}
}

// The limits of time and size are for all of it together.
func TestMessagesAheadStandWithinTheLimits(t *testing.T) {
	r := newRig(t, graphQL, func(c *proxy.Config) { c.FirstFrameTimeout = 200 * time.Millisecond })
	r.open("/graphql").text(strings.Repeat(" ", 500)+appPing).text(strings.Repeat(" ", 500)+appPing).wantClose(1009, "MESSAGE_TOO_BIG")
	exact := strings.Repeat(" ", 1024-8-len(appPing)) + appPing // with its header of 8 bytes just the limit
	r.open("/graphql").text(exact).text(initWith(r.good("ada"))).wantClose(1009, "MESSAGE_TOO_BIG")
	c := r.open("/graphql").text(appPing)
	c.text(appPing).wantClose(4408, "AUTH_REQUIRED")
	if n := r.legacy.accepted(); n != 0 {
		t.Errorf("the upstream was dialled %d times", n)
	}
}

// In observe nothing that was sent is lost, whatever came of it.
func TestInObserveMessagesAheadAreRelayedToo(t *testing.T) {
	r := newRig(t, graphQL, func(c *proxy.Config) { c.FirstFrameTimeout = 300 * time.Millisecond })
	r.policy.set(authz.Observe, 100)
	late := r.open("/graphql").text(appPing)
	late.wantText("ack:" + appPing)
	unreadable := r.open("/graphql").text(appPing).text("no JSON")
	unreadable.wantText("ack:" + appPing)
	unreadable.wantText("ack:no JSON")
	big := r.open("/graphql").text(appPing).text(strings.Repeat(" ", 2000))
	big.wantText("ack:" + appPing)
	big.wantText("ack:" + strings.Repeat(" ", 2000))
}
