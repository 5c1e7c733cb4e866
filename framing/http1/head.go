package http1

// ContentLength returns the length of the body in bytes as the head announced
// it: 0 where there is none, -1 where it is chunked.
func (h *Head) ContentLength() int64 { return h.length }

// Chunked tells whether the body is chunked (RFC 9112 §7.1).
func (h *Head) Chunked() bool { return h.length == chunked }

// WantsUpgrade tells whether the request asks for another protocol, well or
// badly: it has an Upgrade field, or Connection lists one (RFC 9110 §7.8).
func (h *Head) WantsUpgrade() bool {
	return h.Count("Upgrade") > 0 || h.ListHas("Connection", "upgrade")
}

// KeepAlive tells whether the client would send another request on this
// connection (RFC 9112 §9.3).
func (h *Head) KeepAlive() bool {
	if h.ListHas("Connection", "close") {
		return false
	}
	return h.Proto == "HTTP/1.1" || h.ListHas("Connection", "keep-alive")
}

// Append writes the head behind dst, with target in the request line and each
// field as "Name: value". It checks nothing: who adds fields or changes the
// target keeps line ends out of them.
func (h *Head) Append(dst []byte, target string) []byte {
	dst = append(dst, h.Method...)
	dst = append(dst, ' ')
	dst = append(dst, target...)
	dst = append(dst, ' ')
	dst = append(dst, h.Proto...)
	dst = append(dst, "\r\n"...)
	for _, f := range h.Fields {
		dst = append(dst, f.Name...)
		dst = append(dst, ": "...)
		dst = append(dst, f.Value...)
		dst = append(dst, "\r\n"...)
	}
	return append(dst, "\r\n"...)
}
