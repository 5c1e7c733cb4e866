// Package proxy is the data path, in the order in which a connection lives:
//
//	accept.go      TCP accept, the request head, upgrade or plain HTTP
//	upgrade.go     is it a valid upgrade, from an allowed origin, within limits
//	credential.go  where is the credential, and the request without it
//	admit.go       who is this, and may they: decision, mode, refusal
//	throttle.go    who has failed too often, and gets no look-up
//	firstframe.go  the first sync frame, where the credential rides in it
//	dial.go        the upstream's handshake, under a signed name
//	relay.go       both directions, message by message where one must look
//	attribute.go   who wrote which event of a message
//	ownership.go   whose the clientIds are that it writes under
//	opening.go     instances that a client opens one by one
//	renewal.go     whose token is newer than at the last connection
//	session.go     what can end a live connection from outside
//	settle.go      which messages wait when the end is near
//	drain.go       how all of them end
//	plain.go       plain HTTP requests, under the same decision
//
// Usage:
//
//	srv, err := proxy.New(cfg)
//	go srv.Serve(listener)
//	err = srv.Drain(ctx)
//
// It parses no configuration, keeps no metrics and writes no logs (Hooks do),
// and never judges a token itself (Config.Decide does).
//
// Invariants, each held by a test:
//
//  1. Deny is the zero value: a Decision that nobody filled in refuses.
//  2. The upstream is never dialled before the client's request is known to be
//     a valid upgrade, and in enforce never before its credential was accepted.
//  3. No byte of a client reaches the upstream before admission.
//  4. No identity header of a client reaches the upstream, in any mode.
//  5. No credential reaches the upstream unless the mode is off.
//  6. A refusal carries its code and nothing else that a client sent.
//  7. A close or an auth message goes out between frames, never inside one.
//  8. After a decision to end a connection none of its client's bytes is relayed.
//  9. Every goroutine ends with its connection; a crash of one connection
//     touches no other.
package proxy
