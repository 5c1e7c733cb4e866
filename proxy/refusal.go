package proxy

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/framing"
)

// CloseCodes names the numbers that refusals close with. The zero value is the
// private 44xx range.
type CloseCodes int

// The sets of close codes.
const (
	CloseCodesHTTP      CloseCodes = iota // 44xx, after the HTTP statuses
	CloseCodesIANA                        // 3000, 3003, 3008: the registered ones
	CloseCodesGraphQLWS                   // what graphql-ws clients stop at and retry
)

// wire is how one refusal looks on the wire.
type wire struct {
	close  [3]int // by CloseCodes
	status int    // HTTP
	phrase string // a fixed text for people; never anything that was sent
	retry  bool   // a client that opted in may try again, after so long
	after  time.Duration
}

// late is the row of AUTH_REQUIRED where the first frame did not come in time.
var late = wire{[3]int{4408, 3008, 4408}, http.StatusRequestTimeout, "The first sync message did not arrive in time.", true, 0}

// backOff is how long a client should wait at first; it adds its own jitter.
const backOff = 5 * time.Second

// wires holds one row for each code of the closed list. graphql-ws clients
// treat 4400, 4401 and 4429 as final and retry 4403, hence its column.
var wires = map[authz.Code]wire{
	authz.AuthRequired:        {[3]int{4401, 3000, 4403}, http.StatusUnauthorized, "A token is required.", true, 0},
	authz.TokenInvalid:        {[3]int{4401, 3000, 4403}, http.StatusUnauthorized, "The token is not valid.", true, 0},
	authz.TokenExpired:        {[3]int{4401, 3000, 4403}, http.StatusUnauthorized, "The token has expired.", true, 0},
	authz.UserNotFound:        {[3]int{4403, 3003, 4401}, http.StatusForbidden, "The user does not exist.", false, 0},
	authz.SessionRevoked:      {[3]int{4403, 3003, 4401}, http.StatusForbidden, "The session was ended.", false, 0},
	authz.Forbidden:           {[3]int{4403, 3003, 4401}, http.StatusForbidden, "Not allowed.", false, 0},
	authz.RateLimited:         {[3]int{4429, 4429, 1013}, http.StatusTooManyRequests, "Too many attempts.", true, backOff},
	authz.BadFrame:            {[3]int{4400, 4400, 4400}, http.StatusBadRequest, "The request or message cannot be read.", false, 0},
	authz.MessageTooBig:       {[3]int{1009, 1009, 1009}, http.StatusRequestEntityTooLarge, "The message is too big.", false, 0},
	authz.AuthUnavailable:     {[3]int{1013, 1013, 1013}, http.StatusServiceUnavailable, "Authentication cannot answer now.", true, backOff},
	authz.UpstreamUnavailable: {[3]int{1014, 1014, 1014}, http.StatusBadGateway, "The sync server cannot be reached.", true, backOff},
	authz.Draining:            {[3]int{1012, 1012, 1012}, http.StatusServiceUnavailable, "Shutting down.", true, backOff},
}

// refusal is why a connection or a request is not served. The zero value is
// no refusal.
type refusal struct {
	code   authz.Code
	reason authz.Reason
	status int  // overrides the HTTP status of the code where it is not 0
	sent   bool // a token was sent: WWW-Authenticate may name it invalid
	// told holds complete frames that say it in the client's own protocol.
	told []byte
}

func (r refusal) is() bool { return r.code != "" }

func (r refusal) wire() wire {
	if r.reason == authz.ReasonLate {
		return late
	}
	return wires[r.code]
}

// closing returns the close frame's content: the code and nothing else.
func (r refusal) closing(set CloseCodes) framing.Close {
	return framing.Close{Code: r.wire().close[set], Reason: string(r.code)}
}

func (r refusal) httpStatus() int {
	if r.status != 0 {
		return r.status
	}
	return r.wire().status
}

// headers returns the header fields that go with the refusal's status.
func (r refusal) headers(set func(name, value string)) {
	set("Content-Type", "application/json")
	set("Cache-Control", "no-store")
	switch status := r.httpStatus(); status {
	case http.StatusUnauthorized:
		if r.sent {
			set("WWW-Authenticate", `Bearer error="invalid_token"`)
		} else {
			set("WWW-Authenticate", "Bearer")
		}
	case http.StatusUpgradeRequired:
		set("Upgrade", "websocket")
		set("Sec-WebSocket-Version", "13")
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		set("Retry-After", "5")
	}
}

func (r refusal) body() []byte {
	return fmt.Appendf(nil, `{"error":{"code":%q,"message":%q}}`+"\n", r.code, r.wire().phrase)
}

// response returns the whole HTTP answer; the connection is closed behind it.
func (r refusal) response() []byte {
	status, body := r.httpStatus(), r.body()
	b := fmt.Appendf(nil, "HTTP/1.1 %d %s\r\n", status, http.StatusText(status))
	r.headers(func(name, value string) { b = fmt.Appendf(b, "%s: %s\r\n", name, value) })
	b = append(b, "Content-Length: "+strconv.Itoa(len(body))+"\r\nConnection: close\r\n\r\n"...)
	return append(b, body...)
}

// refuse is the refusal of a decision; sent tells whether there was a token.
func refuse(d authz.Decision, sent bool) refusal {
	return refusal{code: d.Refusal(), reason: d.Reason, sent: sent}
}
