package payload_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/framing/payload"
)

// begin of the worked example

// lines is a protocol whose clients begin with "HELLO <room> <token>" and send
// lines from then on.
type lines struct{ replace string }

// First reads the hello: its token goes, or is replaced.
func (p lines) First(_ framing.Opcode, msg []byte) (payload.Found, error) {
	words := strings.Split(string(msg), " ")
	if len(words) < 2 || len(words) > 3 || words[0] != "HELLO" {
		return payload.Found{}, payload.ErrBadFrame
	}
	f := payload.Found{Instance: words[1]}
	if len(words) == 3 {
		f.Token, f.HasToken = words[2], words[2] != ""
		f.Out = []byte(strings.Join(append(words[:2], p.replace), " "))
	}
	return f, nil
}

// Later lets everything pass but a second hello, which could carry a token or
// name another room.
func (p lines) Later(op framing.Opcode, msg []byte, b payload.Bound) (payload.Found, error) {
	if !strings.HasPrefix(string(msg), "HELLO") {
		return payload.Found{}, nil
	}
	f, err := p.First(op, msg)
	if err == nil && b.Pinned && f.Instance != b.Instance {
		err = payload.ErrForbidden
	}
	return f, err
}

// Query finds nothing in the URL; so it names no instance either.
func (p lines) Query(raw string) (payload.URLFound, error) { return payload.URLFound{Query: raw}, nil }
func (p lines) InstanceInURL() bool                        { return false }

// ReadsAll is true: any message could be a hello.
func (p lines) ReadsAll() bool { return true }

// end of the worked example

var _ payload.Protocol = lines{}

// A protocol of one's own, as docs/protocols.md explains it.
func Example_aProtocolOfYourOwn() {
	var p payload.Protocol = lines{}
	f, err := p.First(framing.Text, []byte("HELLO room-1 eyJ.eyJ.sig"))
	fmt.Printf("%s: token %s, upstream gets %q, %v\n", f.Instance, f.Token, f.Out, err)
	f, err = p.Later(framing.Text, []byte("draw a line"), payload.Bound{Instance: "room-1"})
	fmt.Printf("as it came: %t, %v\n", f.Out == nil, err)
	_, err = p.Later(framing.Text, []byte("HELLO room-2 eyJ.eyJ.sig"), payload.Bound{Instance: "room-1", Pinned: true})
	fmt.Println(err == payload.ErrForbidden)
	_, err = p.First(framing.Text, []byte("draw a line"))
	fmt.Println(err == payload.ErrBadFrame)
	// Output:
	// room-1: token eyJ.eyJ.sig, upstream gets "HELLO room-1 ", <nil>
	// as it came: true, <nil>
	// true
	// true
}

// What the document shows is what compiles here.
func TestTheWorkedExampleIsTheDocuments(t *testing.T) {
	read := func(path string) string {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	_, code, _ := strings.Cut(read("example_test.go"), "// begin of the worked example\n\n")
	code, _, _ = strings.Cut(code, "\n// end of the worked example")
	if len(code) < 500 || !strings.Contains(read("../../docs/protocols.md"), "```go\n"+code+"```") {
		t.Error("docs/protocols.md shows other code than example_test.go between its marks")
	}
}

// FuzzLines is what the reader of a new protocol is tested with.
func FuzzLines(f *testing.F) {
	f.Add("HELLO room-1 eyJ.eyJ.sig", "")
	f.Add("HELLO room-1", "static")
	f.Add("draw HELLO a b", "")
	f.Fuzz(func(t *testing.T, msg, static string) {
		found, err := lines{static}.First(framing.Text, []byte(msg))
		if err != nil || found.Out == nil {
			return
		}
		head, ok := strings.CutSuffix(msg, found.Token)
		if !ok || string(found.Out) != head+static {
			t.Fatalf("%q became %q", msg, found.Out)
		}
	})
}
