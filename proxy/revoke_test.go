package proxy_test

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/framing/payload"
	"github.com/syncward/syncward/proxy"
)

// revoker is a store that a test holds in its hand.
type revoker struct {
	mu     sync.Mutex
	users  map[string]time.Time
	tokens map[string]bool
	fail   error
	server func() *proxy.Server
	after  func(authz.Decision) // behind an answer of Check
	silent bool                 // it cannot say
}

func (v *revoker) Check(d authz.Decision) (authz.Code, authz.Reason) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.after != nil {
		defer func() {
			if v.after != nil {
				v.after(d)
			}
		}()
	}
	if v.silent {
		return authz.AuthUnavailable, authz.ReasonStore
	}
	if mark, ok := v.users[d.UserID]; ok && !d.IssuedAt.After(mark) || v.tokens[d.TokenID] && d.TokenID != "" {
		return authz.SessionRevoked, authz.ReasonRevoked
	}
	return "", ""
}

func (v *revoker) Logout(d authz.Decision) error {
	v.mu.Lock()
	if v.fail != nil {
		defer v.mu.Unlock()
		return v.fail
	}
	if d.Status == authz.Valid {
		v.users[d.UserID] = time.Now()
	} else {
		v.tokens[d.TokenID] = true
	}
	v.mu.Unlock()
	v.server().Revoked(d.UserID)
	return nil
}

func (v *revoker) revoke(user string) {
	v.mu.Lock()
	v.users[user] = time.Now()
	v.mu.Unlock()
	v.server().Revoked(user)
}

func withRevoker(t *testing.T, change ...func(*proxy.Config)) (*rig, *revoker) {
	v := &revoker{users: map[string]time.Time{}, tokens: map[string]bool{}}
	r := newRig(t, append(change, func(c *proxy.Config) { c.Revocations = v })...)
	v.server = func() *proxy.Server { return r.server }
	return r, v
}

func TestARevocationEndsLiveConnectionsAndRefusesNewOnes(t *testing.T) {
	r, v := withRevoker(t)
	token := r.good("ada")
	mine := r.open("/sync").text(initFrame(token))
	mine.wantText("ack:" + stripped)
	other := r.open("/sync").text(initFrame(r.good("bob")))
	other.wantText("ack:" + stripped)
	if n := len(r.server.Live("ada")); n != 1 {
		t.Errorf("%d connections of ada", n)
	}
	v.revoke("ada")
	mine.wantClose(4403, "SESSION_REVOKED")
	other.text("alive").wantText("ack:alive")
	r.open("/sync").text(initFrame(token)).wantClose(4403, "SESSION_REVOKED")
	eventually(t, "the register forgets", func() bool { return len(r.server.Live("ada")) == 0 })
}

func TestAttack23ARevocationWhileTheUpstreamIsDialledForTheRequest(t *testing.T) {
	r, v := withRevoker(t, opaque)
	dialled, revoked := make(chan struct{}), make(chan struct{})
	r.legacy.before = func() { close(dialled); <-revoked }
	c := r.dial().send(head("/sync", bearer(r.good("ada"))))
	<-dialled
	v.revoke("ada") // it has no session yet
	close(revoked)
	if code, _ := c.status(); code != http.StatusForbidden { // and no 101
		t.Fatalf("upgrade: %d", code)
	}
	if n := len(r.server.Live("")); n != 0 {
		t.Errorf("%d sessions are left", n)
	}
}

func TestAStoreThatCannotSayKeepsNewConnectionsOutAndEndsNone(t *testing.T) {
	r, v := withRevoker(t)
	c, _ := r.optedIn(r.good("ada"))
	c.wantText("ack:" + stripped)
	v.mu.Lock()
	v.silent = true
	v.mu.Unlock()
	r.open("/sync").text(initFrame(r.good("ada"))).wantClose(1013, "AUTH_UNAVAILABLE")
	if a := r.seen.last(t); a.Reason != authz.ReasonStore || a.UserID != "ada" {
		t.Errorf("%+v", a)
	}
	c.text(refreshMessage(r.token("ada", 0, 2*time.Hour)))
	if e := c.hear("auth.error"); e.Code != "AUTH_UNAVAILABLE" {
		t.Errorf("auth.error %+v", e)
	}
	r.server.Revoked("ada")
	c.text("alive").wantText("ack:alive")
}

func TestALogoutOfAValidConnectionEndsAllOfTheUser(t *testing.T) {
	r, _ := withRevoker(t)
	one, ok := r.optedIn(r.good("ada"))
	one.wantText("ack:" + stripped)
	two := r.open("/sync").text(initFrame(r.good("ada")))
	two.wantText("ack:" + stripped)
	one.text(`{"type":"auth.logout"}`)
	if e := one.hear("auth.error"); e.Code != "SESSION_REVOKED" || e.Channel != ok.Channel || e.Retryable {
		t.Errorf("auth.error %+v", e)
	}
	one.wantClose(4403, "SESSION_REVOKED")
	two.wantClose(4403, "SESSION_REVOKED")
	if strings.Contains(r.legacy.bytes(), "auth.logout") {
		t.Error("a logout was relayed")
	}
}

