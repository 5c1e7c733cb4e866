package authz_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/syncward/syncward/authz"
)

func policy(t *testing.T, mode authz.Mode, percent int) authz.Policy {
	t.Helper()
	p, err := authz.NewPolicy(mode, percent, "anonymous")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestObserveAdmitsAsNobodyAndReportsWhatEnforceWouldSay(t *testing.T) {
	refused := verifier(t).Decide(context.Background(), hs256(claims(`jti="t-1"`, `iss="x"`)))
	got, code := policy(t, authz.Observe, 100).Apply(refused, "192.0.2.1")
	want := authz.Decision{Allow: true, Status: authz.Anonymous, UserID: "anonymous", Reason: authz.ReasonIssuer}
	if got != want || code != authz.TokenInvalid {
		t.Errorf("got %+v, %q", got, code)
	}
	if got, code = policy(t, authz.Enforce, 100).Apply(refused, "192.0.2.1"); got != refused || code != "" {
		t.Errorf("enforce: got %+v, %q", got, code)
	}
	if got, code = policy(t, authz.Observe, 100).Apply(authz.Decision{}, ""); !got.Allow || code != authz.AuthUnavailable {
		t.Errorf("the zero decision: got %+v, %q", got, code)
	}
}

func TestAPolicyThatWasNotFilledInAdmitsNobody(t *testing.T) {
	refused := authz.Refuse(authz.TokenInvalid, authz.ReasonSignature)
	for _, p := range []authz.Policy{
		{}, {Mode: authz.Observe}, {Mode: authz.Observe, EnforcePercent: 100},
		{Mode: authz.Off, AnonymousUserID: "anonymous"}, {Mode: 7, AnonymousUserID: "anonymous"},
	} {
		if got, code := p.Apply(refused, "192.0.2.1"); got != refused || code != "" {
			t.Errorf("%+v: got %+v, %q", p, got, code)
		}
	}
	for _, c := range []struct {
		percent int
		id      string
	}{{-1, "anonymous"}, {101, "anonymous"}, {100, ""}, {100, "no body"}} {
		if _, err := authz.NewPolicy(authz.Enforce, c.percent, c.id); err == nil {
			t.Errorf("%+v is a policy", c)
		}
	}
}

func TestRaisingThePercentageOnlyAddsUsers(t *testing.T) {
	enforced := func(percent int, d authz.Decision, address string) bool {
		got, _ := policy(t, authz.Enforce, percent).Apply(d, address)
		return !got.Allow
	}
	const users = 2000
	counts := map[int]int{}
	for i := range users {
		d := authz.Refuse(authz.TokenExpired, authz.ReasonExpired)
		d.UserID = fmt.Sprintf("user-%d", i)
		before := false
		for _, percent := range []int{0, 1, 10, 50, 99, 100} {
			now := enforced(percent, d, "192.0.2.1")
			if before && !now {
				t.Fatalf("%s: enforced below %d percent, not at it", d.UserID, percent)
			}
			if now != enforced(percent, d, fmt.Sprintf("192.0.2.%d", i%256)) {
				t.Fatalf("%s: the address counts", d.UserID)
			}
			if before = now; now {
				counts[percent]++
			}
		}
	}
	for percent, want := range map[int]int{0: 0, 10: 200, 50: 1000, 100: users} {
		if got := counts[percent]; got < want-100 || got > want+100 || (want == 0 || want == users) && got != want {
			t.Errorf("%d percent: %d of %d users", percent, got, users)
		}
	}
	nobody, addresses := authz.Refuse(authz.AuthRequired, authz.ReasonNoToken), 0
	for i := range 200 {
		if enforced(50, nobody, fmt.Sprintf("192.0.2.%d", i)) {
			addresses++
		}
	}
	if addresses < 60 || addresses > 140 {
		t.Errorf("50 percent: %d of 200 addresses", addresses)
	}
}

// The values are pinned: another hash would move users between replicas of two
// versions.
func TestTheHashIsTheSameOnEveryReplica(t *testing.T) {
	for id, want := range map[string]int{"user:alice": 77, "user:bob": 48, "address:192.0.2.1": 71} {
		if got := authz.Bucket(id); got != want {
			t.Errorf("%s: bucket %d, want %d", id, got, want)
		}
	}
}
