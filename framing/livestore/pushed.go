package livestore

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/framing/payload"
)

var _ payload.Log = (*Protocol)(nil)

// offered is the part of a client's message that says what it pushes: the
// batch stands at the root in 0.3.1, in the payload in 0.4 and over HTTP.
type offered struct {
	Tag       string         `json:"_tag"`
	ID        jsontext.Value `json:"id"`
	RequestID jsontext.Value `json:"requestId"`
	Call      string         `json:"tag"`
	Batch     []event        `json:"batch"`
	Payload   struct {
		Batch     []event `json:"batch"`
		BackendID option  `json:"backendId"`
	} `json:"payload"`
}

// option is how Effect writes a value that may be missing.
type option struct {
	Tag   string `json:"_tag"`
	Value string `json:"value"`
}

func (o option) some() string {
	if o.Tag == "Some" {
		return o.Value
	}
	return ""
}

// Pushed reads the batch of a push: SyncWsRpc.Push or SyncHttpRpc.Push of a
// Request (0.4), or WSMessage.PushReq (0.3.1). The id is told of every Request,
// and of a PushReq with an empty batch; a PullReq is answered by nothing that
// could be taken for a push's answer. The error is ErrBadFrame for an event that the server
// would not store as it stands: one without its strings, or whose seqNum is not
// written as a plain integer from 1 to 2^53-1, as every JavaScript client
// writes it, or whose arguments hold a number that JavaScript cannot.
func (p *Protocol) Pushed(_ framing.Opcode, msg []byte) (payload.Push, error) {
	if string(msg) == ping || string(msg) == ping03 {
		return payload.Push{}, nil
	}
	m, err := p.read(msg)
	if err != nil {
		return payload.Push{}, err
	}
	request := m.tag.Is(msg, "Request")
	if !request && !m.tag.Is(msg, "WSMessage.PushReq") {
		return payload.Push{}, nil
	}
	var o offered
	if json.Unmarshal(msg, &o) != nil {
		return payload.Push{}, payload.ErrBadFrame
	}
	push := payload.Push{Request: requestID(o.RequestID)}
	batch := o.Batch
	if request {
		push.Request, batch = requestID(o.ID), nil
	}
	if push.Request == "" {
		return payload.Push{}, payload.ErrBadFrame
	}
	if request && (o.Call == "SyncWsRpc.Push" || o.Call == "SyncHttpRpc.Push") {
		batch = o.Payload.Batch
		push.Backend = o.Payload.BackendID.some()
		push.Unsaid = push.Backend == ""
	}
	for _, e := range batch {
		entry, ok := e.entry()
		if !ok {
			return payload.Push{}, payload.ErrBadFrame
		}
		push.Events = append(push.Events, entry)
	}
	return push, nil
}

// requestID gives an id as the JSON text that JavaScript writes for it, so that
// two spellings of one id are one, and "1" and 1 are two; "" for what is none.
func requestID(raw jsontext.Value) string {
	if k := raw.Kind(); k != '"' && k != '0' {
		return ""
	}
	id := raw.Clone()
	if id.Canonicalize() != nil {
		return ""
	}
	return string(id)
}
