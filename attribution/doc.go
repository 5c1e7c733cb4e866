// Package attribution keeps who wrote which event of an upstream's log: as
// metadata inside the event, or in a journal beside the log.
//
//	conn := recorder.Connect(attribution.Author{UserID: "ada", ConnectionID: id}, "store-1")
//	err := conn.Push(ctx, pushed) // durable: now the event may be relayed
//	err = conn.Tell(ctx, news)    // durable: now the acknowledgement may be
//
// It guesses nothing: an event whose author is not certain is unconfirmed. It
// knows no sockets, and judges nobody.
package attribution
