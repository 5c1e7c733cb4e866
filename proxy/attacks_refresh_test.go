package proxy_test

import (
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/proxy"
)

// accessOnly judges as JWT_TYPE=at+jwt does.
func accessOnly(t *testing.T) func(*proxy.Config) {
	t.Helper()
	secrets, err := authz.NewHMACSecrets([]byte(secret), nil, time.Time{}, nil)
	must(t, err)
	v, err := authz.New(authz.Config{Keys: secrets, Type: "at+jwt", Leeway: 30 * time.Second, Grace: 24 * time.Hour})
	must(t, err)
	return func(c *proxy.Config) { c.Decide = v.Decide }
}

// typed is a token of ada's that is good for an hour but for what typ says.
func (r *rig) typed(typ string, issued time.Duration) string {
	r.t.Helper()
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"sub": "ada", "iat": time.Now().Add(issued).Unix(), "exp": time.Now().Add(time.Hour).Unix()})
	token.Header["typ"] = typ
	s, err := token.SignedString([]byte(secret))
	must(r.t, err)
	return s
}

// A refresh token is signed by the same issuer for the same user, lives longer,
// and is kept in worse places.
func TestAttack19ARefreshTokenOpensNothing(t *testing.T) {
	r := newRig(t, accessOnly(t))
	access, refresh := r.typed("at+jwt", -time.Minute), r.typed("rt+jwt", 0)
	r.open("/sync").text(initFrame(refresh)).wantClose(4401, "TOKEN_INVALID")
	r.open("/sync", bearer(refresh)).wantClose(4401, "TOKEN_INVALID")
	r.open("/sync", bearer(access)).text(initFrame(refresh)).wantClose(4401, "TOKEN_INVALID")
	if code, body := r.dial().send(plain("GET", "/p", bearer(refresh))).status(); code != 401 || !strings.Contains(body, "TOKEN_INVALID") {
		t.Errorf("plain: %d %s", code, body)
	}
	if a := r.seen.last(t); a.Reason != authz.ReasonType {
		t.Errorf("%+v", a)
	}
	r.legacy.untouched(t)
	r.open("/sync").text(initFrame(access)).wantText("ack:" + stripped)
}

func TestAttack19ARefreshTokenProlongsNothing(t *testing.T) {
	r := newRig(t, accessOnly(t))
	c, ok := r.optedIn(r.typed("at+jwt", -time.Minute))
	c.wantText("ack:" + stripped)
	for name, message := range refreshers {
		c.text(message(r.typed("rt+jwt", 0)))
		if e := c.hear("auth.error"); e.Code != "TOKEN_INVALID" {
			t.Errorf("auth.error %+v", e)
		}
		if name == "later message" {
			c.wantText("ack:" + stripped)
		}
	}
	r.keeps(t, "ada", *ok.ExpiresAt)
}

// keeps wants one live connection: of that user, with that end.
func (r *rig) keeps(t *testing.T, user string, expiresAt int64) {
	t.Helper()
	live := r.server.Live("")
	if len(live) != 1 || live[0].UserID != user || live[0].ExpiresAt.UnixMilli() != expiresAt {
		t.Errorf("live: %+v, want %s until %d", live, user, expiresAt)
	}
	if all := r.legacy.bytes(); strings.Contains(all, "bob") {
		t.Errorf("the upstream heard of bob: %q", all)
	}
}

// refreshers are the two ways to bring a new token on an open connection.
var refreshers = map[string]func(token string) string{"auth.refresh": refreshMessage, "later message": initFrame}

func TestAttack22AnotherUsersTokenEndsTheConnectionAndNamesNobody(t *testing.T) {
	for way, message := range refreshers {
		t.Run(way, func(t *testing.T) {
			r := newRig(t)
			c, _ := r.optedIn(r.good("ada"))
			c.wantText("ack:" + stripped)
			c.text(message(r.token("bob", 0, time.Hour)))
			c.text("under which name?")
			c.wantClose(4403, "FORBIDDEN")
			if len(r.server.Live("bob")) != 0 || strings.Contains(r.legacy.bytes(), "bob") {
				t.Error("the connection became bob's")
			}
		})
	}
}

func TestAttack22AnOlderTokenMovesNothing(t *testing.T) {
	for way, message := range refreshers {
		t.Run(way, func(t *testing.T) {
			r := newRig(t)
			c, ok := r.optedIn(r.good("ada"))
			c.wantText("ack:" + stripped)
			c.text(message(r.token("ada", -30*time.Minute, 5*time.Hour)))
			if way != "auth.refresh" {
				c.wantText("ack:" + stripped)
			}
			eventually(t, "it is judged", func() bool { r.seen.mu.Lock(); defer r.seen.mu.Unlock(); return len(r.seen.refresh) == 1 })
			c.text("alive").wantText("ack:alive")
			r.keeps(t, "ada", *ok.ExpiresAt)
		})
	}
}

func TestAttack22ARevokedTokenProlongsNothing(t *testing.T) {
	for way, message := range refreshers {
		t.Run(way, func(t *testing.T) {
			r, v := withRevoker(t)
			c, ok := r.optedIn(r.good("ada"))
			c.wantText("ack:" + stripped)
			v.mu.Lock()
			v.tokens["stolen"] = true
			v.mu.Unlock()
			c.text(message(r.claims(jwt.MapClaims{"sub": "ada", "jti": "stolen", "iat": time.Now().Unix(), "exp": time.Now().Add(5 * time.Hour).Unix()})))
			if way == "auth.refresh" { // it asks, so it is told
				c.wantClose(4403, "SESSION_REVOKED")
				return
			}
			c.wantText("ack:" + stripped)
			c.text("alive").wantText("ack:alive")
			r.keeps(t, "ada", *ok.ExpiresAt)
		})
	}
}
