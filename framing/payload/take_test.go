package payload_test

import (
	"bytes"
	"crypto/sha256"
	"strings"
	"testing"

	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/framing/payload"
)

func TestOnlyTheVeryTokenThatWasJudgedIsTheSame(t *testing.T) {
	for _, c := range []struct {
		name, judged, written, token string
		same                         bool
	}{
		{"the same", "a.b.c", `"a.b.c"`, "", true},
		{"another", "a.b.c", `"a.b.d"`, "a.b.d", false},
		{"a part of it", "a.b.c", `"a.b"`, "a.b", false},
		{"a longer one", "a.b.c", `"a.b.c "`, "a.b.c ", false},
		{"the same with an escape is judged again", "a.b.c", `"a\u002eb.c"`, "a.b.c", false},
		{"one that is written as the last one reads", `a\u002eb`, `"a\u002eb"`, "a.b", false},
		{"an empty one", "", `""`, "", false},
		{"a number", "17", `17`, "", false},
	} {
		sum := sha256.Sum256([]byte(c.judged))
		f, err := payload.JSON{AllFrames: true}.Later(framing.Text, []byte(`{"authToken":`+c.written+`,"x":1}`), payload.Bound{LastToken: sum})
		if err != nil || f.SameToken != c.same || f.Token != c.token || f.HasToken != (c.same || c.token != "") || string(f.Out) != `{"x":1}` {
			t.Errorf("%s: error %v, same %v, right token %v, out %q", c.name, err, f.SameToken, f.Token == c.token, f.Out)
		}
	}
}

func TestTheZeroHashIsNoToken(t *testing.T) {
	f, err := payload.JSON{AllFrames: true}.Later(framing.Text, []byte(`{"authToken":"x"}`), payload.Bound{})
	if err != nil || f.SameToken || f.Token != "x" {
		t.Errorf("error %v, same %v", err, f.SameToken)
	}
}

func TestAMessageIsMadeInItsRoomWhereThatIsLargeEnough(t *testing.T) {
	msg := []byte(`{"authToken":"x","text":"` + strings.Repeat("y", 100) + `"}`)
	want := bytes.Replace(msg, []byte(`"authToken":"x",`), nil, 1)
	for _, size := range []int{0, 10, len(want) - 1, len(want), 1000} {
		room := bytes.Repeat([]byte{'#'}, size)
		f, err := payload.JSON{AllFrames: true}.Later(framing.Text, msg, payload.Bound{Room: room[:size/2]})
		inRoom := size > 0 && &room[0] == &f.Out[0]
		if err != nil || !bytes.Equal(f.Out, want) || inRoom != (size >= len(want)) {
			t.Errorf("%d bytes: error %v, in its room %v, %q", size, err, inRoom, f.Out)
		}
		if !inRoom && !bytes.Equal(room, bytes.Repeat([]byte{'#'}, size)) {
			t.Errorf("%d bytes: the room was written to in vain: %q", size, room)
		}
	}
}
