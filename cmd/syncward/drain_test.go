package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/zap"
)

// Connections end one by one, the signal behind `drain` changes nothing for
// those whose turn has not come, and the second one ends them all.
func TestTheSignalBehindADrainDoesNotHurryIt(t *testing.T) {
	up := httptest.NewServer(echo(t))
	defer up.Close()
	socket := filepath.Join(t.TempDir(), "s")
	s := startSidecar(t, up.URL, "DRAIN_PERIOD=1h", "DRAIN_SOCKET="+socket)
	token := tokenBy(t, goodSecret, nil)
	var sockets [2]*websocket.Conn
	heard := make(chan string, 8)
	for i := range sockets {
		ctx, ws := dial(t, "ws://"+s.addr, nil)
		sockets[i] = ws
		say(t, ctx, ws, `{"authToken":"`+token+`"}`, `u1 {}`)
		go func() {
			for {
				_, msg, err := ws.Read(ctx)
				if err != nil {
					heard <- fmt.Sprint(i, " ", int(websocket.CloseStatus(err)))
					return
				}
				heard <- fmt.Sprint(i, " ", string(msg))
			}
		}()
	}
	asked := make(chan error, 1)
	go func() { asked <- drained(socket) }()
	first := <-heard
	if first != "0 1012" && first != "1 1012" {
		t.Fatalf("the drain began with %q, want one close with 1012", first)
	}
	left := map[string]int{"0 1012": 1, "1 1012": 0}[first]
	s.drain() // SIGTERM
	for range 3 {
		if err := sockets[left].Write(context.Background(), websocket.MessageText, []byte("still here")); err != nil {
			t.Fatal(err)
		}
		if got, want := <-heard, fmt.Sprint(left, " u1 still here"); got != want {
			t.Fatalf("the connection whose turn had not come heard %q, want %q", got, want)
		}
	}
	select {
	case err := <-asked:
		t.Fatalf("drain returned (%v) before it was over", err)
	default:
	}
	s.hurry() // SIGTERM
	if got, want := <-heard, fmt.Sprint(left, " 1012"); got != want {
		t.Errorf("the second signal: %q, want %q", got, want)
	}
	for _, end := range []chan error{asked, s.ended} {
		select {
		case err := <-end:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(20 * time.Second):
			t.Fatal("it does not end")
		}
	}
}

func TestOnlyRootAndTheSameUserMayDrain(t *testing.T) {
	for _, c := range []struct {
		uid, own int
		may      bool
	}{{65532, 65532, true}, {0, 65532, true}, {1000, 65532, false}, {65534, 65532, false}, {-1, 65532, false}, {1000, 0, false}, {-1, 0, false}} {
		if got := mayDrain(c.uid, c.own); got != c.may {
			t.Errorf("user %d may drain a serve of user %d: %t, want %t", c.uid, c.own, got, c.may)
		}
	}
}

// doorAt opens a drain's door that counts who asks.
func doorAt(t *testing.T, path string) (d *drainDoor, asked chan struct{}) {
	t.Helper()
	asked = make(chan struct{}, 8)
	d, err := openDrainDoor(path, func() { asked <- struct{}{} }, zap.NewNop())
	must(t, err)
	return d, asked
}

// An abstract socket has no permissions: the kernel says who is there. To be
// somebody else takes root, so that half runs where the tests do as root.
func TestAnotherUserOfThePodIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	d, asked := doorAt(t, path)
	defer d.close(false)
	c, err := net.Dial("unix", path)
	must(t, err)
	defer c.Close()
	_, err = fmt.Fprintln(c, wordDrain)
	must(t, err)
	<-asked
	if os.Geteuid() != 0 {
		return
	}
	name := fmt.Sprintf("@syncward-drain-test-%d", os.Getpid())
	abstract, asked := doorAt(t, name)
	defer abstract.close(false)
	binary := binaryFor(t) // ahead of the deadline: a build may take long
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, "drain")
	cmd.Env = []string{"DRAIN_SOCKET=" + name}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65533, Gid: 65533}}
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "refused: only root") || len(asked) != 0 {
		t.Errorf("another user: %v, %q, asked %d times", err, out, len(asked))
	}
}

// binaryFor builds syncward where every user may run it.
func binaryFor(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "syncward-drain-")
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	must(t, os.Chmod(dir, 0o755))
	path := filepath.Join(dir, "syncward")
	if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return path
}

// A hook dies with its container, and counts as failed then: serve outlives the
// process that asked, but not for ever.
func TestServeWaitsForTheHookToEnd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	d, asked := doorAt(t, path)
	got := make(chan io.Closer, 1)
	go func() { hold, _ := askToDrain(context.Background(), path); got <- hold }()
	<-asked
	closed := make(chan struct{})
	go func() { d.close(true); close(closed) }()
	hold := <-got
	select {
	case <-closed:
		t.Error("serve ended before the hook did")
	case <-time.After(50 * time.Millisecond): // too short a time fails no test
	}
	must(t, hold.Close())
	<-closed
}

func TestAWordThatIsNoneDrainsNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	d, asked := doorAt(t, path)
	for _, word := range []string{"", "\n", "DRAIN\n", "drained\n", strings.Repeat("drain", 1000)} {
		c, err := net.Dial("unix", path)
		must(t, err)
		_, _ = c.Write([]byte(word))
		must(t, c.(*net.UnixConn).CloseWrite())
		_, _ = c.Read(make([]byte, 1)) // until it hangs up
		c.Close()
	}
	d.close(false)
	if len(asked) != 0 {
		t.Errorf("asked %d times", len(asked))
	}
}

func TestADrainThatDoesNotComeToItsEndIsSaidSo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	d, asked := doorAt(t, path)
	got := make(chan error, 1)
	go func() { got <- drained(path) }()
	<-asked
	d.close(false)
	if err := <-got; err != errEndedEarly {
		t.Errorf("%v, want %v", err, errEndedEarly)
	}
}

func TestTheSocketOfADrainComesFromTheAdminAddress(t *testing.T) {
	for _, c := range []struct{ socket, admin, want string }{
		{"", ":9090", "@syncward-drain-:9090"},
		{"", "127.0.0.1:15090", "@syncward-drain-127.0.0.1:15090"},
		{"", "127.0.0.1:0", ""},
		{"", "nonsense", ""},
		{"/run/d.sock", ":9090", "/run/d.sock"},
	} {
		c0 := &config{settings: settings{DrainSocket: c.socket, AdminAddr: c.admin}}
		if got := c0.drainSocket(); got != c.want && (runtime.GOOS == "linux" || c.want == "") {
			t.Errorf("%+v: %q", c, got)
		}
	}
}

// drained asks at path, and hangs up.
func drained(path string) error {
	hold, err := askToDrain(context.Background(), path)
	if err == nil {
		err = hold.Close()
	}
	return err
}
