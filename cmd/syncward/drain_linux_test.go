package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// A process that may open no more files for a while, say, cannot accept.
func TestTheDoorOutlivesAnAcceptThatFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	d, asked := doorAt(t, path)
	defer d.close(false)
	must(t, d.ln.SetDeadline(time.Unix(1, 0)))
	time.Sleep(10 * time.Millisecond) // so that an accept fails, which tells nobody; too short a time fails no test
	must(t, d.ln.SetDeadline(time.Time{}))
	c, err := net.Dial("unix", path)
	must(t, err)
	defer c.Close()
	_, err = fmt.Fprintln(c, wordDrain)
	must(t, err)
	select {
	case <-asked:
	case <-time.After(20 * time.Second):
		t.Error("nobody is at the door any more")
	}
}

// dialAs connects as another user; that takes root.
func dialAs(t *testing.T, uid int, path string) net.Conn {
	t.Helper()
	made := make(chan net.Conn, 1)
	go func() {
		runtime.LockOSThread() // for good: the thread ends with the goroutine
		if _, _, e := syscall.RawSyscall(syscall.SYS_SETRESUID, uintptr(uid), uintptr(uid), uintptr(uid)); e != 0 {
			t.Error(e)
		}
		c, err := net.Dial("unix", path)
		if err != nil {
			t.Error(err)
		}
		made <- c
	}()
	c := <-made
	if c == nil {
		t.FailNow()
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// Each that is attended costs a file of serve's, and files run out.
func TestThoseWhoMayNotDrainDoNotTakeUpTheDoor(t *testing.T) {
	if os.Geteuid() != 0 {
		return
	}
	name := fmt.Sprintf("@syncward-drain-strangers-%d", os.Getpid())
	d, asked := doorAt(t, name)
	defer d.close(false)
	ended := make(chan error, 100)
	for range maxStrangers + 20 {
		c := dialAs(t, 65533, name)
		go func() { _, err := io.ReadAll(c); ended <- err }()
	}
	for range 20 {
		select {
		case <-ended: // unheard
		case <-time.After(4 * time.Second): // less than the time for a word
			t.Fatal("strangers that say nothing are attended without a limit")
		}
	}
	c, err := net.Dial("unix", name)
	must(t, err)
	defer c.Close()
	_, err = fmt.Fprintln(c, wordDrain)
	must(t, err)
	<-asked
}
