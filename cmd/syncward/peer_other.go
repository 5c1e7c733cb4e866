//go:build !linux

package main

import "net"

// peerUID knows nobody: here the socket is a file, with permissions.
func peerUID(*net.UnixConn) (uid int, known bool) { return 0, false }
