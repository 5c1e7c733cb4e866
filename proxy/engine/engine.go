// Package engine drives the relay of admitted connections: it moves bytes
// between two sockets through one framing.Machine for each direction, and ends
// a connection through one door.
//
//	conn := engine.Goroutines{}.Start(engine.Pipe{Client: c, Upstream: u, …})
//	conn.End(engine.Ending{ToClient: framing.Close{Code: 1012, Reason: "DRAINING"}})
//
// It decides nothing about who may connect and knows neither tokens nor
// protocols.
package engine

import (
	"net"

	"github.com/syncward/syncward/framing"
)

// Direction names one of a pipe's two directions.
type Direction int

// The directions.
const (
	ToUpstream Direction = iota // client → upstream
	ToClient                    // upstream → client
)

// Pipe is one admitted connection, ready to be relayed. The engine owns both
// sockets from Start on. Every func may be nil. Those that are called while the
// connection runs (Look, Refused, Count) may call the Conn's methods, must not
// block, and must not panic: a panic resets this connection and is reported in
// Result.Cause as a *PanicError.
type Pipe struct {
	Client, Upstream net.Conn
	// Up walks what the client sends, Down what the upstream sends.
	Up, Down framing.Options
	// FromClient and FromUpstream were read from the sockets already and are
	// fed to the machines first.
	FromClient, FromUpstream []byte
	// Started is called by Start, before any byte is relayed or any other func
	// of the Pipe called, with what Start is about to return. What it inserts
	// comes before the first byte of the other side.
	Started func(Conn)
	// Refused says how to end the connection when a Look refuses with cause.
	// Without it such a connection ends with 1011 on both sides.
	Refused func(cause error) Ending
	// Count is told what has gone through since it was last called: after each
	// batch of bytes that was read, so that metrics grow while a connection
	// lives. Both directions call it at once. Its sums are Result's figures.
	Count func(d Direction, bytes, frames int64)
	// Done is called once, when both sockets are closed.
	Done func(Result)
}

// By says who ended a connection.
type By string

// The closed list of enders.
const (
	ByClient   By = "client"
	ByUpstream By = "upstream"
	BySyncward By = "syncward"
)

// Result is the account of one finished connection.
type Result struct {
	// By is who ended it first. Whoever broke the protocol is ended by Syncward.
	By By
	// Code is the close code that decided: of the first close frame, or of the
	// one that Syncward told the client, or whoever broke the protocol. 0: the
	// TCP connection was lost, or a close frame came without a code.
	Code int
	// Cause is what a Look refused with, or a *PanicError; nil otherwise.
	Cause error
	// Bytes are those handed out in a direction, inserted frames included;
	// frames are the sender's.
	BytesUp, BytesDown   int64
	FramesUp, FramesDown int64
	TimedOut             bool // the close went out by reset, no frame boundary came
}

// Ending is what Syncward tells both sides when it ends a connection. The zero
// Close is a close frame without a code.
type Ending struct {
	ToClient, ToUpstream framing.Close
	// Before holds complete frames for the client that go out between
	// messages ahead of the close frame, where a message boundary is reached.
	Before []byte
}

// Conn is the hold that the rest of Syncward keeps on a running connection.
// All methods may be called from any goroutine, never block, and do nothing
// once the connection is over.
type Conn interface {
	// End ends the connection; the first call wins. From then on no further
	// client byte is relayed; the close goes out at the next frame boundary
	// towards the client, and where none comes within a second the connection
	// is reset.
	End(Ending)
	// Insert sends complete frames in direction d at the next message boundary.
	// Frames to the upstream must be masked.
	Insert(d Direction, frames []byte)
	// Resume goes on with a paused direction: the verdict stands for the
	// message that the Look paused at. It may come before the Look's Pause has
	// taken effect.
	Resume(d Direction, v framing.Verdict)
}

// Engine starts relays.
type Engine interface {
	Start(Pipe) Conn
}

// PanicError stands for a panic in a func of a Pipe. The panic's value is not
// kept, since it could hold a part of a token.
type PanicError struct {
	Stack []byte // of the goroutine; it holds addresses, no contents
}

// Error is a fixed phrase.
func (*PanicError) Error() string { return "engine: a func of the pipe panicked" }
