package main

import (
	"net"
	"syscall"
)

// peerUID returns the user that the process at the other end ran as when it
// connected, as the kernel says (SO_PEERCRED in unix(7)). What cannot be asked
// is nobody who may do anything.
func peerUID(conn *net.UnixConn) (uid int, known bool) {
	const nobody = -1
	raw, err := conn.SyscallConn()
	if err != nil {
		return nobody, true
	}
	uid = nobody
	_ = raw.Control(func(fd uintptr) {
		if cred, err := syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED); err == nil {
			uid = int(cred.Uid)
		}
	})
	return uid, true
}
