// Package fleet_test runs a fleet as it is in production: a NATS cluster of three
// servers, several sidecars, each a process of its own, and their clients.
//
//	SYNCWARD_E2E=1 go test ./e2e/fleet -v
//
// It asserts no time; what a revocation took is printed. Races inside a replica
// are the unit tests' of authz/revocation/natskv.
package fleet_test
