//go:build !race

// The race detector lets pools forget what was put back, so these run without it.

package attribution_test

import (
	"strings"
	"testing"
)

func TestWhatPassesUnreadAllocatesNothing(t *testing.T) {
	in := injector(t)
	msg := []byte(`{"type":"cursor","position":{"x":1,"y":2},"text":"` + strings.Repeat("lorem ipsum ", 80) + `"}`)
	if n := testing.AllocsPerRun(1000, func() {
		if out, _, err := in.Inject(nil, msg, ada, now, noLimit); out != nil || err != nil {
			t.Fatal(out, err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestAnEventCostsFewAllocations(t *testing.T) {
	in := injector(t)
	msg := []byte(`{"type":"event","event":{"name":"x","args":{"text":"` + strings.Repeat("lorem ipsum ", 80) + `"}}}`)
	if n := testing.AllocsPerRun(1000, func() { _, _, _ = in.Inject(nil, msg, ada, now, noLimit) }); n > 5 {
		t.Errorf("%v allocations, want the message, the author and what changes", n)
	}
}
