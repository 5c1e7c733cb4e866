package peers

import (
	"io"
	"net"
)

// splice is the TCP proxy that one writes in Go in ten minutes: two goroutines
// a connection, and io.Copy, which is splice(2) between two TCP sockets.
func splice(cfg Config) error {
	listener, err := net.Listen("tcp", cfg.Listen.String())
	if err != nil {
		return err
	}
	for {
		client, err := listener.Accept()
		if err != nil {
			return err
		}
		go func() {
			upstream, err := net.Dial("tcp", cfg.Upstream.String())
			if err != nil {
				client.Close()
				return
			}
			go pour(upstream, client)
			pour(client, upstream)
		}()
	}
}

// pour copies until the source ends or the sink fails, then ends both.
func pour(to, from net.Conn) {
	io.Copy(to, from) // an error ends the pair like an end of the stream
	to.Close()
	from.Close()
}
