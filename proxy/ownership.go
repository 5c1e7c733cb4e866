package proxy

import (
	"context"
	"time"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/framing/payload"
)

// ownerTime is how long a message waits to be told whose its clientIds are.
const ownerTime = 5 * time.Second

// maxClients is how many clientIds one message may write under; a client has
// one. Each may cost a question to the journal.
const maxClients = 16

// claims notes the clientIds under which a message writes, where they have
// owners. The decision is to refuse the message where it has a code; counted
// says that its being unreadable was told before.
func (ses *session) claims(m framing.Message, w *work, counted bool) authz.Decision {
	cfg := ses.s.cfg
	if cfg.Owner == nil {
		return authz.Decision{}
	}
	offered := w.push
	if cfg.Record == nil {
		var err error
		if offered, err = cfg.Protocol.(payload.Log).Pushed(m.Opcode, m.Payload); err != nil {
			if d := unreadable(err); !counted && ses.mayRefuse(d) {
				return d
			}
			return authz.Decision{}
		}
	}
	w.clients = clientsOf(offered)
	return authz.Decision{}
}

// clientsOf are the clientIds of a push, each once; of more than maxClients one
// more than that.
func clientsOf(p payload.Push) (clients []string) {
	seen := map[string]bool{}
	for _, e := range p.Events {
		if !seen[e.ClientID] && len(clients) <= maxClients {
			seen[e.ClientID] = true
			clients = append(clients, e.ClientID)
		}
	}
	return clients
}

// disowned is the decision to refuse what is written under clients by a user of
// a store, on the connection or request id; without a code where all of them are this user's.
func (s *Server) disowned(ctx context.Context, id, storeID, userID string, clients []string) authz.Decision {
	ctx, cancel := context.WithTimeout(ctx, ownerTime)
	defer cancel()
	if len(clients) > maxClients {
		return authz.Refuse(authz.Forbidden, authz.ReasonOtherUser)
	}
	for _, client := range clients {
		mine, err := s.cfg.Owner(ctx, storeID, client, userID)
		if err != nil {
			s.fault(id, "owner", err)
			return authz.Refuse(authz.AuthUnavailable, authz.ReasonStore)
		} else if !mine {
			return authz.Refuse(authz.Forbidden, authz.ReasonOtherUser)
		}
	}
	return authz.Decision{}
}

// owns tells whether a message may go on under its clientIds, and else what
// ends the connection.
func (ses *session) owns(w work) (ok bool, end refusal) {
	if len(w.clients) == 0 {
		return true, refusal{}
	}
	d := ses.s.disowned(ses.lifetime, ses.id, ses.instance, ses.user, w.clients)
	if d.Code == "" || !ses.mayRefuse(d) {
		return true, refusal{}
	}
	return false, refuse(d, false)
}

// disownedBody is disowned for a body of the HTTP transport.
func (p *plainServer) disownedBody(ctx context.Context, pl *plan, d authz.Decision, msg []byte) authz.Decision {
	if p.s.cfg.Owner == nil {
		return authz.Decision{}
	}
	offered, err := p.s.cfg.Protocol.(payload.Log).Pushed(framing.Text, msg)
	if err != nil {
		return unreadable(err)
	}
	user := d.UserID
	if !d.Allow {
		user = "" // whoever the policy lets in without a token
	}
	return p.s.disowned(ctx, pl.id, pl.instance, user, clientsOf(offered))
}
