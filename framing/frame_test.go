package framing_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/syncward/syncward/framing"
)

var testKey = [4]byte{0x37, 0xfa, 0x21, 0x3d}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The examples of RFC 6455 §5.7.
func TestTheExamplesOfTheRFCAreReadAndWritten(t *testing.T) {
	for name, v := range map[string]struct {
		wire    string
		fin     bool
		op      framing.Opcode
		masked  bool
		payload string
	}{
		"unmasked text":         {"8105 48656c6c6f", true, framing.Text, false, "Hello"},
		"masked text":           {"8185 37fa213d 7f9f4d5158", true, framing.Text, true, "Hello"},
		"first fragment":        {"0103 48656c", false, framing.Text, false, "Hel"},
		"last fragment":         {"8002 6c6f", true, framing.Continuation, false, "lo"},
		"ping":                  {"8905 48656c6c6f", true, framing.Ping, false, "Hello"},
		"masked pong":           {"8a85 37fa213d 7f9f4d5158", true, framing.Pong, true, "Hello"},
		"256 bytes of binary":   {"827e0100" + strings.Repeat("00", 256), true, framing.Binary, false, strings.Repeat("\x00", 256)},
		"64 KiB of binary":      {"827f0000000000010000" + strings.Repeat("00", 65536), true, framing.Binary, false, strings.Repeat("\x00", 65536)},
		"empty":                 {"8100", true, framing.Text, false, ""},
		"125 is the short form": {"827d" + strings.Repeat("00", 125), true, framing.Binary, false, strings.Repeat("\x00", 125)},
		"126 is the middle one": {"827e007e" + strings.Repeat("00", 126), true, framing.Binary, false, strings.Repeat("\x00", 126)},
		"65535 is too":          {"827effff" + strings.Repeat("00", 65535), true, framing.Binary, false, strings.Repeat("\x00", 65535)},
	} {
		t.Run(name, func(t *testing.T) {
			wire := unhex(t, v.wire)
			h, n, err := framing.ParseHeader(wire)
			if err != nil || h.Fin != v.fin || h.Opcode != v.op || h.Masked != v.masked || h.RSV != 0 {
				t.Fatalf("read %+v, %v", h, err)
			}
			payload := bytes.Clone(wire[n:])
			var key *[4]byte
			if h.Masked {
				framing.Mask(payload, h.Key, 0)
				key = &testKey
			}
			if int64(len(payload)) != h.Length || string(payload) != v.payload {
				t.Errorf("payload of %d bytes, header says %d", len(payload), h.Length)
			}
			if got := framing.AppendFrame(nil, v.fin, v.op, []byte(v.payload), key); !bytes.Equal(got, wire) {
				t.Errorf("written as %.40x, want %.40x", got, wire)
			}
			for i := range n {
				if _, n, err := framing.ParseHeader(wire[:i]); n != 0 || err != nil {
					t.Errorf("%d bytes of the header: n %d, %v", i, n, err)
				}
			}
		})
	}
}

func TestBrokenHeadersAreRefused(t *testing.T) {
	for name, wire := range map[string]string{
		"reserved data opcode 3":           "8300",
		"reserved data opcode 7":           "8700",
		"reserved control opcode 11":       "8b00",
		"reserved control opcode 15":       "8f00",
		"fragmented ping":                  "0900",
		"fragmented close":                 "0800",
		"ping of 126 bytes":                "897e",
		"close with a 64 bit length":       "887f",
		"16 bit length that fits in 7":     "817e007d",
		"64 bit length that fits in 16":    "817f000000000000ffff",
		"length with the 64th bit set":     "817f8000000000000000",
		"masked, length of 2^64-1":         "81ffffffffffffffffff",
		"reserved opcode with a long form": "83fe",
	} {
		t.Run(name, func(t *testing.T) {
			if _, n, err := framing.ParseHeader(unhex(t, wire)); n != 0 || !errors.Is(err, framing.ErrFrame) {
				t.Errorf("n %d, error %v", n, err)
			}
		})
	}
}

func FuzzHeadersAreWrittenAsTheyWereRead(f *testing.F) {
	for _, s := range []string{"8105", "8185 37fa213d", "827e0100", "827f0000000000010000", "817f7fffffffffffffff", "f905"} {
		f.Add(unhex(f, s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		h, n, err := framing.ParseHeader(b)
		if err != nil && n != 0 {
			t.Fatalf("n %d with error %v", n, err)
		}
		if n == 0 {
			return
		}
		if got := framing.AppendHeader(nil, h); !bytes.Equal(got, b[:n]) {
			t.Fatalf("%x was read as %+v and written as %x", b[:n], h, got)
		}
	})
}

func TestMaskIsTheBytewiseRuleOfTheRFC(t *testing.T) {
	for size := range 100 {
		for offset := range 9 {
			got, want := make([]byte, size), make([]byte, size)
			for i := range want {
				got[i] = byte(i * 7)
				want[i] = byte(i*7) ^ testKey[(i+offset)%4]
			}
			if framing.Mask(got, testKey, offset); !bytes.Equal(got, want) {
				t.Fatalf("size %d, offset %d: %x, want %x", size, offset, got, want)
			}
		}
	}
}

func BenchmarkMask4KiB(b *testing.B) {
	buf := make([]byte, 4096)
	b.SetBytes(4096)
	for b.Loop() {
		framing.Mask(buf, testKey, 0)
	}
}
