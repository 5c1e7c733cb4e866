// Package http1 reads HTTP/1.1 request heads strictly (RFC 9112), keeping
// their bytes as they came, and holds every further request of a keep-alive
// connection to the same rules.
//
//	n, err := http1.End(buf, 32<<10) // 0: read on
//	head, err := http1.Parse(buf[:n])
//	conn := http1.NewGuard(tcp, buf, 32<<10, 5*time.Second) // for net/http
//
// What two readers could read differently is refused, never mended: that is
// the door of request smuggling. The package decides nothing about who may
// connect, writes no answer, and does not read responses other than the head
// of a 101.
package http1
