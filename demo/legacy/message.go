package legacy

import "encoding/json"

// incoming is what a client sends.
type incoming struct {
	Type       string          `json:"type"`
	InstanceID string          `json:"instanceId"`
	Since      int             `json:"since"` // the last seq that the client has
	Event      json.RawMessage `json:"event"`
}

// eventID is the part of an event that the server reads.
type eventID struct {
	ID string `json:"id"`
}

// outgoing is what the server sends.
type outgoing struct {
	Type       string          `json:"type"`
	InstanceID string          `json:"instanceId,omitempty"`
	Seq        int             `json:"seq"`
	UserID     string          `json:"userId,omitempty"`
	Event      json.RawMessage `json:"event,omitempty"`
	Ack        []string        `json:"ack,omitempty"`
	Message    string          `json:"message,omitempty"`
}

// bytes is the message's frame content.
func (o outgoing) bytes() []byte {
	b, err := json.Marshal(o)
	if err != nil { // Event was read as JSON, and the rest is strings and numbers
		panic("legacy: " + err.Error())
	}
	return b
}

func sorry(message string) []byte { return outgoing{Type: "error", Message: message}.bytes() }
