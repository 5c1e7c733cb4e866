package proxy

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/framing"
)

// The messages to a client that opted in, each a text frame with one JSON
// object. Every one but an auth.error before auth.ok carries the channel, by
// which the client tells ours from what an upstream relays of other users.

// authOK says what a connection is: after admission and after each refresh.
// Times are milliseconds since the epoch, null where there is no token.
type authOK struct {
	Type         string       `json:"type"`
	Channel      string       `json:"channel"`
	UserID       string       `json:"userId"`
	ConnectionID string       `json:"connectionId"`
	Status       authz.Status `json:"status"`
	ExpiresAt    *int64       `json:"expiresAt"`
	GraceEndsAt  *int64       `json:"graceEndsAt"`
	ServerTime   int64        `json:"serverTime"`
	Warning      string       `json:"warning,omitempty"`
}

// authWarning says that a connection lives on its token's grace.
type authWarning struct {
	Type        string `json:"type"`
	Channel     string `json:"channel"`
	Code        string `json:"code"`
	ExpiredAt   int64  `json:"expiredAt"`
	GraceEndsAt int64  `json:"graceEndsAt"`
}

// authError is a refusal: of the connection, which then closes, or of a refresh
// alone.
type authError struct {
	Type         string     `json:"type"`
	Channel      string     `json:"channel,omitempty"`
	Code         authz.Code `json:"code"`
	Message      string     `json:"message"`
	Retryable    bool       `json:"retryable"`
	RetryAfterMs int64      `json:"retryAfterMs"`
}

// newChannel returns 128 random bits.
func newChannel() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// textFrame is a message as a server's frame.
func textFrame(message any) []byte {
	b, err := json.Marshal(message)
	if err != nil {
		panic(err) // strings and numbers alone
	}
	return framing.AppendFrame(nil, true, framing.Text, b, nil)
}

// okFrame is the auth.ok for what d says, and the warning where that is grace.
func (ses *session) okFrame(d authz.Decision) []byte {
	m := authOK{
		Type: "auth.ok", Channel: ses.channel, UserID: d.UserID, ConnectionID: ses.id, Status: d.Status,
		ExpiresAt: millis(d.ExpiresAt), GraceEndsAt: millis(d.GraceEndsAt), ServerTime: ses.s.cfg.Now().UnixMilli(),
		Warning: ses.s.cfg.Warning,
	}
	if d.Status != authz.Grace {
		return textFrame(m)
	}
	return append(textFrame(m), ses.graceFrame(d)...)
}

func (ses *session) graceFrame(d authz.Decision) []byte {
	return textFrame(authWarning{
		Type: "auth.warning", Channel: ses.channel, Code: "TOKEN_IN_GRACE",
		ExpiredAt: d.ExpiresAt.UnixMilli(), GraceEndsAt: d.GraceEndsAt.UnixMilli(),
	})
}

// errorFrame is the auth.error for a refusal; channel is "" before auth.ok.
func errorFrame(r refusal, channel string, after time.Duration) []byte {
	w := r.wire()
	return textFrame(authError{
		Type: "auth.error", Channel: channel, Code: r.code, Message: w.phrase,
		Retryable: w.retry, RetryAfterMs: after.Milliseconds(),
	})
}

func millis(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	ms := t.UnixMilli()
	return &ms
}
