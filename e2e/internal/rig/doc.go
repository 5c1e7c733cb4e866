// Package rig runs Syncward and the real parts round it as processes, for the
// tests of e2e: start, wait until ready, listen in, stop.
//
//	rig.Require(t)
//	tap := rig.StartTap(t, upstreamAddr)
//	side := rig.StartSidecar(t, "UPSTREAM_URL=http://"+tap.Addr(), "JWT_SECRET="+rig.Secret)
//
// It holds no expectation of its own about what Syncward does: those stand in
// the tests. Everything listens on 127.0.0.1 and ends with the test.
package rig
