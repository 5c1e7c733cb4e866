package legacy

import (
	"context"

	"github.com/coder/websocket"
)

// maxQueue bounds what waits to be written to one member: a whole replay, and
// as much again.
const maxQueue = 2*maxHistory + 8

// member is one connection.
type member struct {
	userID string // as the request's header says
	room   *room  // nil before its init
	out    chan []byte
	leave  context.CancelFunc
}

// send queues one message. A member that reads too slowly is dropped: it would
// hold up the others, and gets what it has missed when it joins again.
func (m *member) send(message []byte) {
	select {
	case m.out <- message:
	default:
		m.leave()
	}
}

// write sends what is queued until ctx ends.
func (m *member) write(ctx context.Context, conn *websocket.Conn) {
	for {
		select {
		case <-ctx.Done():
			return
		case message := <-m.out:
			if conn.Write(ctx, websocket.MessageText, message) != nil {
				m.leave()
				return
			}
		}
	}
}