func TestALogoutInGraceEndsOnlyThatToken(t *testing.T) {
	r, _ := withRevoker(t)
	graced := r.claims(jwt.MapClaims{"sub": "ada", "jti": "old", "iat": time.Now().Add(-2 * time.Hour).Unix(), "exp": time.Now().Add(-time.Hour).Unix()})
	other := r.open("/sync").text(initFrame(r.good("ada")))
	other.wantText("ack:" + stripped)
	same := r.open("/sync").text(initFrame(graced))
	same.wantText("ack:" + stripped)
	c, _ := r.optedIn(graced)
	c.hear("auth.warning")
	c.wantText("ack:" + stripped)
	c.text(`{"type":"auth.logout"}`)
	c.hear("auth.error")
	c.wantClose(4403, "SESSION_REVOKED")
	same.wantClose(4403, "SESSION_REVOKED")
	other.text("alive").wantText("ack:alive")
	r.open("/sync").text(initFrame(graced)).wantClose(4403, "SESSION_REVOKED")
}

func TestALogoutThatCannotBeKeptIsSaidSo(t *testing.T) {
	r, v := withRevoker(t)
	v.fail = errors.New("disk full")
	c, _ := r.optedIn(r.good("ada"))
	c.wantText("ack:" + stripped)
	c.text(`{"type":"auth.logout"}`)
	if e := c.hear("auth.error"); e.Code != "AUTH_UNAVAILABLE" {
		t.Errorf("auth.error %+v", e)
	}
	c.text("alive").wantText("ack:alive")
}

func TestObserveCountsARevocationAndEndsNothing(t *testing.T) {
	r, v := withRevoker(t)
	r.policy.set(authz.Observe, 100)
	c := r.open("/sync").text(initFrame(r.good("ada")))
	c.wantText("ack:" + stripped)
	v.revoke("ada")
	eventually(t, "it is counted", func() bool { r.seen.mu.Lock(); defer r.seen.mu.Unlock(); return len(r.seen.observed) == 1 })
	c.text("alive").wantText("ack:alive")
}

func TestARefreshWithARevokedTokenEndsTheConnection(t *testing.T) {
	r, v := withRevoker(t)
	c, _ := r.optedIn(r.good("ada"))
	c.wantText("ack:" + stripped)
	v.mu.Lock()
	v.tokens["stolen"] = true
	v.mu.Unlock()
	c.text(refreshMessage(r.claims(jwt.MapClaims{"sub": "ada", "jti": "stolen", "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix()})))
	if e := c.hear("auth.error"); e.Code != "SESSION_REVOKED" {
		t.Errorf("auth.error %+v", e)
	}
	c.wantClose(4403, "SESSION_REVOKED")
}

func TestAnOperatorEndsOneConnection(t *testing.T) {
	r := newRig(t, func(c *proxy.Config) { c.Protocol = payload.JSON{} })
	c := r.open("/sync").text(initFrame(r.good("ada")))
	c.wantText("ack:" + stripped)
	live := r.server.Live("")
	if len(live) != 1 || live[0].UserID != "ada" || live[0].InstanceID != "test-123" || live[0].Status != authz.Valid {
		t.Fatalf("live: %+v", live)
	}
	if r.server.End("nobody") || !r.server.End(live[0].ID) {
		t.Error("End")
	}
	c.wantClose(4403, "SESSION_REVOKED")
}

// A token is judged, and revoked before it is taken for the connection's: by
// auth.refresh, and by a later sync message of a client that never opted in.
func TestAttack23ALogoutWhileARefreshIsInFlight(t *testing.T) {
	for name, way := range map[string]struct {
		open func(r *rig) *conn
		send func(token string) string
	}{
		"auth.refresh":  {func(r *rig) *conn { c, _ := r.optedIn(r.good("ada")); return c }, refreshMessage},
		"later message": {func(r *rig) *conn { return r.open("/sync").text(initFrame(r.good("ada"))) }, initFrame},
	} {
		t.Run(name, func(t *testing.T) {
			r, v := withRevoker(t)
			c := way.open(r)
			c.wantText("ack:" + stripped)
			judged, revoked := make(chan struct{}), make(chan struct{})
			v.mu.Lock()
			v.after = func(d authz.Decision) {
				if d.TokenID == "new" {
					v.after = nil
					close(judged)
					v.mu.Unlock()
					<-revoked
					v.mu.Lock()
				}
			}
			v.mu.Unlock()
			c.text(way.send(r.claims(jwt.MapClaims{"sub": "ada", "jti": "new", "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix()})))
			<-judged
			v.mu.Lock()
			v.tokens["new"] = true
			v.mu.Unlock()
			r.server.Revoked("ada") // finds the connection under its old token
			close(revoked)
			c.wantClose(4403, "SESSION_REVOKED")
		})
	}
}
