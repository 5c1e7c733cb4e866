// Package attribution keeps who wrote which event of an upstream's log: as
// metadata inside the event, or in a journal beside the log.
//
//	conn := recorder.Connect(attribution.Author{UserID: "ada", ConnectionID: id}, "store-1")
//	err := conn.Push(ctx, pushed) // durable: now the message may be relayed
//	err = conn.Tell(ctx, news)    // durable: now the answer may be
//
// It guesses nothing: an event whose author is not certain is unconfirmed. It
// knows no sockets, and judges nobody.
//
// The rules of the journal, each held by a test:
//
//  1. An intent is durable before its event is relayed, and an accepted one is
//     confirmed, durably, before the acknowledgement is relayed.
//  2. A rejected push was not committed by that push: its intents, and no
//     others, are forgotten. An answer that says neither, a lost connection or
//     a kill leave them open.
//  3. An event seen in the log at a place settles the place's intents. Those
//     with another hash have lost. If one user offered what is left, it is
//     theirs, though its answer is still awaited: whoever has seen it does not
//     ask for it again, and a kill may take the answer.
//  4. Where several users offered the same content for the same place and no
//     answer came, nothing is guessed. A sight is left in the journal, so that
//     whoever learns later that one of them was rejected can settle the rest.
//  5. Who committed an event had a durable intent before anybody could see it.
//     So each place is asked of the journal once for each process; and a push
//     for a place that was seen before is no intent: it can only repeat what
//     is there, and must not claim it. Only its acceptance would count.
//  6. An answer names a request and nothing else: a client that uses an id
//     twice at a time is refused.
//  7. A push that leaves out the log's identity is an intent at the place
//     without one, and a candidate for a sight in any log, where it does not
//     lose; an acceptance counts when the connection has learned the identity.
//     What is seen of a log that another has replaced settles nothing.
//  8. A place keeps its first confirmed record for ever.
//
// What lies outside: an event that was written past Syncward, or before its
// journal, has no author; rule 5 keeps others from claiming it from when it was
// first seen. Replicas that serve one upstream must share one journal. A log
// that is rolled back, or reset without a new identity, needs a new journal.
package attribution
