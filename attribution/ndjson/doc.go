// Package ndjson keeps an attribution journal in a file of one JSON object a
// line, for one process.
//
//	j, err := ndjson.Open("/data/events.ndjson", ndjson.Options{})
//	recorder := attribution.New(attribution.Options{Journal: j})
//	defer j.Close()
//
// The file begins with what was open when it was begun, and goes on with what
// happened since. When it has grown by Options.MaxBytes it becomes an archive
// (PATH.000001, PATH.000002, …) and a new file begins; behind that an archive is
// rewritten with what is confirmed or given up in it, so that settled intents do
// not grow for ever. Whether a place is open is told by the newest file only; what
// is confirmed, by all of them, where a place's first record counts.
//
// Callers that write at the same time share one write and one fsync. In memory
// are the open intents, as many as Options.MaxOpen, a bounded note of places
// confirmed lately, and with Options.ByClient one of clientIds; a query reads the
// files through.
//
// Where more intents are open, the oldest are given up: a line says so, which
// stays when its file becomes an archive, and is all that is left of them. They
// are unconfirmed, listed and counted; an acknowledgement still confirms their
// place, but a rejection is not looked for any more, and no sight settles what
// else is open there, since one of several authors would be missing. A sieve of
// 1 MiB keeps the places that have lost one; the more these are, the oftener it
// takes another place for one of them, whose intents then wait for an
// acknowledgement too.
//
// It is not for several processes: a lock on PATH.lock keeps a second one out.
package ndjson
