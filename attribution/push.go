package attribution

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/syncward/syncward/framing/payload"
)

// Push makes the intents of one client message durable. It returns nil when the
// message may be relayed; where the journal fails it tries again until ctx
// ends, or counts and goes on (Options.Pass). After an error the message must
// not be relayed. Errors: ErrRequest; the end of ctx; a closed Conn.
//
// An event with neither number nor ID has no place, and is not recorded.
func (c *Conn) Push(ctx context.Context, p payload.Push) error {
	offers := c.offers(p)
	if err := c.expect(p, offers); err != nil {
		return err
	}
	intents := make([]Record, 0, len(offers))
	for _, o := range offers {
		if !o.late {
			intents = append(intents, o.rec)
		}
	}
	if len(intents) == 0 {
		return nil
	}
	err := c.s.r.keep(ctx, func(ctx context.Context) error { return c.s.r.opt.Journal.Intend(ctx, intents) })
	if err == nil || errors.Is(err, errPassed) {
		return nil
	}
	// It goes nowhere, so no answer comes; what may have been kept all the same
	// is as true as before: this user meant to write it.
	c.outcomes(payload.News{Answers: answersTo(p)})
	return err
}

// offers makes the records of a push.
func (c *Conn) offers(p payload.Push) []*offer {
	if len(p.Events) == 0 {
		return nil
	}
	now := c.s.r.opt.Now().Truncate(time.Millisecond)
	attempt := rand.Int64N(1 << 53)
	p.Backend = short(p.Backend)
	backend := p.Backend
	if p.Unsaid {
		backend = c.known()
	}
	offers := make([]*offer, 0, len(p.Events))
	for _, e := range p.Events {
		if e.SeqNum == 0 && e.ID == "" {
			continue
		}
		o := &offer{unsaid: p.Unsaid, rec: Record{
			StoreID: c.s.id, BackendID: p.Backend, SeqNum: e.SeqNum, EventID: short(e.ID), Name: short(e.Name),
			ClientID: short(e.ClientID), SessionID: short(e.SessionID), Hash: e.Hash, Author: c.author, Timestamp: now, Attempt: attempt, State: Unconfirmed}}
		if e.SeqNum != 0 {
			o.rec.EventID = "" // one place, one name
			o.late = (backend != "" || !p.Unsaid) && c.s.taken(backend, e.SeqNum)
		}
		offers = append(offers, o)
	}
	return offers
}

// answersTo is an answer, that says nothing, to each part of a push.
func answersTo(p payload.Push) (answers []payload.Answer) {
	if p.Request != "" {
		return []payload.Answer{{Request: p.Request}}
	}
	for _, e := range p.Events {
		answers = append(answers, payload.Answer{ID: e.ID})
	}
	return answers
}

// maxText is the longest text of others that a record holds, in bytes: names
// and ids come from clients.
const maxText = 512

// short gives a text that is too long for a record a name of fixed length,
// always the same one. What is no UTF-8 becomes U+FFFD.
func short(text string) string {
	if len(text) <= maxText {
		return strings.ToValidUTF8(text, "\uFFFD")
	}
	sum := sha256.Sum256([]byte(text))
	return "sha256:" + hex.EncodeToString(sum[:])
}
