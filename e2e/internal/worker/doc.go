// Package worker runs real LiveStore workers (wrangler, with workerd) and real
// LiveStore clients (Node) as processes, for the tests of e2e.
//
//	w := worker.Start(t, worker.V04, rig.FreeAddr(t))
//	c := worker.StartClient(t, worker.V04, w.Addr, "notes", "client-a", token)
//	c.Commit(t, "hello"); c.Sees(t, "hello")
//
// It knows nothing of Syncward: a client is given the address of whatever stands
// before the worker.
package worker
