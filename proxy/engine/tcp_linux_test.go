package engine_test

import (
	"testing"

	"golang.org/x/sys/unix"

	"github.com/syncward/syncward/proxy/engine"
)

func TestTuneSetsKeepaliveAndUserTimeoutToAMinute(t *testing.T) {
	c, _ := pair(t)
	if err := engine.Tune(c); err != nil {
		t.Fatal(err)
	}
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	raw.Control(func(fd uintptr) {
		for name, v := range map[string]struct{ level, option, want int }{
			"keepalive":    {unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1},
			"idle":         {unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, 60},
			"user timeout": {unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, 60000},
			"no delay":     {unix.IPPROTO_TCP, unix.TCP_NODELAY, 1},
		} {
			if got, err := unix.GetsockoptInt(int(fd), v.level, v.option); got != v.want || err != nil {
				t.Errorf("%s: %d, %v", name, got, err)
			}
		}
	})
}
