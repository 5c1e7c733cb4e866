package revocation_test

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/syncward/syncward/authz/revocation"
)

// FuzzFile: a file is read whole or not at all, and what was read is the same
// after it was written and read again.
func FuzzFile(f *testing.F) {
	const at = `"at":"2030-01-01T12:00:00Z"`
	for _, text := range []string{
		"", `{"userId":"ada","before":"2030-01-01T11:00:00Z",` + at + "}\n", `{"userId":"bob","jti":"one",` + at + `}`,
		`{"userId":"*","before":"2029-12-31T00:00:00+01:00","reason":"a key leaked",` + at + "}\n{", `{"userId":"eve","deleted":true,` + at + "}\n",
		`{"userId":"ada","userId":"bob",` + at + `}`, `{"user":"ada"}`, "null\n", "\n",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		path := filepath.Join(t.TempDir(), "revocations.ndjson")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		c := &clock{time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)}
		o := revocation.Options{Keep: keep, Path: path, Now: c.now}
		m, err := revocation.Open(o)
		if err != nil {
			return
		}
		for _, e := range m.List() {
			if !e.Valid() {
				t.Fatalf("%q holds %+v", text, e)
			}
		}
		if err := m.Add(revocation.Entry{UserID: "zoe", TokenID: "z"}); err != nil {
			t.Fatal(err)
		}
		again, err := revocation.Open(o)
		if err != nil {
			t.Fatalf("%q was read, and what was written of it was not: %v", text, err)
		}
		if !reflect.DeepEqual(normal(again.List()), normal(m.List())) {
			t.Fatalf("%q: %+v became %+v", text, m.List(), again.List())
		}
	})
}

// normal has every time in one zone: what it was written in is not kept.
func normal(all []revocation.Entry) []revocation.Entry {
	for i := range all {
		all[i].Before, all[i].At = all[i].Before.UTC(), all[i].At.UTC()
	}
	return all
}
