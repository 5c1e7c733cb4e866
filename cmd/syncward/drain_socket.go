package main

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"
)

// drainSocket is where `drain` finds `serve`: an abstract socket of Linux, which
// needs no writable folder and is there for the processes of one network
// namespace, the pod; elsewhere a file. Made of ADMIN_ADDR, it is another one for
// each serve of a namespace. "": none.
func (c *config) drainSocket() string {
	_, port, err := net.SplitHostPort(c.AdminAddr)
	switch {
	case c.DrainSocket != "":
		return c.DrainSocket
	case err != nil || port == "0" || port == "":
		return ""
	case runtime.GOOS == "linux":
		return "@syncward-drain-" + c.AdminAddr
	}
	return filepath.Join(os.TempDir(), "syncward-drain-"+port+".sock")
}

// checkDrainSocket faults what is no name of a socket.
func checkDrainSocket(c *config, r *report) {
	const longest = 100 // 108 in Linux, 104 elsewhere, less what ends it
	name := c.DrainSocket
	switch {
	case name == "":
	case !strings.HasPrefix(name, "/") && !strings.HasPrefix(name, "@") || len(name) < 2 || len(name) > longest:
		r.fault("DRAIN_SOCKET", "is no name of a socket; write an absolute path or @name, of at most %d bytes", longest)
	case name[0] == '@' && runtime.GOOS != "linux":
		r.fault("DRAIN_SOCKET", "@name works on Linux alone; write an absolute path")
	}
}

// drainDoor takes the wish to drain from processes of this machine that run as
// this user or as root: an abstract socket has no permissions of its own.
type drainDoor struct {
	ln    *net.UnixListener // nil: no door
	begin func()
	log   *zap.Logger
	over  chan struct{} // closed when the drain is over
	done  bool          // set before over is closed: it came to its end
	open  sync.WaitGroup
	// strangers has its places taken by those who will be refused, and all the
	// same are told so.
	strangers chan struct{}
}

const maxStrangers = 8

// openDrainDoor listens at path and calls begin for each that asks, from a
// goroutine of its own; "" is no door. The error is a fault of DRAIN_SOCKET.
func openDrainDoor(path string, begin func(), log *zap.Logger) (*drainDoor, error) {
	d := &drainDoor{begin: begin, log: log, over: make(chan struct{}), strangers: make(chan struct{}, maxStrangers)}
	if path == "" {
		return d, nil
	}
	if path[0] == '/' {
		removeStale(path)
	}
	ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err == nil && path[0] == '/' {
		err = os.Chmod(path, 0o600)
	}
	if err != nil {
		return nil, faults{{"DRAIN_SOCKET", "cannot be listened on (" + plain(err) + "); choose another"}}
	}
	d.ln = ln
	d.open.Go(d.accept)
	return d, nil
}

// probeDrain tries to listen, as serve will.
func probeDrain(c *config, running bool) probe {
	const name = "drain"
	path := c.drainSocket()
	d, err := openDrainDoor(path, func() {}, zap.NewNop())
	switch {
	case path == "":
		return probe{name, true, "no socket, since ADMIN_ADDR names no port"}
	case err != nil && running:
		return probe{name, true, path + " is in use by a running syncward"}
	case err != nil:
		return probe{name, false, plain(err)}
	}
	d.close(false)
	return probe{name, true, path}
}

// removeStale removes the socket that a serve left behind which was killed.
func removeStale(path string) {
	info, err := os.Lstat(path)
	if err != nil || info.Mode().Type() != os.ModeSocket {
		return
	}
	if c, err := net.Dial("unix", path); err == nil {
		_ = c.Close() // somebody is there
		return
	}
	_ = os.Remove(path)
}

// accept ends with the listener. A process that has no file left for one more
// connection has one later: the door stays.
func (d *drainDoor) accept() {
	for {
		conn, err := d.ln.AcceptUnix()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			select {
			case <-time.After(drainAgain):
			case <-d.over:
			}
		default:
			d.open.Go(func() { d.attend(conn) })
		}
	}
}

// The time that a client has for its word, and for hanging up after ours.
const (
	drainWordTime = 5 * time.Second
	drainLastTime = 2 * time.Second
	drainAgain    = 50 * time.Millisecond // behind an accept that failed
)

// attend answers one client, the last word when the drain is over.
func (d *drainDoor) attend(conn *net.UnixConn) {
	defer conn.Close()
	uid, known := peerUID(conn)
	stranger := known && !mayDrain(uid, os.Geteuid())
	if stranger {
		select {
		case d.strangers <- struct{}{}:
			defer func() { <-d.strangers }()
		default: // they must not take up all the files that this process may open
			return
		}
	}
	_ = conn.SetDeadline(time.Now().Add(drainWordTime))
	// Read before it is answered: a close on unread data would swallow the answer.
	in := bufio.NewReaderSize(conn, 16)
	word, _ := in.ReadSlice('\n')
	if string(word) != wordDrain+"\n" {
		return
	}
	if stranger {
		d.log.Warn("drain refused", zap.Int("uid", uid))
		fmt.Fprintln(conn, wordRefused)
		return
	}
	fmt.Fprintln(conn, wordBegun)
	d.begin()
	<-d.over
	if !d.done {
		return
	}
	// A hook that is killed with this process counts as failed: it goes first.
	_ = conn.SetDeadline(time.Now().Add(drainLastTime))
	fmt.Fprintln(conn, wordOver)
	_, _ = in.ReadByte()
}

// mayDrain tells whether a process of user uid may drain one of user own.
func mayDrain(uid, own int) bool { return uid == own || uid == 0 }

// close tells those who wait that the drain is over, or, where done is false,
// that nothing more will come of it, and ends all that the door began.
func (d *drainDoor) close(done bool) {
	if d.ln != nil {
		_ = d.ln.Close()
	}
	d.done = done
	close(d.over)
	d.open.Wait()
}
