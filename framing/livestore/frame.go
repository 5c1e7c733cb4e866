package livestore

import (
	"strings"

	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/framing/payload"
)

// What a client sends over a socket, each one JSON object:
//
//	0.4 (Effect RPC)
//	  {"_tag":"Ping"}                                   every 10 s
//	  {"_tag":"Request","id":"7","tag":"SyncWsRpc.Push",
//	   "payload":{"storeId":"s","payload":{"authToken":"…"},…},…}
//	  {"_tag":"Ack","requestId":"7"}                    after each chunk
//	  {"_tag":"Interrupt","requestId":"7"}
//	  {"_tag":"Eof"}                                    known to the RPC server; not seen
//	0.3.1
//	  {"_tag":"WSMessage.Ping","requestId":"ping"}      answered only in these very bytes
//	  {"_tag":"WSMessage.PullReq","requestId":"…"}
//	  {"_tag":"WSMessage.PushReq","requestId":"…","batch":[…]}
//	  {"_tag":"WSMessage.AdminResetRoomReq",…}          WSMessage.AdminInfoReq
//
// An HTTP body is one Request of SyncHttpRpc.
const (
	ping   = `{"_tag":"Ping"}`
	ping03 = `{"_tag":"WSMessage.Ping","requestId":"ping"}`

	admin = "WSMessage.Admin"
)

var (
	socketCalls = []string{"SyncWsRpc.Pull", "SyncWsRpc.Push"}
	httpCalls   = []string{"SyncHttpRpc.Pull", "SyncHttpRpc.Push", "SyncHttpRpc.Ping"}
)

// A client of 0.3.1 that loses its connection between a push that was stored and
// its PushAck pushes the same events once more under other numbers, and the
// clients that get both fail (docs/livestore.md).

// Later judges one client message, text or binary. Of a Request only the token
// goes, whatever stands at its field (HasToken is true for a non-empty string);
// all other messages pass as they are.
//
// Errors: ErrForbidden for a Request of another store than b.Instance and for
// an admin message that is not allowed. ErrBadFrame for all that is not on the
// list above: what is no strict JSON object, a Request without a storeId, and
// ids that are no decimal strings. The upstream reads an id by BigInt: a number
// or a word leaves its connection without any further answer, and "01" or ""
// would be answered under another id than the client's.
func (p *Protocol) Later(_ framing.Opcode, msg []byte, b payload.Bound) (payload.Found, error) {
	if string(msg) == ping || string(msg) == ping03 {
		return payload.Found{}, nil
	}
	if b.OptedIn {
		if f, ok := payload.AuthMessage(msg); ok {
			return f, nil
		}
	}
	m, err := p.read(msg)
	if err != nil {
		return payload.Found{}, err
	}
	switch {
	case m.tag.Is(msg, "Request"):
		return p.request(m, b, socketCalls)
	case m.tag.Is(msg, "Ack"), m.tag.Is(msg, "Interrupt"):
		if !decimal(msg, m.requestID) {
			return payload.Found{}, payload.ErrBadFrame
		}
		return payload.Found{}, nil
	case m.tag.Is(msg, "Ping"), m.tag.Is(msg, "Eof"),
		m.tag.Is(msg, "WSMessage.Ping"), m.tag.Is(msg, "WSMessage.PullReq"):
		return payload.Found{}, nil
	case m.tag.Is(msg, "WSMessage.PushReq"):
		return payload.Found{NeedsAnswer: true}, nil
	case strings.HasPrefix(m.tag.Text(msg), admin):
		if !p.options.AllowAdmin {
			return payload.Found{}, payload.ErrForbidden
		}
		return payload.Found{}, nil
	}
	return payload.Found{}, payload.ErrBadFrame
}

// First judges a message like Later, for a connection that is bound to no
// store: no Request passes. LiveStore has no first sync message; its token
// rides in the URL.
func (p *Protocol) First(op framing.Opcode, msg []byte) (payload.Found, error) {
	return p.Later(op, msg, payload.Bound{})
}

// Body judges the body of a request of the HTTP transport, read whole and
// without a content encoding, as Later judges a Request.
func (p *Protocol) Body(msg []byte, b payload.Bound) (payload.Found, error) {
	m, err := p.read(msg)
	if err != nil {
		return payload.Found{}, err
	}
	if !m.tag.Is(msg, "Request") {
		return payload.Found{}, payload.ErrBadFrame
	}
	return p.request(m, b, httpCalls)
}

// message is a message and where its parts are.
type message struct {
	msg                                  []byte
	tag, id, requestID, call, store, tok payload.Value
}

var (
	tagField       = payload.MustPointer("/_tag")
	idField        = payload.MustPointer("/id")
	requestIDField = payload.MustPointer("/requestId")
	callField      = payload.MustPointer("/tag")
	storeField     = payload.MustPointer("/payload/storeId")
)

func (p *Protocol) read(msg []byte) (message, error) {
	want := [...]payload.Pointer{tagField, idField, requestIDField, callField, storeField, p.inFrame}
	var at [len(want)]payload.Value
	if err := payload.Scan(msg, want[:], at[:]); err != nil {
		return message{}, err
	}
	return message{msg: msg, tag: at[0], id: at[1], requestID: at[2], call: at[3], store: at[4], tok: at[5]}, nil
}

// decimal tells whether v is a string that holds an integer as the upstream
// would write it, of up to 18 digits.
func decimal(msg []byte, v payload.Value) bool {
	if v.Kind != '"' {
		return false
	}
	digits := msg[v.Start+1 : v.End-1]
	if len(digits) == 0 || len(digits) > 18 || digits[0] == '0' && len(digits) > 1 {
		return false
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// request judges a Request that must call one of calls.
func (p *Protocol) request(m message, b payload.Bound, calls []string) (payload.Found, error) {
	known := false
	for _, call := range calls {
		known = known || m.call.Is(m.msg, call)
	}
	if !known || !decimal(m.msg, m.id) || m.store.Kind != '"' {
		return payload.Found{}, payload.ErrBadFrame
	}
	f := m.tok.Take(m.msg, p.options.Replace, b)
	f.Instance = b.Instance
	if b.Instance == "" || !m.store.Is(m.msg, b.Instance) {
		return f, payload.ErrForbidden
	}
	return f, nil
}
