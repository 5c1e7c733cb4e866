package authz_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/syncward/syncward/authz"
)

// Attack 22, but for revocation.
func TestARefreshKeepsTheUserAndNeverGoesBack(t *testing.T) {
	v := verifier(t)
	decide := func(parts ...string) authz.Decision {
		return v.Decide(context.Background(), hs256(claims(parts...)))
	}
	date := func(name string, seconds int64) string { return fmt.Sprintf("%s=%d", name, seconds) }
	current := decide()
	graced := decide(date("exp", now-1))
	anonymous := authz.Decision{Allow: true, Status: authz.Anonymous, UserID: "anonymous"}
	namesake := authz.Decision{Allow: true, Status: authz.Anonymous, UserID: "alice", IssuedAt: at(now)}
	ended := decide(date("exp", now-30*3600), date("iat", now-31*3600))
	newer := decide(date("iat", now), date("exp", now+7200))
	forged := v.Decide(context.Background(), signed256(otherSecret, plainHeader, claims()))
	for _, c := range []struct {
		what          string
		current, next authz.Decision
		want          authz.Decision
		code          authz.Code
	}{
		{"a newer token", current, newer, newer, ""},
		{"a newer token in grace", graced, newer, newer, ""},
		{"a newer token that is itself in grace", current, decide(date("iat", now-30), date("exp", now-1)), decide(date("iat", now-30), date("exp", now-1)), ""},
		{"the same token again", current, current, current, ""},
		{"an older token that lasts longer", current, decide(date("iat", now-61), date("exp", now+9000)), current, ""},
		{"another user's token", current, decide(`sub="bob"`, date("iat", now)), current, authz.Forbidden},
		{"another user's older token", current, decide(`sub="bob"`, date("iat", now-99)), current, authz.Forbidden},
		{"an expired token", current, ended, current, authz.TokenExpired},
		{"a forged token", current, forged, current, authz.TokenInvalid},
		{"no token", current, v.Decide(context.Background(), ""), current, authz.AuthRequired},
		{"no answer", current, authz.Decision{}, current, authz.AuthUnavailable},
		{"a good token on an anonymous connection", anonymous, newer, anonymous, authz.Forbidden},
		{"an anonymous admission as the next", current, anonymous, current, authz.Forbidden},
		{"anonymous on anonymous", anonymous, anonymous, anonymous, authz.Forbidden},
		{"a forged token on an anonymous connection", anonymous, forged, anonymous, authz.Forbidden},
		{"an anonymous admission under the user's own name", current, namesake, current, authz.Forbidden},
		{"a good token on a refused connection", ended, newer, ended, authz.Forbidden},
	} {
		if got, code := authz.Refresh(c.current, c.next); got != c.want || code != c.code {
			t.Errorf("%s: got %+v, %q; want %+v, %q", c.what, got, code, c.want, c.code)
		}
	}
}
