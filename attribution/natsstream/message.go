package natsstream

import (
	"encoding/hex"
	"errors"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/syncward/syncward/attribution"
)

// message is what a record's message holds. Whether it is confirmed is told by
// its subject.
type message struct {
	StoreID      string `json:"storeId"`
	BackendID    string `json:"backendId,omitzero"`
	SeqNum       int64  `json:"seqNum,omitzero"`
	EventID      string `json:"eventId,omitzero"`
	Name         string `json:"name,omitzero"`
	ClientID     string `json:"clientId,omitzero"`
	SessionID    string `json:"sessionId,omitzero"`
	Hash         string `json:"hash"`
	UserID       string `json:"userId,omitzero"`
	ConnectionID string `json:"connectionId,omitzero"`
	Timestamp    int64  `json:"timestamp,omitzero"` // ms since the epoch
	Attempt      int64  `json:"attempt,omitzero"`
}

// encode cannot fail: a record's texts are UTF-8.
func encode(r attribution.Record) ([]byte, error) {
	m := message{r.StoreID, r.BackendID, r.SeqNum, r.EventID, r.Name, r.ClientID, r.SessionID,
		hex.EncodeToString(r.Hash[:]), r.UserID, r.ConnectionID, 0, r.Attempt}
	if !r.Timestamp.IsZero() {
		m.Timestamp = r.Timestamp.UnixMilli()
	}
	return json.Marshal(m)
}

var errMessage = errors.New("a message in the stream is no record")

// decode reads a message. What a later version adds is not looked at.
func decode(b []byte, state attribution.State) (r attribution.Record, err error) {
	var m message
	if json.Unmarshal(b, &m) != nil || len(m.Hash) != hex.EncodedLen(len(r.Hash)) {
		return r, errMessage
	}
	r = attribution.Record{StoreID: m.StoreID, BackendID: m.BackendID, SeqNum: m.SeqNum, EventID: m.EventID, Name: m.Name,
		ClientID: m.ClientID, SessionID: m.SessionID, Attempt: m.Attempt, State: state,
		Author: attribution.Author{UserID: m.UserID, ConnectionID: m.ConnectionID}}
	if m.Timestamp != 0 {
		r.Timestamp = time.UnixMilli(m.Timestamp).UTC()
	}
	if _, err := hex.Decode(r.Hash[:], []byte(m.Hash)); err != nil {
		return r, errMessage
	}
	return r, nil
}
