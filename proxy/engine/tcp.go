package engine

import "net"

// keepAlive probes an idle peer after 60 s, and after that four times in
// another minute.
func keepAlive(t *net.TCPConn) error {
	err := t.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: deadAfter, Interval: deadAfter / 4, Count: 4})
	if err != nil {
		return err
	}
	return t.SetNoDelay(true)
}
