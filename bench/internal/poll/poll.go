// Package poll is the little of epoll that a load generator, an echo server
// and a floor need: wait, read, write, with no goroutine per connection, so
// that they cost next to nothing beside the proxy that is measured.
//
//	p, err := poll.New()
//	err = p.Watch(fd, poll.Readable)
//	for _, ev := range p.Wait(-1) { ... }
//
// It does not know connections, buffers or back-pressure. Linux only.
package poll

import (
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Readiness, as given to Watch and Change.
const (
	Readable uint32 = unix.EPOLLIN
	Writable uint32 = unix.EPOLLOUT
	// Exclusive wakes one of several loops that share a listener.
	Exclusive uint32 = unix.EPOLLEXCLUSIVE
)

// Poller is one epoll instance, used by one thread.
type Poller struct {
	fd     int
	events [256]unix.EpollEvent
}

// New returns an empty Poller.
func New() (*Poller, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	return &Poller{fd: fd}, err
}

// Close gives the epoll instance back; the watched sockets stay open.
func (p *Poller) Close() error { return unix.Close(p.fd) }

// Watch begins to report a socket's readiness, level triggered.
func (p *Poller) Watch(fd int, ready uint32) error {
	return unix.EpollCtl(p.fd, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: ready, Fd: int32(fd)})
}

// Change replaces what is reported of a watched socket; 0 reports only errors
// and hang-ups.
func (p *Poller) Change(fd int, ready uint32) error {
	return unix.EpollCtl(p.fd, unix.EPOLL_CTL_MOD, fd, &unix.EpollEvent{Events: ready, Fd: int32(fd)})
}

// Wait returns what is ready within d; negative is for ever. The slice is good
// until the next call. An interrupted wait returns nothing.
func (p *Poller) Wait(d time.Duration) []unix.EpollEvent {
	var limit *unix.Timespec
	if d >= 0 {
		ts := unix.NsecToTimespec(int64(d))
		limit = &ts
	}
	n, _, errno := unix.Syscall6(unix.SYS_EPOLL_PWAIT2, uintptr(p.fd), uintptr(unsafe.Pointer(&p.events[0])),
		uintptr(len(p.events)), uintptr(unsafe.Pointer(limit)), 0, 0)
	if errno != 0 {
		return nil
	}
	return p.events[:n]
}

// WaitRaw is Wait without telling the Go scheduler, for at most d: nothing is
// handed over and nothing woken, and a stop of the world may wait as long.
func (p *Poller) WaitRaw(d time.Duration) []unix.EpollEvent {
	ts := unix.NsecToTimespec(int64(d))
	n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT2, uintptr(p.fd), uintptr(unsafe.Pointer(&p.events[0])),
		uintptr(len(p.events)), uintptr(unsafe.Pointer(&ts)), 0, 0)
	if errno != 0 {
		return nil
	}
	return p.events[:n]
}
