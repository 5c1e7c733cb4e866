package livestore

import (
	"bytes"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/framing/payload"
)

// What the server says of its log, over a socket one object a message:
//
//	0.4
//	  {"_tag":"Chunk","requestId":"0","values":[{"batch":[{"eventEncoded":{…},…}],"backendId":"…",…}]}
//	  {"_tag":"Exit","requestId":"1","exit":{"_tag":"Success","value":{}}}       a push; a pull has no value
//	  {"_tag":"Exit","requestId":"1","exit":{"_tag":"Failure","cause":{"_tag":"Fail","error":{"_tag":"ServerAheadError",…}}}}
//	0.3.1
//	  {"_tag":"WSMessage.PushAck","requestId":"…"}
//	  {"_tag":"WSMessage.PullRes","batch":[…],…}
//	  {"_tag":"WSMessage.Error","requestId":"…","message":"…"}
//
// An HTTP answer is an array of the first two.

// aheadOf03 begins the one message of 0.3.1's server that is said before
// anything is stored. It acknowledges a push before it stores it.
const aheadOf03 = "Invalid parent event number. Received e"

// told is the part of a server's message that says something of the log.
type told struct {
	Tag       string         `json:"_tag"`
	RequestID jsontext.Value `json:"requestId"`
	Message   string         `json:"message"`
	Batch     []handedOut    `json:"batch"`
	Values    []struct {
		Batch     []handedOut `json:"batch"`
		BackendID string      `json:"backendId"`
	} `json:"values"`
	Exit struct {
		Tag   string         `json:"_tag"`
		Value jsontext.Value `json:"value"`
		Cause struct {
			Tag   string `json:"_tag"`
			Error struct {
				Tag string `json:"_tag"`
			} `json:"error"`
		} `json:"cause"`
	} `json:"exit"`
}

type handedOut struct {
	Event event `json:"eventEncoded"`
}

// Told reads what the server says of its log: which pushes were taken, which
// turned down for certain, and which events it hands out. An event of another
// shape, such as one without a seqNum, is left out.
func (p *Protocol) Told(_ framing.Opcode, msg []byte) payload.News {
	// A lone surrogate in an old event must not hide the others: what reads it
	// as U+FFFD has another hash, and no more.
	read := json.JoinOptions(jsontext.AllowInvalidUTF8(true))
	var all []told
	if trimmed := bytes.TrimLeft(msg, " \t\r\n"); len(trimmed) > 0 && trimmed[0] == '[' {
		if json.Unmarshal(msg, &all, read) != nil {
			return payload.News{}
		}
	} else {
		all = make([]told, 1)
		if json.Unmarshal(msg, &all[0], read) != nil {
			return payload.News{}
		}
	}
	var n payload.News
	for _, t := range all {
		t.tell(&n)
	}
	return n
}

// tell adds what one message says.
func (t told) tell(n *payload.News) {
	switch t.Tag {
	case "Chunk":
		for _, v := range t.Values {
			if v.BackendID != "" {
				n.Backend = v.BackendID
			}
			see(n, v.Batch)
		}
	case "WSMessage.PullRes":
		see(n, t.Batch)
	case "Exit":
		t.answer(n, t.outcome())
	case "WSMessage.PushAck":
		t.answer(n, payload.Accepted)
	case "WSMessage.Error":
		if strings.HasPrefix(t.Message, aheadOf03) {
			t.answer(n, payload.Rejected)
		} else {
			t.answer(n, payload.Unclear)
		}
	}
}

func (t told) answer(n *payload.News, o payload.Outcome) {
	if id := requestID(t.RequestID); id != "" {
		n.Answers = append(n.Answers, payload.Answer{Request: id, Outcome: o})
	}
}

// outcome judges an Exit. Both errors are found before anything is stored; any
// other cause, alone or beside them, may come behind a part of the batch. A
// success without a value is that of a pull, not of a push.
func (t told) outcome() payload.Outcome {
	failed := t.Exit.Tag == "Failure" && t.Exit.Cause.Tag == "Fail"
	switch {
	case t.Exit.Tag == "Success" && t.Exit.Value.Kind() == '{':
		return payload.Accepted
	case failed && (t.Exit.Cause.Error.Tag == "ServerAheadError" || t.Exit.Cause.Error.Tag == "BackendIdMismatchError"):
		return payload.Rejected
	}
	return payload.Unclear
}

func see(n *payload.News, batch []handedOut) {
	for _, h := range batch {
		if e, ok := h.Event.entry(); ok {
			n.Seen = append(n.Seen, e)
		}
	}
}
