package payload

import (
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/syncward/syncward/framing"
)

// Errors of the readers. ErrBadFrame: it cannot be read (a refusal with
// BAD_FRAME). ErrAmbiguous, which is an ErrBadFrame, is that of a request that
// two readers could read differently, which is refused in every mode.
// ErrForbidden: it can be read, and speaks of something that this connection
// may not touch (FORBIDDEN); Found.Out is then set as without the error, for a
// mode that lets it through.
var (
	ErrBadFrame  = errors.New("payload: unreadable sync message")
	ErrAmbiguous = fmt.Errorf("%w: a parameter stands there twice", ErrBadFrame)
	ErrForbidden = errors.New("payload: message for another instance")
)

// Kind is what a client message is to Syncward.
type Kind int

// The kinds. Only a client that opted in (contract of docs/protocol.md) can
// send AuthRefresh and AuthLogout; its connection alone asks for them.
const (
	Application Kind = iota // the upstream's business
	AuthRefresh             // {"type":"auth.refresh"}: never relayed
	AuthLogout              // {"type":"auth.logout"}: never relayed
	// Ahead, from First alone: it may come before the first sync message, and
	// is relayed with it.
	Ahead
	// Opening and Within come from a protocol whose clients open any number of
	// instances on one connection: it asks to open one (with Token, where it has
	// one), or speaks of one that must be open. Which are open is the caller's to
	// know.
	Opening
	Within
)

// Found is what a Protocol found in one client message.
type Found struct {
	Kind     Kind
	Token    string // the credential; "" where there is none
	HasToken bool   // a token field with a non-empty string was there
	// SameToken: the token is the one of Bound.LastToken. Token is "" then.
	SameToken bool
	Instance  string // instanceId; "" where the message names none
	// Address, of Opening and Within, is under what name this connection opens
	// Instance: one instance may be open under several.
	Address string
	OptIn   bool // "authProtocol":1 was there
	// NeedsAnswer: a client that loses the connection between this message and
	// its answer does harm by what it does next; nothing is lost where the
	// message does not go on.
	NeedsAnswer bool
	// Out is the message without its credential, in every other byte as it
	// came; nil where nothing had to be taken out.
	Out []byte
}

// URLFound is what a Protocol found in the request's query string.
type URLFound struct {
	Token    string
	HasToken bool
	Instance string
	Named    bool   // the query names an instance, be it the empty one
	Query    string // the raw query without the credential
}

// Bound is what an admitted connection is bound to.
type Bound struct {
	// Instance is the instanceId that the connection was admitted for.
	Instance string
	// Pinned: a message that names another instance is ErrForbidden.
	Pinned bool
	// OptedIn: auth.* messages of this client are Syncward's (Found.Kind);
	// else they are application data.
	OptedIn bool
	// LastToken is the SHA-256 of the token that was judged last; zero: there is
	// none. A client repeats its token in message after message: one that is the
	// same need not be copied (Found.SameToken).
	LastToken [sha256.Size]byte
	// Room is memory in which Found.Out may be made, whatever it holds; nil: in
	// new memory.
	Room []byte
}

// Protocol reads what the clients of one sync protocol send. Implementations
// hold no state of a connection and may be used by many at once. They must not
// keep or change msg after they return; Found.Out may share memory with nothing
// but Bound.Room.
type Protocol interface {
	// Query reads the raw query of the upgrade or HTTP request, where the
	// protocol carries its payload there. Errors: ErrBadFrame, ErrAmbiguous.
	Query(raw string) (URLFound, error)
	// First reads the first sync message. Errors: ErrBadFrame, ErrForbidden.
	First(op framing.Opcode, msg []byte) (Found, error)
	// Later reads a later message of an admitted connection. A message that
	// needs no change has Found.Out nil. Errors: ErrBadFrame, ErrForbidden.
	Later(op framing.Opcode, msg []byte, b Bound) (Found, error)
	// InstanceInURL tells whether Query names the instance that a connection is
	// bound to from its request on.
	InstanceInURL() bool
	// ReadsAll tells whether Later must see every client message; then no
	// extension may be negotiated with the upstream.
	ReadsAll() bool
}
