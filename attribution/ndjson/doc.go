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
// rewritten with its confirmed records alone, so that settled intents do not
// grow for ever. Whether a place is open is told by the newest file only; what is
// confirmed, by all of them, where a place's first record counts.
//
// Callers that write at the same time share one write and one fsync. In memory
// are the open intents and a bounded note of places confirmed lately; a query
// reads the files through. It is not for several processes: a lock on PATH.lock
// keeps a second one out.
package ndjson
