// Package browser_test runs @syncward/client against a real sidecar and a
// legacy server that stores whatever comes, also twice.
//
//	make e2e
//
// The parts stand in a world (world_test.go): an auth service, the legacy server, a
// sidecar that can be restarted and flipped, and a folder of pages with the
// package in it. A script in Node or in a browser does the case and asks the world for
// what a user cannot do, by its /control/… paths. What the package does without
// a server is tested beside it, in client/test.
package browser_test
