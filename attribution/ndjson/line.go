package ndjson

import (
	"encoding/hex"
	"errors"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/syncward/syncward/attribution"
)

// kind is what a line says. The list is closed.
type kind string

const (
	header  kind = "syncward-journal" // the first line of each file
	intent  kind = "intent"           // offered, or a sight where there is no userId
	confirm kind = "confirm"
	forget  kind = "forget"
	giveUp  kind = "given-up" // an intent that is open no more, and unconfirmed for ever
)

const (
	version = 1
	maxLine = 1 << 20 // bytes; texts of clients in a record are short
)

// line is one line of a file.
type line struct {
	Kind         kind   `json:"kind"`
	Version      int    `json:"version,omitempty"` // of a header
	Settled      bool   `json:"settled,omitempty"` // of a header: only what is confirmed or given up follows
	GivenUp      int    `json:"givenUp,omitempty"` // of a header: intents that archives hold
	StoreID      string `json:"storeId"`
	BackendID    string `json:"backendId"`
	SeqNum       int64  `json:"seqNum"`
	EventID      string `json:"eventId"`
	Name         string `json:"name"`
	ClientID     string `json:"clientId"`
	SessionID    string `json:"sessionId"`
	Hash         string `json:"hash"`
	UserID       string `json:"userId"`
	ConnectionID string `json:"connectionId"`
	Timestamp    int64  `json:"timestamp"` // ms since the epoch
	Attempt      int64  `json:"attempt"`
}

// headerLine begins a file; givenUp is how many intents were given up before it.
func headerLine(settled bool, givenUp int) []byte {
	b := append([]byte(`{"kind":"`+header+`","version":`), strconv.Itoa(version)...)
	b = number(b, `,"givenUp":`, int64(givenUp))
	if settled {
		b = append(b, `,"settled":true`...)
	}
	return append(b, "}\n"...)
}

// appendLine writes a record as a line. By hand, since this is on the way of
// every event: a quarter of the time of json.Marshal.
func appendLine(b []byte, k kind, r attribution.Record) []byte {
	b = append(append(append(b, `{"kind":"`...), k...), '"')
	b = text(b, `,"storeId":`, r.StoreID)
	b = text(b, `,"backendId":`, r.BackendID)
	b = number(b, `,"seqNum":`, r.SeqNum)
	b = text(b, `,"eventId":`, r.EventID)
	if k != forget {
		b = text(b, `,"name":`, r.Name)
		b = text(b, `,"clientId":`, r.ClientID)
		b = text(b, `,"sessionId":`, r.SessionID)
		if !r.Timestamp.IsZero() {
			b = number(b, `,"timestamp":`, r.Timestamp.UnixMilli())
		}
	}
	b = hex.AppendEncode(append(b, `,"hash":"`...), r.Hash[:])
	b = text(append(b, '"'), `,"userId":`, r.UserID)
	b = text(b, `,"connectionId":`, r.ConnectionID)
	b = number(b, `,"attempt":`, r.Attempt)
	return append(b, "}\n"...)
}

func text(b []byte, name, s string) []byte {
	if s == "" {
		return b
	}
	b, _ = jsontext.AppendQuote(append(b, name...), s) // what is no UTF-8 becomes U+FFFD
	return b
}

func number(b []byte, name string, n int64) []byte {
	if n == 0 {
		return b
	}
	return strconv.AppendInt(append(b, name...), n, 10)
}

var errLine = errors.New("ndjson: no line of a journal")

// parse reads one line, with or without its end.
func parse(b []byte) (l line, r attribution.Record, err error) {
	if err := json.Unmarshal(b, &l, json.RejectUnknownMembers(true)); err != nil {
		return l, r, errLine
	}
	r = attribution.Record{StoreID: l.StoreID, BackendID: l.BackendID, SeqNum: l.SeqNum, EventID: l.EventID, Name: l.Name,
		ClientID: l.ClientID, SessionID: l.SessionID, Attempt: l.Attempt, State: attribution.Unconfirmed,
		Author: attribution.Author{UserID: l.UserID, ConnectionID: l.ConnectionID}}
	if l.Timestamp != 0 {
		r.Timestamp = time.UnixMilli(l.Timestamp).UTC()
	}
	switch l.Kind {
	case header:
		if l.Version != version {
			return l, r, errLine
		}
		return l, r, nil
	case confirm:
		r.State = attribution.Confirmed
	case intent, forget, giveUp:
	default:
		return l, r, errLine
	}
	if n, err := hex.Decode(r.Hash[:], []byte(l.Hash[:min(len(l.Hash), 2*len(r.Hash))])); err != nil || n != len(r.Hash) {
		return l, r, errLine
	}
	return l, r, nil
}
