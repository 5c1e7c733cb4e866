// Package framing is what Syncward knows about the wire: frame headers, masks
// and close payloads (RFC 6455 §5), the first sync message of a connection, the
// state machine that walks one direction of a relayed one, and the readers that
// find a credential in a message and take it out.
//
//	m := framing.New(framing.Options{Sender: framing.Client, MaxMessage: 16 << 20})
//	step := m.Feed(in)         // in: what the socket had
//	other.Write(step.Out)      // then act on step.Event, go on with in[step.N:]
//
// It holds no sockets, clocks, goroutines or locks, decides nothing about who
// may connect, and neither negotiates nor undoes compression.
package framing
