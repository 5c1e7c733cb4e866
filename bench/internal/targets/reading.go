package targets

import (
	"context"
	"encoding/json"
	"net/netip"
	"net/url"
	"strings"

	"github.com/syncward/syncward/bench/internal/load"
)

// Reading is one way in which Syncward reads its clients' messages, or does
// not: what each costs, beside a relay that reads nothing.
type Reading struct {
	Name    string
	Beside  string // the row whose cost is 1
	env     []string
	live    bool // speaks as LiveStore does, with the token in the URL and in each message
	Message func(token string) []byte
}

const kibibyte = 1024

// pad fills the text of a message up to 1 KiB.
func pad(head, tail string) []byte {
	return []byte(head + strings.Repeat("lorem ipsum ", kibibyte/12+1)[:kibibyte-len(head)-len(tail)] + tail)
}

func oneEvent(string) []byte {
	return pad(`{"type":"event","event":{"name":"v1.TodoCreated","args":{"id":"4f1c","text":"`, `","done":false}}}`)
}

func noEvent(string) []byte {
	return pad(`{"type":"cursor","at":{"x":17,"y":4},"text":"`, `","done":false}`)
}

func pushed(token string) []byte {
	return pad(`{"_tag":"Request","id":"7","tag":"SyncWsRpc.Push","payload":{"storeId":"bench","payload":{"authToken":"`+token+
		`"},"batch":[{"name":"v1.TodoCreated","args":{"id":"4f1c","text":"`,
		`"},"seqNum":1,"parentSeqNum":0,"clientId":"c","sessionId":"s"}],"backendId":{"_tag":"Some","value":"b"}},"headers":[]}`)
}

// Readings are the ways, in the order of the table.
var Readings = []Reading{
	{Name: "one event, relayed", env: []string{"PROTOCOL=json", "TOKEN_SOURCES=header"}, Message: oneEvent},
	{Name: "one event, `ATTRIBUTION=inject`", Beside: "one event, relayed", env: []string{"PROTOCOL=json", "TOKEN_SOURCES=header", "ATTRIBUTION=inject"}, Message: oneEvent},
	{Name: "no event, `ATTRIBUTION=inject`", Beside: "one event, relayed", env: []string{"PROTOCOL=json", "TOKEN_SOURCES=header", "ATTRIBUTION=inject"}, Message: noEvent},
	{Name: "LiveStore's push, relayed", env: []string{"PROTOCOL=opaque", "TOKEN_SOURCES=header"}, live: true, Message: pushed},
	{Name: "LiveStore's push, `PROTOCOL=livestore`", Beside: "LiveStore's push, relayed", env: []string{"PROTOCOL=livestore", "TOKEN_SOURCES=payload,header"}, live: true, Message: pushed},
}

// readingOf is Target.start for r.
func readingOf(r Reading) func(context.Context, *Lab, netip.AddrPort, string) (*Process, error) {
	return func(ctx context.Context, l *Lab, addr netip.AddrPort, dir string) (*Process, error) {
		return l.syncward(ctx, addr, dir, append(l.keys(), r.env...)...)
	}
}

// StartReading starts Syncward in that way, and returns how a client connects
// to an upstream that answers each whole message with one byte, and what it
// sends.
func (l *Lab) StartReading(ctx context.Context, r Reading) (*Process, load.Client, []byte, error) {
	p, err := l.Start(ctx, Target{Name: "reading", start: readingOf(r)})
	if err != nil {
		return nil, load.Client{}, nil, err
	}
	c := load.Client{Addr: p.Addr, Path: drain, Bearer: l.token, First: []byte(`{"type":"init"}`)}
	if r.live {
		payload, _ := json.Marshal(map[string]string{"authToken": l.token})
		c.First = []byte(`{"_tag":"Ping"}`)
		c.Path += "?" + url.Values{"storeId": {"bench"}, "payload": {url.QueryEscape(string(payload))}, "transport": {"ws"}}.Encode()
	}
	return p, c, r.Message(l.token), nil
}
