// Package natsstream keeps an attribution journal in a JetStream stream, for the
// replicas of a fleet.
//
//	j, err := natsstream.New(natsstream.Options{Conn: conn, Stream: "EVENTS"})
//	recorder := attribution.New(attribution.Options{Journal: j})
//	defer j.Close()
//
// Each record is one message. A confirmed one stands at a subject that its place
// alone makes, and is published with the demand that nothing stands there yet:
// so a place keeps its first, without a window of time; so does a clientId its
// first user. An intent stands at a subject of its own, and is deleted when it is
// settled. Everything is asked of the stream's leader each time, never of a copy
// that may lag behind, and costs what is in the answer, whatever else is in the
// stream; subject.go shows how. The texts of clients stand in subjects as
// base64url.
//
// It dials nobody and waits for no server: what fails is an error, to be tried
// again. It makes the stream where there is none, once; one that is deleted
// while it is in use stays away. How much a loss of power takes back is the
// servers' matter (their sync_interval, and how many copies there are). A query by
// user, client or time reads its store through. It needs the memory of its limit
// and of names: of what is open in its store, of a name for each 256 numbers, and
// of every event that has no number.
package natsstream
