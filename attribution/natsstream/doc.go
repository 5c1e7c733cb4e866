// Package natsstream keeps an attribution journal in a JetStream stream, for the
// replicas of a fleet.
//
//	j, err := natsstream.New(natsstream.Options{Conn: conn, Stream: "EVENTS"})
//	recorder := attribution.New(attribution.Options{Journal: j})
//	defer j.Close()
//
// Each record is one message. A confirmed one stands at a subject that its place
// alone makes, and is published with the demand that nothing stands there yet:
// so a place keeps its first, without a window of time. An intent stands at a
// subject of its own, and is deleted when it is settled. What is open, is asked
// of the stream's leader each time, never of a copy that may lag behind. The
// texts of clients stand in subjects as base64url.
//
// It dials nobody and waits for no server: what fails is an error, to be tried
// again. It makes the stream where there is none, once; one that is deleted
// while it is in use stays away. How much a loss of power takes back is the
// servers' matter (their sync_interval, and how many copies there are). A query
// reads a store through, in the memory of its limit and of what is open; where
// the stream has copies, it may miss what was confirmed a moment ago.
package natsstream
