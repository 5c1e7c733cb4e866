package authz_test

import (
	"slices"
	"testing"

	"github.com/syncward/syncward/authz"
)

func TestTheInstancesClaimSaysWhichInstancesAUserMayOpen(t *testing.T) {
	for _, c := range []struct {
		path, claim string
		may         []string
	}{
		{"stores", `stores="a"`, []string{"a"}},
		{"stores", `stores=["a","b"]`, []string{"a", "b"}},
		{"stores", `stores=["\u0061","a b"]`, []string{"a", "a b"}},
		{"sync.stores", `sync={"stores":["a"]}`, []string{"a"}},
		{"sync.stores", `sync=["a"]`, nil},
		{"stores", `stores=[]`, nil},
		{"stores", `stores=""`, nil},
		{"stores", `stores=[""]`, nil},
		{"stores", `stores=null`, nil},
		{"stores", `stores=1`, nil},
		{"stores", `stores={"a":true}`, nil},
		{"stores", `stores=["a",1]`, nil},
		{"stores", `stores=[["a"]]`, nil},
		{"stores", `Stores="a"`, nil},
		{"stores", `scope="a"`, nil},
	} {
		v := verifier(t, func(config *authz.Config) { config.InstancesClaim = c.path })
		d := check(t, v, c.claim, hs256(claims(c.claim)), "valid")
		if !d.InstancesBound() {
			t.Errorf("%s: not bound", c.claim)
		}
		for _, instance := range []string{"a", "b", "a b", "A", "a,b", ""} {
			if d.MayOpen(instance) != slices.Contains(c.may, instance) {
				t.Errorf("%s: may open %q: %t", c.claim, instance, d.MayOpen(instance))
			}
		}
	}
	free := check(t, verifier(t), "no claim configured", hs256(claims(`stores="a"`)), "valid")
	if free.InstancesBound() || !free.MayOpen("b") || !free.MayOpen("") {
		t.Errorf("bound, though no claim is configured: %+v", free)
	}
	if _, err := authz.New(authz.Config{InstancesClaim: "a..b"}); err == nil {
		t.Error("a path with an empty element is taken")
	}
}
