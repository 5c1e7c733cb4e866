package proxy_test

import (
	"strings"
	"testing"
)

// dials returns how often the upstream was dialled.
func (r *rig) dials() int {
	r.seen.mu.Lock()
	defer r.seen.mu.Unlock()
	return len(r.seen.dials)
}

// out logs ada out on another connection of hers.
func (r *rig) out() {
	r.t.Helper()
	c, _ := r.optedIn(r.good("ada"))
	c.wantText("ack:" + stripped)
	c.text(`{"type":"auth.logout"}`)
	c.hear("auth.error")
	c.wantClose(4403, "SESSION_REVOKED")
}

func TestAttack23ALogoutWhileTheUpstreamIsDialled(t *testing.T) {
	r, v := withRevoker(t)
	dialled, loggedOut := make(chan struct{}), make(chan struct{})
	r.legacy.before = func() { close(dialled); <-loggedOut }
	c := r.open("/sync").text(initFrame(r.good("ada")))
	<-dialled
	v.revoke("ada") // there is no session yet that could be told
	close(loggedOut)
	c.wantClose(4403, "SESSION_REVOKED")
	if strings.Contains(r.legacy.bytes(), "instanceId") {
		t.Error("the first frame went upstream after the logout")
	}
}

func TestAttack23ALogoutBeforeTheFirstFrame(t *testing.T) {
	r, _ := withRevoker(t)
	token := r.good("ada")
	early := r.open("/sync") // its 101 is out, its first frame is not
	inHeader := r.open("/sync", bearer(token))
	r.out()
	before := r.dials()
	early.text(initFrame(token)).wantClose(4403, "SESSION_REVOKED")
	if r.dials() != before {
		t.Error("the upstream was dialled for a token from before the logout")
	}
	// This one was judged by its header when it came: only the last look can tell.
	inHeader.text(`{"type":"init","instanceId":"of the header"}`).wantClose(4403, "SESSION_REVOKED")
	if strings.Contains(r.legacy.bytes(), "of the header") {
		t.Error("a frame went upstream after the logout")
	}
}
