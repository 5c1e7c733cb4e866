package main

import (
	"strings"
	"testing"

	"go.uber.org/zap/zapcore"

	"github.com/syncward/syncward/authz"
)

func TestFlagsFileIsReadStrictly(t *testing.T) {
	for _, tc := range []struct {
		file string
		want error
	}{
		{"", nil},
		{"# nothing yet\n", nil},
		{"authMode: off\n", nil},
		{"authMode: \"enforce\"\nenforcePercent: 0\nlogLevel: debug\n", nil},
		{"---\nenforcePercent: 100\n", nil},
		{"authMode: Off\n", errFlagsMode},
		{"authMode: ''\n", errFlagsMode},
		{"enforcePercent: 101\n", errFlagsPercent},
		{"enforcePercent: -1\n", errFlagsPercent},
		{"enforcePercent: half\n", errFlagsPercent},
		{"enforcePercent: 0.5\n", errFlagsPercent}, // not 0
		{"enforcePercent: \"5\"\n", errFlagsPercent},
		{"enforcePercent: [5]\n", errFlagsPercent},
		{"enforcePercent: 99999999999999999999\n", errFlagsPercent},
		{"enforcePercent:\n", nil},
		{"logLevel: trace\n", errFlagsLevel},
		{"authmode: off\n", errFlagsForm},
		{"authMode: off\nauthMode: enforce\n", errFlagsForm},
		{"authMode: off\n---\nauthMode: enforce\n", errFlagsForm},
		{"- authMode\n", errFlagsForm},
		{"authMode: [off]\n", errFlagsForm},
		{"SECRETsecret", errFlagsForm},
		{"authMode: off\n\x00", errFlagsForm},
	} {
		_, err := parseFlags([]byte(tc.file))
		if (err == nil) != (tc.want == nil) || err != nil && !strings.HasPrefix(err.Error(), tc.want.Error()) {
			t.Errorf("%q: %v, want %v", tc.file, err, tc.want)
		}
		if err != nil && strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%q is repeated: %v", tc.file, err)
		}
	}
}

func TestFlagsAreStrongerThanVariables(t *testing.T) {
	c, r := load(minimal("ENFORCE_PERCENT=40", "LOG_LEVEL=warn"))
	if r.err() != nil {
		t.Fatal(r.err())
	}
	f, err := parseFlags([]byte("authMode: observe\nlogLevel: debug"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.with(f, true)
	if err != nil || got.Policy.Mode != authz.Observe || got.Policy.EnforcePercent != 40 || got.LogLevel != zapcore.DebugLevel {
		t.Errorf("%+v, %v", got, err)
	}
	if d := c.disagreements(f); len(d) != 2 {
		t.Errorf("disagreements %q, want of AUTH_MODE and LOG_LEVEL", d)
	}
}

func FuzzParseFlags(f *testing.F) {
	f.Add([]byte("authMode: observe\nenforcePercent: 5\nlogLevel: warn\n"))
	f.Add([]byte("&a [*a]"))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := parseFlags(b)
		if err != nil {
			return
		}
		if p := got.EnforcePercent; p != nil && (*p < 0 || *p > 100) {
			t.Errorf("percent %d", *p)
		}
	})
}
