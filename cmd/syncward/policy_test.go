package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// policyFile holds the table of the test below.
const policyFile = "../../docs/policy.md"

// rule is one row of the policy: what Enforce does with a token in one of these
// states, of a user in one of those, under a store in one of these. The first
// rule that fits counts.
type rule struct {
	tokens, users, stores []string // nil: any
	enforce               string   // a status, or the code of the refusal
	reason                string
}

// words for the sets of states that rules share.
var (
	goodOrGraced = []string{"good", "in grace"}
	notGone      = []string{"exists", "not asked", "no answer, `allow`"}
	noneAgainst  = []string{"clear", "out of reach, `allow`"}
	revoked      = []string{"revoked", "revoked, then out of reach"}
	deleted      = []string{"user deleted", "user deleted, then out of reach"}
	cannotTell   = []string{"not caught up", "out of reach, `deny`"}
)

// policy is the whole of it. Nothing below repeats it: it is compared with what
// a sidecar does, and printed.
var policy = []rule{
	{[]string{"none"}, nil, nil, "AUTH_REQUIRED", "no_token"},
	{[]string{"no JWT", "a claim twice"}, nil, nil, "TOKEN_INVALID", "format"},
	{[]string{"longer than 16 KiB"}, nil, nil, "TOKEN_INVALID", "token_too_long"},
	{[]string{"`alg` none"}, nil, nil, "TOKEN_INVALID", "algorithm"},
	{[]string{"`crit` or `b64` in the header"}, nil, nil, "TOKEN_INVALID", "critical_header"},
	{[]string{"other signature"}, nil, nil, "TOKEN_INVALID", "signature"},
	{[]string{"other `typ`"}, nil, nil, "TOKEN_INVALID", "type"},
	{[]string{"Syncward's own assertion"}, nil, nil, "TOKEN_INVALID", "own_assertion"},
	{[]string{"no `exp`"}, nil, nil, "TOKEN_INVALID", "no_exp"},
	{[]string{"no `iat`"}, nil, nil, "TOKEN_INVALID", "no_iat"},
	{[]string{"`exp` is no date"}, nil, nil, "TOKEN_INVALID", "claims"},
	{[]string{"other issuer", "in grace, other issuer", "past grace, other issuer"}, nil, nil, "TOKEN_INVALID", "issuer"},
	{[]string{"other audience"}, nil, nil, "TOKEN_INVALID", "audience"},
	{[]string{"`nbf` ahead", "`iat` ahead"}, nil, nil, "TOKEN_INVALID", "not_yet_valid"},
	{[]string{"lives too long"}, nil, nil, "TOKEN_INVALID", "lifetime"},
	{[]string{"no userId", "the anonymous userId"}, nil, nil, "TOKEN_INVALID", "user"},
	{[]string{"its key cannot be asked for"}, nil, nil, "AUTH_UNAVAILABLE", "keys_unavailable"},
	{[]string{"past grace"}, nil, nil, "TOKEN_EXPIRED", "expired"},
	{goodOrGraced, []string{"unknown"}, nil, "USER_NOT_FOUND", "no_user"},
	{goodOrGraced, []string{"no answer, `deny`"}, nil, "AUTH_UNAVAILABLE", "directory_unavailable"},
	{goodOrGraced, notGone, revoked, "SESSION_REVOKED", "revoked"},
	{goodOrGraced, notGone, deleted, "USER_NOT_FOUND", "deleted"},
	{goodOrGraced, notGone, cannotTell, "AUTH_UNAVAILABLE", "revocations_unavailable"},
	{[]string{"good"}, notGone, noneAgainst, "valid", ""},
	{[]string{"in grace"}, notGone, noneAgainst, "grace", "in_grace"},
}

func (r rule) fits(token, user, store string) bool {
	in := func(list []string, word string) bool { return list == nil || slices.Contains(list, word) }
	return in(r.tokens, token) && in(r.users, user) && in(r.stores, store)
}

