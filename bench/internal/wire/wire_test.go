package wire_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/syncward/syncward/bench/internal/wire"
)

// frames is a stream with every form of length and a masked control frame.
func frames() (stream []byte, payloads [][]byte) {
	for i, n := range []int{0, 1, 125, 126, 127, 65535, 65536, 3} {
		payload := bytes.Repeat([]byte{byte('a' + i)}, n)
		h := wire.Header{Fin: i != 1, Opcode: wire.Text, Masked: i%2 == 0, Mask: [4]byte{1, 2, 3, byte(i)}}
		stream = wire.AppendFrame(stream, h, payload)
		payloads = append(payloads, payload)
	}
	return stream, payloads
}

func TestAScannerFindsTheSameFramesHoweverTheBytesAreCut(t *testing.T) {
	stream, want := frames()
	for _, cut := range []int{1, 2, 3, 7, 13, 1000, 4096, len(stream)} {
		var scan wire.Scanner
		var got [][]byte
		var current []byte
		for part := range slices.Chunk(slices.Clone(stream), cut) {
			if err := scan.Feed(part, func(h wire.Header, at int64, run []byte, end bool) error {
				if at != int64(len(current)) {
					t.Fatalf("cut %d: a run at %d, %d bytes came before it", cut, at, len(current))
				}
				if h.Masked {
					wire.Mask(run, h.Mask, at)
				}
				if current = append(current, run...); end {
					got, current = append(got, current), nil
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		if !slices.EqualFunc(got, want, bytes.Equal) {
			t.Errorf("cut %d: %d frames, or other payloads than the %d sent", cut, len(got), len(want))
		}
	}
}

func TestAScannerRefusesWhatIsNoFrameAndPassesTheCallersError(t *testing.T) {
	var scan wire.Scanner
	if scan.Feed([]byte("HTTP/1.1 400"), func(wire.Header, int64, []byte, bool) error { return nil }) == nil {
		t.Error("text was taken for a frame")
	}
	mine := errors.New("enough")
	stream, _ := frames()
	if err := new(wire.Scanner).Feed(stream, func(wire.Header, int64, []byte, bool) error { return mine }); !errors.Is(err, mine) {
		t.Errorf("the error is %v, not the caller's", err)
	}
}

func TestMaskingInPiecesIsMaskingAtOnce(t *testing.T) {
	key := [4]byte{9, 8, 7, 6}
	whole := bytes.Repeat([]byte("syncward"), 9)
	pieces := bytes.Clone(whole)
	wire.Mask(whole, key, 0)
	at := 0
	for _, n := range []int{1, 2, 3, 8, 11, 47} {
		wire.Mask(pieces[at:at+n], key, int64(at))
		at += n
	}
	if !bytes.Equal(whole, pieces) {
		t.Error("the offset in the payload is not heeded")
	}
}

func TestAcceptAnswersTheExampleOfTheRFC(t *testing.T) {
	if got := wire.Accept("dGhlIHNhbXBsZSBub25jZQ=="); got != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
		t.Errorf("Accept is %q", got)
	}
}

func TestFieldFindsAHeaderWhateverItsCaseAndThePath(t *testing.T) {
	head := "GET /sink?a=b HTTP/1.1\r\nhost: x\r\nSEC-websocket-KEY:  k \r\n"
	if got := wire.Field(head, "Sec-WebSocket-Key"); got != "k" {
		t.Errorf("the key is %q", got)
	}
	if got := wire.Field(head, ":path"); got != "/sink" {
		t.Errorf("the path is %q", got)
	}
	if got := wire.Field(head, "Origin"); got != "" {
		t.Errorf("a field that is not there is %q", got)
	}
}
