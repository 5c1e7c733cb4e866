package journaltest

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/syncward/syncward/attribution"
)

// childEnv tells the test binary that it is a child of Kill: where the journal
// is, and which number its records begin with.
const childEnv = "SYNCWARD_JOURNAL_CHILD"

const (
	workers   = 8
	perWorker = 150 // records that a child's worker writes, if it lives so long
	rounds    = 8
)

// Kill has processes, as many at a time as the kind allows, write to one
// journal until they are killed with -9, again and again, and asks each time
// whether all is there that they were told is durable. It starts the test
// binary again, so it must be called first and alone in a test.
func Kill(t *testing.T, processes int, open func(path string) (attribution.Journal, error)) {
	if spec := os.Getenv(childEnv); spec != "" {
		child(spec, open)
		return
	}
	path := filepath.Join(t.TempDir(), "events")
	told := map[int64]byte{}
	for round := range rounds {
		var children []*victim
		for p := range processes {
			children = append(children, start(t, path, int64(round*processes+p)*workers*perWorker))
		}
		time.Sleep(time.Duration(rand.IntN(150)) * time.Millisecond) // the instant of the kill is what is tried: any will do
		for _, c := range children {
			c.kill(t, told)
		}
		j, err := open(path)
		if err != nil {
			t.Fatalf("after kill %d the journal does not open: %v", round, err)
		}
		kept(t, j, told)
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d records survived %d kills", len(told), rounds*processes)
	if len(told) == 0 {
		t.Error("nothing was ever written")
	}
}

// fate is what a child does with an intent: confirm it, forget it, leave it.
func fate(n int64) byte { return "CFI"[n%3] }

// child writes until it is killed, and prints what it was told is durable.
func child(spec string, open func(path string) (attribution.Journal, error)) {
	number, path, _ := bytes.Cut([]byte(spec), []byte(" "))
	base, _ := strconv.ParseInt(string(number), 10, 64)
	j, err := open(string(path))
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	fmt.Println("ready")
	var all sync.WaitGroup
	for w := range int64(workers) {
		all.Go(func() {
			for n := base + w*perWorker + 1; n <= base+(w+1)*perWorker; n++ {
				r := []attribution.Record{rec(n, "ada")}
				err := j.Intend(context.Background(), r)
				say(err, 'I', n)
				switch fate(n) {
				case 'C':
					err = j.Confirm(context.Background(), []attribution.Record{confirmed(r[0])})
				case 'F':
					err = j.Forget(context.Background(), r)
				}
				say(err, fate(n), n)
			}
		})
	}
	all.Wait()
	select {} // until it is killed
}

// say prints one line, in one write.
func say(err error, what byte, n int64) {
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	_, _ = os.Stdout.WriteString(string(what) + " " + strconv.FormatInt(n, 10) + "\n")
}

// victim is a running child.
type victim struct {
	cmd *exec.Cmd
	out bytes.Buffer
	end chan struct{}
}

// start returns when the child has the journal open.
func start(t *testing.T, path string, base int64) *victim {
	t.Helper()
	v := &victim{cmd: exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$"), end: make(chan struct{})}
	v.cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d %s", childEnv, base, path))
	pipe, err := v.cmd.StdoutPipe()
	if err == nil {
		err = v.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(pipe)
	ready, _ := in.ReadString('\n')
	go func() {
		defer close(v.end)
		_, _ = v.out.ReadFrom(in)
	}()
	if ready != "ready\n" {
		_ = v.cmd.Process.Kill()
		t.Fatalf("the child says %q", ready)
	}
	return v
}

// kill ends the child with -9, and adds to told what it printed.
func (v *victim) kill(t *testing.T, told map[int64]byte) {
	t.Helper()
	_ = v.cmd.Process.Signal(syscall.SIGKILL)
	<-v.end
	_ = v.cmd.Wait()
	for line := range bytes.Lines(v.out.Bytes()) {
		n, err := strconv.ParseInt(string(bytes.TrimSpace(line[min(2, len(line)):])), 10, 64)
		if err != nil {
			t.Fatalf("the child says %q", line)
		}
		if line[0] != 'I' || told[n] == 0 {
			told[n] = line[0]
		}
	}
}

// kept asserts that what children were told is true, and that all else in the
// journal is whole and could be true.
func kept(t *testing.T, j attribution.Journal, told map[int64]byte) {
	t.Helper()
	all, err := j.Events(context.Background(), attribution.Query{Limit: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	there := map[int64]attribution.State{}
	for _, r := range all {
		want := rec(r.SeqNum, "ada")
		want.State = r.State
		if r.Timestamp = r.Timestamp.UTC(); r != want || there[r.SeqNum] != "" {
			t.Fatalf("%+v is torn, or there twice; written was\n%+v", r, want)
		}
		there[r.SeqNum] = r.State
	}
	for n, what := range told {
		got := there[n]
		ok := false
		switch {
		case what == 'C':
			ok = got == attribution.Confirmed
		case what == 'F':
			ok = got == ""
		case fate(n) == 'I':
			ok = got == attribution.Unconfirmed
		case fate(n) == 'C':
			ok = got != ""
		default:
			ok = got != attribution.Confirmed
		}
		if !ok {
			t.Errorf("%d was told to be %c, and is %q", n, what, got)
		}
	}
}
