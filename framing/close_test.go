package framing_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/syncward/syncward/framing"
)

func TestOnlyClosesThatMayGoOnAWireAreReadOrWritten(t *testing.T) {
	long := strings.Repeat("x", 123)
	for name, v := range map[string]struct {
		c     framing.Close
		wire  string // what Append makes of it
		valid bool
	}{
		"none":                       {framing.Close{}, "", true},
		"normal":                     {framing.Close{Code: 1000}, "03e8", true},
		"with a reason":              {framing.Close{Code: 1012, Reason: "DRAINING"}, "03f4 445241494e494e47", true},
		"application code":           {framing.Close{Code: 4999}, "1387", true},
		"longest reason":             {framing.Close{Code: 1000, Reason: long}, "03e8" + strings.Repeat("78", 123), true},
		"1005":                       {framing.Close{Code: 1005}, "03f3", false},
		"1006":                       {framing.Close{Code: 1006, Reason: "gone"}, "03f3", false},
		"1015":                       {framing.Close{Code: 1015}, "03f3", false},
		"999":                        {framing.Close{Code: 999}, "03f3", false},
		"5000":                       {framing.Close{Code: 5000}, "03f3", false},
		"70000":                      {framing.Close{Code: 70000}, "03f3", false},
		"-1":                         {framing.Close{Code: -1}, "03f3", false},
		"reason of 124 bytes":        {framing.Close{Code: 1000, Reason: long + "x"}, "03e8", false},
		"reason that is not UTF-8":   {framing.Close{Code: 1000, Reason: "\xff"}, "03e8", false},
		"surrogate in the reason":    {framing.Close{Code: 1000, Reason: "\xed\xa0\x80"}, "03e8", false},
		"a reason without any code":  {framing.Close{Reason: "why"}, "", false},
		"reserved by no one we know": {framing.Close{Code: 1004}, "03ec", true},
	} {
		t.Run(name, func(t *testing.T) {
			if v.c.Valid() != v.valid {
				t.Errorf("Valid() = %v", !v.valid)
			}
			wire := unhex(t, v.wire)
			if got := v.c.Append(nil); !bytes.Equal(got, wire) {
				t.Errorf("written as %x, want %x", got, wire)
			}
			if v.valid {
				if got, err := framing.ParseClose(wire); got != v.c || err != nil {
					t.Errorf("read back as %+v, %v", got, err)
				}
			}
			for _, key := range []*[4]byte{nil, &testKey} {
				frame := v.c.Frame(key)
				h, n, err := framing.ParseHeader(frame)
				if err != nil || h.Opcode != framing.CloseFrame || int(h.Length) != len(wire) || n+len(wire) != len(frame) || h.Masked != (key != nil) {
					t.Errorf("frame %x", frame)
				}
			}
		})
	}
}

func TestForbiddenClosePayloadsAreNotRead(t *testing.T) {
	for _, wire := range []string{"03", "0000", "03e7", "03ed", "03ee", "03f7", "1388", "ffff", "03e8ff", "03e8c0af",
		"03e8" + strings.Repeat("78", 124)} {
		if c, err := framing.ParseClose(unhex(t, wire)); err == nil {
			t.Errorf("%.20s was read as %+v", wire, c)
		}
	}
}
