package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"

	"github.com/coder/websocket"

	"github.com/syncward/syncward/authz"
)

// outcome is what came of a connection that was asked for.
type outcome int

// The closed list of outcomes; the zero value is no good news.
const (
	mute        outcome = iota // something is there, but gives no answer, or its name is unknown
	unreachable                // no connection, or one that was ended before it answered anything
	answered                   // HTTP, and no upgrade
	closed                     // upgraded, then closed with a close frame
	cut                        // upgraded, then ended without one
	denied                     // upgraded, then refused in a message alone
	admitted                   // upgraded, and a message came or it stayed open
)

// reply is an outcome with its details.
type reply struct {
	outcome outcome
	number  int        // HTTP status or close code; 0: none
	code    authz.Code // "" where there was none of the closed list
	text    string     // for people; nothing that the other side sent
}

// ask connects, sends what there is to send, and waits for an answer until ctx
// ends. Redirects are not followed.
func (q question) ask(ctx context.Context) reply {
	ws, res, err := websocket.Dial(ctx, q.url, &websocket.DialOptions{HTTPHeader: q.header, Subprotocols: q.protocols, HTTPClient: &http.Client{
		Transport:     single{},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}})
	var none failure
	switch {
	case errors.As(err, &none):
		return none.reply
	case err != nil && res == nil:
		return reply{mute, 0, "", "cannot be asked"}
	case err != nil && res.StatusCode == http.StatusSwitchingProtocols:
		return reply{mute, res.StatusCode, "", "101, but no WebSocket handshake"}
	case err != nil:
		return httpAnswer(res)
	}
	defer ws.CloseNow()
	if q.first != nil {
		kind := websocket.MessageText
		if q.binary {
			kind = websocket.MessageBinary
		}
		_ = ws.Write(ctx, kind, q.first) // what came of it is read
	}
	said, err := q.answered(ctx, ws)
	var end websocket.CloseError
	switch {
	case err == nil:
		return reply{admitted, 0, "", "101, then a message"}
	case errors.As(err, &end):
		code := known(end.Reason)
		return reply{closed, int(end.Code), code, fmt.Sprintf("101, then close %d %s", end.Code, or(string(code), "for another reason"))}
	case ctx.Err() != nil && said:
		return reply{denied, 0, "", "101, then denied, and stayed open"}
	case ctx.Err() != nil:
		return reply{admitted, 0, "", "101, then stayed open"}
	}
	return reply{cut, 0, "", "101, then ended without a close frame"}
}

// answered waits for a message, which is nobody's business, or for the end; said
// tells that the protocol's own word for a refusal came before that.
func (q question) answered(ctx context.Context, ws *websocket.Conn) (said bool, err error) {
	for {
		_, r, err := ws.Reader(ctx)
		if err != nil || q.denied == nil {
			return said, err
		}
		msg, err := io.ReadAll(r)
		if err != nil || !bytes.HasPrefix(msg, q.denied) {
			return said, err
		}
		said = true
	}
}

// httpAnswer reads the code out of {"error":{"code":…}}; at most 1 KiB of it
// is there.
func httpAnswer(res *http.Response) reply {
	var body struct {
		Error struct {
			Code string `json:"code"`
		} `json:"error"`
	}
	if b, err := io.ReadAll(res.Body); err == nil {
		_ = json.Unmarshal(b, &body) // no JSON: no code
	}
	code := known(body.Error.Code)
	return reply{answered, res.StatusCode, code, fmt.Sprintf("HTTP %d %s", res.StatusCode, or(string(code), "without a code"))}
}

// known returns a code of the closed list, "" for every other text: what a
// stranger sends is not printed.
func known(text string) authz.Code {
	if code := authz.Code(text); slices.Contains(authz.Codes(), code) {
		return code
	}
	return ""
}
