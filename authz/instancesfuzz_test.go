package authz_test

import (
	"context"
	"encoding/json"
	"slices"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/syncward/syncward/authz"
)

// FuzzInstances: whatever the claim holds, only what it names as a string, or in
// an array of nothing but strings, may be opened.
func FuzzInstances(f *testing.F) {
	for _, claim := range []string{`"a"`, `["a","b"]`, `["\u0061"]`, `[]`, `""`, `null`, `1`, `["a",1]`, `[["a"]]`, `{"a":"b"}`, `{"stores":"a"}`, ` "a"`, "\n[ \"a\" ]\t"} {
		f.Add(claim, "a")
	}
	v := verifier(f, func(c *authz.Config) { c.InstancesClaim = "stores" })
	f.Fuzz(func(t *testing.T, claim, instance string) {
		value := jsontext.Value(claim)
		if !value.IsValid() {
			return
		}
		d := v.Decide(context.Background(), hs256(claims("stores="+claim)))
		if !d.Allow {
			return // nested too deep, say
		}
		if !d.InstancesBound() {
			t.Fatalf("%s: not bound", claim)
		}
		var one string
		var all []*string // null is no string
		var want []string
		switch {
		case value.Kind() == '"' && json.Unmarshal([]byte(claim), &one) == nil:
			want = []string{one}
		case json.Unmarshal([]byte(claim), &all) == nil && !slices.Contains(all, nil):
			for _, s := range all {
				want = append(want, *s)
			}
		}
		if got := d.MayOpen(instance); got != (instance != "" && slices.Contains(want, instance)) {
			t.Fatalf("%s: may open %q: %t", claim, instance, got)
		}
		for _, s := range want {
			if s != "" && !d.MayOpen(s) {
				t.Fatalf("%s: may not open %q", claim, s)
			}
		}
	})
}