// TestThePolicyHoldsForEveryTokenUserStoreAndMode asks a sidecar, wired as
// `serve` wires it, with every token, about a user in every state, under a store
// in every state, in every mode; and holds the documentation to the same table.
// After a change: go test ./cmd/syncward -run ThePolicyHolds -update
func TestThePolicyHoldsForEveryTokenUserStoreAndMode(t *testing.T) {
	tokens, broker := policyTokens(t), startBroker(t)
	stores := map[string]revocations{}
	for _, store := range storeStates {
		stores[store.name] = openStore(t, store, broker)
	}
	used := make([]int, len(policy))
	for _, user := range userStates {
		for _, store := range storeStates {
			w := newWorld(t, user, stores[store.name])
			for _, mode := range policyModes {
				w.turn(t, mode)
				for _, token := range tokens {
					i := slices.IndexFunc(policy, func(r rule) bool { return r.fits(token.name, user.name, store.name) })
					if i < 0 {
						t.Fatalf("no rule for a token %q of a user %q, revocations %q", token.name, user.name, store.name)
					}
					used[i]++
					if got, want := w.ask(t, token.text), mode.wants(policy[i], token.text); got != want {
						t.Errorf("in %s, a token %q of a user %q, revocations %q:\n got %s\nwant %s", mode.name, token.name, user.name, store.name, got, want)
					}
				}
			}
			w.close()
		}
	}
	asked := 0
	for i, n := range used {
		if asked += n; n == 0 {
			t.Errorf("no state leads to the rule %+v", policy[i])
		}
	}
	t.Logf("asked %d times", asked)
	comparePolicy(t, policyIntroduction+printed())
}

// printed is the table as the documentation shows it.
func printed() string {
	var b strings.Builder
	set := func(list []string) string {
		if list == nil {
			return "any"
		}
		return strings.Join(list, "; ")
	}
	for _, r := range policy {
		enforce, reason, observe := "`"+r.enforce+"`", "`"+r.reason+"`", "anonymous"
		if r.admits() {
			enforce, observe = r.enforce, r.enforce
		}
		if r.reason == "" {
			reason = "–"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", set(r.tokens), set(r.users), set(r.stores), enforce, reason, observe)
	}
	return b.String()
}

func comparePolicy(t *testing.T, want string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(policyFile, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(policyFile); err != nil || string(got) != want {
		t.Errorf("%s is not what the code does (%v); run this test with -update", policyFile, err)
	}
}

const policyIntroduction = `# Which token gets what

Generated by ` + "`go test ./cmd/syncward -run ThePolicyHolds -update`" + `. The same test asks a sidecar, wired as ` + "`serve`" + ` wires it, with
every token below, of a user in every state, under a store of revocations in every state, in every mode.
The rows assume a pinned issuer, audience and type, a grace of 24 h and a leeway of 30 s.

- **enforce** refuses with the code; the reason goes into the log only.
- **observe** admits what enforce would refuse, as the anonymous user, and counts the code.
- **off** inspects nothing: every row is relayed as it came.
- ` + "`ENFORCE_PERCENT`" + ` below 100 gives the column of enforce to that share of users and the column of observe to the rest. A
  user is placed by the userId of a correctly signed token, expired or not, and without one by the client's address.

**user**: what ` + "`USER_DIRECTORY_URL`" + ` says. Not asked: none is configured. No answer: ` + "`USER_DIRECTORY_FAILURE`" + ` decides.
**revocations**: what the store says of the user's tokens. Not caught up: it has not answered since the start. Out of reach:
for over 30 s; ` + "`REVOCATION_FAILURE`" + ` decides, and what was known before counts all the same. A live
connection outlasts a store that cannot say; a new one and a refresh do not get in.

| token | user | revocations | enforce | reason | observe |
| --- | --- | --- | --- | --- | --- |
`
