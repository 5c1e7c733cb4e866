package rig

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Process is a child process in a group of its own, with its output kept.
type Process struct {
	// Stdin is the child's standard input; closing it twice is harmless.
	Stdin io.WriteCloser

	name string
	cmd  *exec.Cmd
	done chan struct{}
	err  error // of Wait; read it after done
	out  lines
}

// Start runs argv with env on top of a bare environment (PATH and HOME) and
// stops it when the test ends; the output goes to the test's log if it failed.
func Start(t testing.TB, name, dir string, env []string, argv ...string) *Process {
	t.Helper()
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir = dir
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}, env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p := &Process{name: name, cmd: cmd, done: make(chan struct{})}
	p.out.changed = make(chan struct{})
	cmd.Stdout, cmd.Stderr = &p.out, &p.out
	cmd.WaitDelay = 5 * time.Second // a grandchild may hold the pipes open
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	p.Stdin = stdin
	if err := cmd.Start(); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() {
		p.Stop()
		if t.Failed() {
			t.Logf("output of %s:\n%s", name, p.Output())
		}
	})
	return p
}

// Stop ends the process group: SIGTERM, SIGKILL after 15 s. Calling it again,
// or for a process that has ended, does nothing more.
func (p *Process) Stop() {
	p.signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(15 * time.Second):
	}
	// Also for what a dead leader left behind in its group.
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	<-p.done
}

// Kill ends the process with -9, and returns when it is gone.
func (p *Process) Kill() {
	p.signal(syscall.SIGKILL)
	<-p.done
}

// signal reaches the group, and only while its leader has not been waited for.
func (p *Process) signal(sig syscall.Signal) {
	select {
	case <-p.done:
	default:
		_ = syscall.Kill(-p.cmd.Process.Pid, sig)
	}
}

// Exited tells whether the process has ended.
func (p *Process) Exited() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// Wait waits for the end and returns its error; it fails the test after d.
func (p *Process) Wait(t testing.TB, d time.Duration) error {
	t.Helper()
	select {
	case <-p.done:
		return p.err
	case <-time.After(d):
		t.Fatalf("%s still runs after %v", p.name, d)
		return nil
	}
}

// Output returns everything that the process has written so far.
func (p *Process) Output() string {
	p.out.mu.Lock()
	defer p.out.mu.Unlock()
	return p.out.buf.String()
}

// Line waits for the first complete output line, from offset from on, that
// accept takes; it returns the line and the offset behind it. It fails the test
// when the process ends first, or after d.
func (p *Process) Line(t testing.TB, from int, d time.Duration, what string, accept func(string) bool) (string, int) {
	t.Helper()
	deadline := time.After(d)
	for ended := false; ; {
		p.out.mu.Lock()
		all, changed := p.out.buf.String(), p.out.changed
		p.out.mu.Unlock()
		for {
			n := strings.IndexByte(all[from:], '\n')
			if n < 0 {
				break
			}
			line := all[from : from+n]
			from += n + 1
			if accept(line) {
				return line, from
			}
		}
		if ended {
			t.Fatalf("%s ended (%v) while the test waited for %s; output:\n%s", p.name, p.err, what, all)
		}
		select {
		case <-changed:
		case <-p.done:
			ended = true
		case <-deadline:
			t.Fatalf("%s: no %s within %v; output:\n%s", p.name, what, d, all)
		}
	}
}

// lines is an output that can be waited on.
type lines struct {
	mu      sync.Mutex
	buf     bytes.Buffer
	changed chan struct{} // closed and replaced at each write
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.changed)
	l.changed = make(chan struct{})
	return l.buf.Write(b)
}
