package framing

// Close is the content of a close frame (RFC 6455 §5.5.1). Code 0 is a close
// frame without a payload.
type Close struct {
	Code   int
	Reason string
}
