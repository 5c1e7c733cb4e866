package main

import (
	"strings"
	"testing"
)

func TestSecretsThatProtectNothingAreTold(t *testing.T) {
	for _, tc := range []struct {
		secret string
		want   error
	}{
		{goodSecret, nil},
		{"0123456789abcdef0123456789abcdef", nil}, // poor, but not for us to judge
		{strings.Repeat("\x00\xff\x10", 2) + goodSecret, nil},
		{"secret", errShort},
		{strings.Repeat("a", 40), nil}, // poor: a warning
		{strings.Repeat("password", 4), nil},
		{strings.Repeat("changeme", 4), errWellKnown},
		{"Your-256-bit-Secret_your-256-bit-secret", errWellKnown},
		{"dev-secret-change-me-in-production", errWellKnown},
		{"a-string-secret-at-least-256-bits-long", errWellKnown},
		{"dev-secret-change-me-in-production-x", nil},
		{goodSecret[:31], errShort},
	} {
		if got := weak([]byte(tc.secret)); got != tc.want {
			t.Errorf("%q: %v, want %v", tc.secret, got, tc.want)
		}
	}
}

func TestAPoorSecretIsWarnedOf(t *testing.T) {
	for secret, want := range map[string]bool{
		strings.Repeat("k", 32): true, strings.Repeat("deadbeef", 4) + "dead": true, "secret-secret-secret-secret-secret": true, goodSecret: false,
	} {
		if got := poor(secret); got != want {
			t.Errorf("%q: %v", secret, got)
		}
	}
}
