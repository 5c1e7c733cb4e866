// Package natskv carries revocations to every replica of a fleet, by a
// JetStream key-value bucket that each replica watches.
//
//	s := natskv.New(natskv.Options{Conn: conn, Bucket: "syncward-revocations", Keep: 31 * 24 * time.Hour})
//	go s.Run(ctx) // until ctx ends
//	err := s.Add(revocation.Entry{UserID: "ada", Before: time.Now()}) // in force here at once, everywhere a moment later
//
// It dials nobody, judges no token and ends no connection; and it answers from
// memory alone, so a look-up costs the same whether the bucket is there or not.
//
// What holds, whatever fails:
//
//  1. What a replica knows it forgets only by a Remove, or when it is over:
//     neither an outage nor a bucket that comes back empty makes it forget. What
//     the bucket has lost is written to it again by whoever knows it.
//  2. Nothing in the bucket becomes weaker but by a Remove: every write names
//     the revision that it was judged against.
//  3. A write that cannot be made is made later, as long as the process lives.
//  4. A replica is caught up when it has everything that was in the bucket as it
//     looked; after each reconnect it looks again, at all of it.
package natskv
