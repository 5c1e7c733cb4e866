// Package payload reads what sync messages say: it finds the credential in a
// message or a query, takes it out, and leaves every other byte as it was. It
// holds the seam that every protocol implements, strict JSON, and the protocols
// json and opaque; each other protocol is a package of its own beside it.
//
//	p := payload.JSON{AllFrames: true}
//	found, err := p.First(framing.Text, msg)
//	// found.Token is judged elsewhere; found.Out goes upstream
//
// It judges no token, holds no state of a connection and never marshals again
// what a client wrote.
package payload
