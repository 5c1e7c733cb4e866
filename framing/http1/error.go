package http1

import "net/http"

// Reason is the word for what was wrong with a message. The list is closed
// (Reasons) and never holds anything that a peer sent.
type Reason string

const (
	badLine      Reason = "request_line"
	badMethod    Reason = "method"
	badTarget    Reason = "target"
	badPath      Reason = "path"
	badVersion   Reason = "version"
	badLineEnd   Reason = "line_end"
	badFold      Reason = "obs_fold"
	badName      Reason = "field_name"
	badSpace     Reason = "space_before_colon"
	badValue     Reason = "field_value"
	badHost      Reason = "host"
	badLength    Reason = "content_length"
	badCoding    Reason = "transfer_encoding"
	badTwoFrames Reason = "length_and_coding"
	tooLarge     Reason = "head_too_large"
	tooLate      Reason = "head_too_late"
	badChunk     Reason = "chunk"
	badTrailer   Reason = "trailer"
	badUpgrade   Reason = "upgrade"
	badKey       Reason = "websocket_key"
	badWSVersion Reason = "websocket_version"
	bodyOnTop    Reason = "body_on_upgrade"
	badStatus    Reason = "status_line"
	badAccept    Reason = "websocket_accept"
)

// Reasons returns the closed list of reasons.
func Reasons() []Reason {
	return []Reason{
		badLine, badMethod, badTarget, badPath, badVersion, badLineEnd, badFold, badName, badSpace, badValue,
		badHost, badLength, badCoding, badTwoFrames, tooLarge, tooLate, badChunk, badTrailer,
		badUpgrade, badKey, badWSVersion, bodyOnTop, badStatus, badAccept,
	}
}

// Error is a refusal: the HTTP status to answer with (400, 408, 426 or 431; 502
// for what an upstream sent) and the reason for the log.
type Error struct {
	Status int
	Reason Reason
}

// Error returns a fixed phrase; nothing that a peer sent is in it.
func (e *Error) Error() string { return "http1: refused: " + string(e.Reason) }

func bad(r Reason) *Error { return &Error{Status: http.StatusBadRequest, Reason: r} }
