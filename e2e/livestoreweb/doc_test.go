// Package livestoreweb_test runs a real LiveStore web application (adapter-web,
// OPFS, its workers) with the adapter of @syncward/client in headless Chromium,
// against a real sidecar and a real, unchanged LiveStore worker.
//
//	make e2e
//
// The application is app/, built by Vite. run.mjs does the cases in tabs of it, and
// asks the world (world_test.go) for what a user cannot do. What the adapter does
// without LiveStore is tested beside it, in client/test.
package livestoreweb_test
