package authz_test

import (
	"testing"
	"time"

	"github.com/syncward/syncward/authz"
)

func TestADecisionFadesWithItsToken(t *testing.T) {
	d := authz.Decision{
		Allow: true, Status: authz.Valid, UserID: "alice",
		ExpiresAt: at(now + 10), GraceEndsAt: at(now + 20),
	}
	for _, c := range []struct {
		after int64
		want  string
	}{{0, "valid"}, {9, "valid"}, {10, "grace"}, {19, "grace"}, {20, "TOKEN_EXPIRED expired"}, {1000, "TOKEN_EXPIRED expired"}} {
		got := d.At(at(now + c.after))
		if verdict(got) != c.want || got.UserID != "alice" {
			t.Errorf("after %d s: got %+v, want %s", c.after, got, c.want)
		}
	}
	graced := d.At(at(now + 10))
	if graced.Reason != authz.ReasonGrace || graced.At(at(now)).Reason != authz.ReasonNone {
		t.Error("the reason does not follow the status")
	}
	far := at(now + 1e9)
	anonymous := authz.Decision{Allow: true, Status: authz.Anonymous, UserID: "anonymous"}
	if anonymous.At(far) != anonymous {
		t.Error("an anonymous decision ended")
	}
	refused := authz.Refuse(authz.Forbidden, authz.ReasonOtherUser)
	if refused.At(far) != refused || (authz.Decision{}).At(time.Time{}).Allow {
		t.Error("a refusal changed with time")
	}
}

func TestTheZeroDecisionRefusesAndBlamesNoToken(t *testing.T) {
	if d := (authz.Decision{}); d.Allow || d.Refusal() != authz.AuthUnavailable {
		t.Errorf("got %q", d.Refusal())
	}
	if d := (authz.Decision{Allow: true, Code: authz.Forbidden}); d.Refusal() != "" {
		t.Errorf("an allowed decision refuses with %q", d.Refusal())
	}
}

func TestOnlyTheSameNameIsTheSameUser(t *testing.T) {
	user := func(id string) authz.Decision { return authz.Decision{UserID: id} }
	for _, c := range []struct {
		a, b string
		want bool
	}{{"alice", "alice", true}, {"alice", "Alice", false}, {"alice", "", false}, {"", "", false}} {
		if user(c.a).SameUser(user(c.b)) != c.want {
			t.Errorf("%q and %q: want %v", c.a, c.b, c.want)
		}
	}
}

func TestModesAreReadAsTheyAreWritten(t *testing.T) {
	for _, m := range []authz.Mode{authz.Enforce, authz.Observe, authz.Off} {
		if got, err := authz.ParseMode(m.String()); err != nil || got != m {
			t.Errorf("%v: got %v, %v", m, got, err)
		}
	}
	for _, bad := range []string{"", "Enforce", "enforce ", "on", "true"} {
		if got, err := authz.ParseMode(bad); err == nil || got != authz.Enforce {
			t.Errorf("%q: got %v, %v", bad, got, err)
		}
	}
}
