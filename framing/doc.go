// Package framing is what Syncward knows about the wire (RFC 6455 §5): frame
// headers, masks and close payloads, the collector of a connection's first
// message, and the state machine that walks one direction of a relayed one.
//
//	m := framing.New(framing.Options{Sender: framing.Client, MaxMessage: 16 << 20})
//	step := m.Feed(in)         // in: what the socket had
//	other.Write(step.Out)      // then act on step.Event, go on with in[step.N:]
//
// It holds no sockets, clocks, goroutines or locks, does not know what messages
// say (framing/payload does), and neither negotiates nor undoes compression.
package framing
