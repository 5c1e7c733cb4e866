package framing_test

import (
	"bytes"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/syncward/syncward/framing"
)

// mayBeClosed is RFC 6455 §7.4 in its own words: what a close frame may hold.
func mayBeClosed(payload []byte) bool {
	if len(payload) < 2 || len(payload) > 125 {
		return len(payload) == 0
	}
	code := int(payload[0])*256 + int(payload[1])
	reserved := slices.Contains([]int{1005, 1006, 1015}, code)
	return code >= 1000 && code <= 4999 && !reserved && utf8.Valid(payload[2:])
}

func FuzzClose(f *testing.F) {
	for _, s := range []string{"", "03e8", "03ed", "0fa14445", "1387", "1388", "03e8ff", "03", "0000"} {
		f.Add(unhex(f, s), 1000, "why")
	}
	f.Add([]byte{3, 232}, 70000, "\xff")
	f.Fuzz(func(t *testing.T, payload []byte, code int, reason string) {
		c, err := framing.ParseClose(payload)
		if (err == nil) != mayBeClosed(payload) {
			t.Fatalf("%x: %v", payload, err)
		}
		if err == nil && !bytes.Equal(c.Append(nil), payload) {
			t.Fatalf("%x was read as %+v and written as %x", payload, c, c.Append(nil))
		}
		if made := (framing.Close{Code: code, Reason: reason}).Append(nil); !mayBeClosed(made) {
			t.Fatalf("%d %q was written as %x", code, reason, made)
		}
	})
}
