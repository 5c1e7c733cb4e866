// Package load is the load generator: it opens WebSocket connections and
// drives them in closed loops, at a fixed rate, in bulk, or just opens and
// closes them.
//
//	c := load.Client{Addr: "127.0.0.1:8080", Path: "/echo", First: first}
//	trips, err := load.Closed(ctx, conns, load.Message(128), limit)
//
// Every answer is compared with what was sent. It knows nothing of what stands
// between it and the echo server, and measures no CPU.
package load

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/syncward/syncward/bench/internal/wire"
	"golang.org/x/sys/unix"
)

// patience is how long anything may take before the run is called broken; no
// figure depends on it.
const patience = 10 * time.Second

// mask is the key of every frame of ours.
var mask = [4]byte{0x5a, 0xc3, 0x17, 0x8e}

// Client says how a connection is opened.
type Client struct {
	Addr   string // host:port of the proxy
	Path   string // /echo or /sink
	Bearer string // for the Authorization header; empty: none
	First  []byte // payload of the first frame; its answer is awaited
}

// Message returns a JSON text of n bytes (32 or more), as an application sends.
func Message(n int) []byte {
	const head, tail = `{"type":"event","data":"`, `"}`
	return []byte(head + strings.Repeat("x", n-len(head)-len(tail)) + tail)
}

// frame returns a client's masked text frame.
func frame(payload []byte) []byte {
	return wire.AppendFrame(nil, wire.Header{Fin: true, Opcode: wire.Text, Masked: true, Mask: mask}, payload)
}

// Open connects, upgrades, sends the first frame and waits for its answer,
// which it returns with the connection.
func (c Client) Open(ctx context.Context) (conn net.Conn, answer []byte, err error) {
	d := net.Dialer{Timeout: patience, KeepAlive: -1}
	if conn, err = d.DialContext(ctx, "tcp", c.Addr); err != nil {
		return nil, nil, err
	}
	if answer, err = c.introduce(conn); err != nil {
		conn.Close()
		return nil, nil, err
	}
	return conn, answer, nil
}

// introduce is the handshake and the first frame.
func (c Client) introduce(conn net.Conn) (answer []byte, err error) {
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	if _, err := conn.Write(wire.Request(c.Addr, c.Path, c.Bearer)); err != nil {
		return nil, err
	}
	buf, head := make([]byte, 4096), []byte(nil)
	for !bytes.Contains(head, []byte("\r\n\r\n")) {
		n, err := conn.Read(buf)
		if err != nil {
			return nil, fmt.Errorf("load: handshake: %w", err)
		}
		head = append(head, buf[:n]...)
	}
	status, _, _ := strings.Cut(string(head), "\r\n")
	if !strings.HasPrefix(status, "HTTP/1.1 101") || wire.Field(string(head), "Sec-WebSocket-Accept") != wire.Accept(wire.Key) {
		return nil, fmt.Errorf("load: the upgrade was answered with %q", status)
	}
	if _, err := conn.Write(frame(c.First)); err != nil {
		return nil, err
	}
	return readMessage(conn, buf)
}

// errMessage ends a walk at the end of a message.
var errMessage = errors.New("load: end of message")

// readMessage reads one message; behind it nothing is expected.
func readMessage(conn net.Conn, buf []byte) (message []byte, err error) {
	var scan wire.Scanner
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return nil, fmt.Errorf("load: first answer: %w", err)
		}
		err = scan.Feed(buf[:n], func(h wire.Header, _ int64, run []byte, end bool) error {
			message = append(message, run...)
			switch {
			case h.Opcode == wire.Close:
				return fmt.Errorf("load: closed instead of answered: %q", run)
			case end && h.Fin:
				return errMessage
			}
			return nil
		})
		if errors.Is(err, errMessage) {
			return message, nil
		} else if err != nil {
			return nil, err
		}
	}
}

// Finish ends a connection as a browser does: a close frame, the other side's
// close frame, the end of the stream.
func Finish(conn net.Conn) error {
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	bye := wire.AppendFrame(nil, wire.Header{Fin: true, Opcode: wire.Close, Masked: true, Mask: mask}, []byte{0x03, 0xe8})
	if _, err := conn.Write(bye); err != nil {
		return err
	}
	buf := make([]byte, 512)
	for {
		if _, err := conn.Read(buf); err != nil {
			return nil // io.EOF or a reset: it is over
		}
	}
}

// take returns the socket of a connection as a descriptor of its own, still
// non-blocking, and closes the connection's.
func take(conn net.Conn) (fd int, err error) {
	defer conn.Close()
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		return -1, err
	}
	failed := raw.Control(func(original uintptr) {
		fd, err = unix.FcntlInt(original, unix.F_DUPFD_CLOEXEC, 0)
	})
	return fd, errors.Join(err, failed)
}
