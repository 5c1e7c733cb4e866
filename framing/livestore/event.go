package livestore

import (
	"crypto/sha256"
	"math"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/syncward/syncward/framing/payload"
)

// event is an event of a batch (LiveStoreEvent.Global.Encoded). A pointer tells
// "" from absent.
type event struct {
	Name      *string        `json:"name"`
	Args      jsontext.Value `json:"args"`
	SeqNum    jsontext.Value `json:"seqNum"`
	ClientID  *string        `json:"clientId"`
	SessionID *string        `json:"sessionId"`
}

// entry gives the event as the log knows it; ok is false for one that no
// server would store as it stands.
func (e event) entry() (entry payload.Event, ok bool) {
	if e.Name == nil || e.ClientID == nil || e.SessionID == nil {
		return payload.Event{}, false
	}
	seq, ok := place(e.SeqNum)
	if !ok {
		return payload.Event{}, false
	}
	hash, ok := e.hash()
	return payload.Event{SeqNum: seq, Name: *e.Name, ClientID: *e.ClientID, SessionID: *e.SessionID, Hash: hash}, ok
}

// place reads a sequence number, which counts from 1. Another spelling of an
// integer (1.0, 1e3) would be one to the server too, and is none here.
func place(raw jsontext.Value) (int64, bool) {
	const maxSafe = 1<<53 - 1 // the last integer that JavaScript counts to
	n, err := strconv.ParseInt(string(raw), 10, 64)
	return n, err == nil && n >= 1 && n <= maxSafe
}

// hash is SHA-256 over the canonical form (RFC 8785) of
// [name, args, clientId, sessionId]. The server writes the arguments anew as
// JavaScript does, which is the very form's rule for numbers and strings.
// Absent arguments are stored as NULL and come back as null: both are null here.
func (e event) hash() (sum [sha256.Size]byte, ok bool) {
	args := e.Args
	if len(args) == 0 {
		args = jsontext.Value("null")
	}
	if !finite(args) {
		return sum, false
	}
	content := append(make([]byte, 0, len(args)+128), '[')
	content, _ = jsontext.AppendQuote(content, *e.Name) // read before: it is valid
	content = append(append(append(content, ','), args...), ',')
	content, _ = jsontext.AppendQuote(content, *e.ClientID)
	content = append(content, ',')
	content, _ = jsontext.AppendQuote(content, *e.SessionID)
	canonical := jsontext.Value(append(content, ']'))
	if canonical.Canonicalize(jsontext.AllowInvalidUTF8(true)) != nil {
		return sum, false
	}
	return sha256.Sum256(canonical), true
}

// finite tells whether every number is one to JavaScript: it reads 1e400 as
// infinity and writes that as null, while the canonical form would make it the
// largest number there is.
func finite(args jsontext.Value) bool {
	for i := 0; i < len(args); i++ {
		switch c := args[i]; {
		case c == '"':
			i = stringEnd(args, i)
		case c == '-' || '0' <= c && c <= '9':
			from := i
			for i+1 < len(args) && inNumber(args[i+1]) {
				i++
			}
			if n, err := strconv.ParseFloat(string(args[from:i+1]), 64); err != nil || math.IsInf(n, 0) {
				return false
			}
		}
	}
	return true
}

// stringEnd gives the offset of the quote that ends the string begun at i; the
// text was read before, so there is one.
func stringEnd(text []byte, i int) int {
	for i++; text[i] != '"'; i++ {
		if text[i] == '\\' {
			i++
		}
	}
	return i
}

func inNumber(c byte) bool {
	return '0' <= c && c <= '9' || c == '.' || c == 'e' || c == 'E' || c == '+' || c == '-'
}
