// Package sqlite keeps an attribution journal in a SQLite database, which
// several processes of one machine may share.
//
//	j, err := sqlite.Open("/data/events.db", sqlite.Options{})
//	recorder := attribution.New(attribution.Options{Journal: j})
//	defer j.Close()
//
// Confirmed records and open intents have a table each, and the place is the
// first one's primary key. Callers that write at the same time share one
// transaction. The database is in WAL mode, so it is no file for a network file
// system, nor for processes of two machines.
package sqlite
