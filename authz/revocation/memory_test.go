package revocation_test

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/syncward/syncward/authz/revocation"
)

const keep = 32 * 24 * time.Hour

type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

func open(t *testing.T, path string) (*revocation.Memory, *clock) {
	t.Helper()
	c := &clock{time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)}
	m, err := revocation.Open(revocation.Options{Keep: keep, Path: path, Now: c.now})
	if err != nil {
		t.Fatal(err)
	}
	return m, c
}

func TestWhoIsRevoked(t *testing.T) {
	m, c := open(t, "")
	mark := c.t
	add := func(e revocation.Entry) {
		t.Helper()
		if err := m.Add(e); err != nil {
			t.Fatal(err)
		}
	}
	add(revocation.Entry{UserID: "ada", Before: mark})
	add(revocation.Entry{UserID: "bob", TokenID: "one"})
	add(revocation.Entry{UserID: "gone", Deleted: true})
	add(revocation.Entry{UserID: "gone", Before: mark})                  // changes nothing
	add(revocation.Entry{UserID: "ada", Before: mark.Add(-time.Minute)}) // a watermark only rises
	for _, row := range []struct {
		what, user, jti string
		issued          time.Duration
		want            revocation.Verdict
	}{
		{"a token of before the watermark", "ada", "", -time.Second, revocation.Revoked},
		{"a token of the watermark's second", "ada", "", 0, revocation.Revoked},
		{"a token of after it", "ada", "", time.Second, revocation.Clear},
		{"the single token", "bob", "one", -time.Hour, revocation.Revoked},
		{"another token of the same user", "bob", "two", -time.Hour, revocation.Clear},
		{"a token without a jti", "bob", "", -time.Hour, revocation.Clear},
		{"a deleted user", "gone", "", time.Hour, revocation.Deleted},
		{"somebody else", "eve", "one", -time.Hour, revocation.Clear},
	} {
		if got := m.Check(row.user, row.jti, mark.Add(row.issued)); got != row.want {
			t.Errorf("%s: %v, want %v", row.what, got, row.want)
		}
	}
	add(revocation.Entry{UserID: revocation.Everybody, Before: mark})
	if m.Check("eve", "", mark) != revocation.Revoked || m.Check("eve", "", mark.Add(time.Second)) != revocation.Clear {
		t.Error("everybody")
	}
}

func TestEntriesThatSayNothingAreRefused(t *testing.T) {
	m, c := open(t, "")
	for _, e := range []revocation.Entry{
		{}, {UserID: "ada"}, {Before: c.t}, {TokenID: "x"}, {Deleted: true}, {UserID: revocation.Everybody, Deleted: true},
		{UserID: string(make([]byte, 257)), Before: c.t}, {UserID: "ada", Before: c.t, Reason: string(make([]byte, 600))},
	} {
		if err := m.Add(e); !errors.Is(err, revocation.ErrEntry) {
			t.Errorf("%+v: %v", e, err)
		}
	}
}

func TestEntriesEndWhenNoTokenTheyConcernCouldBeAccepted(t *testing.T) {
	m, c := open(t, "")
	_ = m.Add(revocation.Entry{UserID: "ada", Before: c.t})
	_ = m.Add(revocation.Entry{UserID: "bob", TokenID: "one"})
	_ = m.Add(revocation.Entry{UserID: "gone", Deleted: true})
	c.t = c.t.Add(keep - time.Minute)
	if n := len(m.List()); n != 3 {
		t.Errorf("%d entries just before", n)
	}
	c.t = c.t.Add(2 * time.Minute)
	if l := m.List(); len(l) != 1 || l[0].UserID != "gone" {
		t.Errorf("afterwards: %+v", l)
	}
}

func TestAFileKeepsThemOverARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "revocations")
	m, c := open(t, path)
	_ = m.Add(revocation.Entry{UserID: "ada", Before: c.t, Reason: "lost laptop"})
	_ = m.Add(revocation.Entry{UserID: "bob", TokenID: "one"})
	again, _ := open(t, path)
	if again.Check("ada", "", c.t) != revocation.Revoked || again.Check("bob", "one", c.t) != revocation.Revoked {
		t.Error("forgotten")
	}
	if ok, err := again.Remove("ada"); !ok || err != nil {
		t.Errorf("remove: %v %v", ok, err)
	}
	third, _ := open(t, path)
	if third.Check("ada", "", c.t) != revocation.Clear {
		t.Error("a removed entry came back")
	}
	if err := os.WriteFile(path, []byte("nonsense\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := revocation.Open(revocation.Options{Keep: keep, Path: path}); err == nil {
		t.Error("a broken file was taken for an empty one")
	}
}

func TestWhoeverAsksIsToldAfterAnEntryIsInForce(t *testing.T) {
	m, c := open(t, "")
	told := 0
	m.Notify(func(e revocation.Entry) {
		told++
		if m.Check(e.UserID, "", c.t) != revocation.Revoked {
			t.Error("told before it was in force")
		}
	})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() { m.Check("ada", "", c.t) })
	}
	_ = m.Add(revocation.Entry{UserID: "ada", Before: c.t})
	wg.Wait()
	if told != 1 {
		t.Errorf("told %d times", told)
	}
}
