// Package attribution_test lets users write into one store of a real LiveStore
// worker through several sidecars that are killed meanwhile, and then asks
// `syncward events` who wrote what.
//
//	make e2e
//
// What is true stands in the worker's own database: each event's text names the
// user who wrote it.
package attribution_test
