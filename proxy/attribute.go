package proxy

import (
	"context"
	"errors"

	"github.com/syncward/syncward/attribution"
	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/framing/payload"
	"github.com/syncward/syncward/proxy/engine"
)

// Recorder keeps who wrote which events of one connection, in a journal beside
// the upstream's log; *attribution.Conn is one. Each direction of the connection
// calls it from one goroutine at a time.
type Recorder interface {
	// Push returns nil once it is on record who offers these events: then they
	// may go upstream. It may wait as long as ctx lets it; for a message that
	// offers none it does not wait.
	Push(ctx context.Context, offered payload.Push) error
	// Tell returns nil once it is on record what the upstream says of them: then
	// the client may hear it. It may wait as long as ctx lets it.
	Tell(ctx context.Context, news payload.News) error
	// Close ends the account, once the connection is over.
	Close()
}

// attributes tells whether the events of this connection get an author.
func (a *admission) attributes() bool {
	return a.policy.Mode != authz.Off && (a.s.cfg.Inject != nil || a.s.cfg.Record != nil)
}

// journals tells whether what the upstream says must be read.
func (a *admission) journals() bool { return a.policy.Mode != authz.Off && a.s.cfg.Record != nil }

// work is what is left to do about a client's message before it goes on.
type work struct {
	token   string          // to be judged; "": none
	clients []string        // clientIds that must be this user's
	push    payload.Push    // to be put on record; no events: nothing
	verdict framing.Verdict // then
}

// attribute gives the events of a message their author. The decision is to
// refuse the message where it has a code; where the policy lets through what
// cannot be read, it passes as it is. counted says that its being unreadable was
// told before.
func (ses *session) attribute(m framing.Message, w *work, counted bool) authz.Decision {
	if w.verdict.Action == framing.Rewrite {
		m.Payload = w.verdict.Payload
		m.Room = m.Payload[len(m.Payload):] // Payload may stand in Room
	}
	var err error
	switch cfg := ses.s.cfg; {
	case cfg.Inject != nil:
		err = ses.inject(m, w)
	case cfg.Record != nil:
		err = ses.offer(m, w)
	}
	switch {
	case err == nil:
		return authz.Decision{}
	case errors.Is(err, attribution.ErrTooBig): // a limit of size holds in every mode
		return authz.Refuse(authz.MessageTooBig, authz.ReasonSize)
	case errors.Is(err, attribution.ErrRequest): // the answer could not be told from another's, in every mode
		return authz.Refuse(authz.BadFrame, authz.ReasonFrame)
	case counted || !ses.mayRefuse(unreadable(err)):
		return authz.Decision{}
	}
	return unreadable(err)
}

// inject writes the author into the message.
func (ses *session) inject(m framing.Message, w *work) error {
	cfg := ses.s.cfg
	out, events, err := cfg.Inject.Inject(m.Room, m.Payload, ses.author(), cfg.Now(), cfg.MaxMessageBytes)
	if err == nil && events > 0 {
		w.verdict = passing(out)
		ses.s.attributed(events)
	}
	return err
}

// offer finds the events that are to be put on record.
func (ses *session) offer(m framing.Message, w *work) (err error) {
	ses.connect(m)
	w.push, err = ses.s.cfg.Protocol.(payload.Log).Pushed(m.Opcode, m.Payload)
	if err == nil && len(w.push.Events) == 0 && w.push.Request != "" {
		return ses.recorder.Push(ses.lifetime, w.push)
	}
	return err
}

// author is whose events these are: a refresh changes no user.
func (ses *session) author() attribution.Author {
	return attribution.Author{UserID: ses.user, ConnectionID: ses.id}
}

// connect opens the connection's account with the journal at its first message,
// which names the instance where nothing did before.
func (ses *session) connect(m framing.Message) {
	ses.mu.Lock()
	defer ses.mu.Unlock()
	if ses.recorder != nil {
		return
	}
	instance := ses.instance
	if instance == "" && !ses.s.cfg.Protocol.InstanceInURL() {
		if first, err := ses.s.cfg.Protocol.First(m.Opcode, m.Payload); err == nil && len(first.Instance) <= maxInstance {
			instance = first.Instance
		}
	}
	ses.recorder = ses.s.cfg.Record(ses.author(), instance)
}

// finish does what is left to do about a paused message: a decision may wait for
// keys, a record for a disk; the relay never does.
func (ses *session) finish(w work) {
	defer ses.contain()
	<-ses.ready
	if w.token != "" && !ses.judgeLater(w.token) {
		ses.conn.Resume(engine.ToUpstream, refusing(refusal{code: authz.Forbidden, reason: authz.ReasonOtherUser}))
		return
	}
	if ok, end := ses.owns(w); !ok {
		ses.conn.Resume(engine.ToUpstream, refusing(end))
		return
	}
	if len(w.push.Events) > 0 {
		ctx, cancel := context.WithTimeout(ses.lifetime, ses.s.cfg.HoldTimeout)
		defer cancel()
		if err := ses.recorder.Push(ctx, w.push); err != nil {
			ses.unrecorded(err)
			return
		}
	}
	ses.conn.Resume(engine.ToUpstream, w.verdict)
}

// hear reads what the upstream says, and holds it back until what it says of the
// log is on record.
func (ses *session) hear(m framing.Message) framing.Verdict {
	ses.mu.Lock()
	recorder := ses.recorder
	ses.mu.Unlock()
	if recorder == nil { // the client has said nothing yet
		return framing.Verdict{Action: framing.Pass}
	}
	news := ses.s.cfg.Protocol.(payload.Log).Told(m.Opcode, m.Payload)
	if news.Empty() {
		return framing.Verdict{Action: framing.Pass}
	}
	go ses.tellJournal(recorder, news)
	return framing.Verdict{Action: framing.Pause}
}

func (ses *session) tellJournal(recorder Recorder, news payload.News) {
	defer ses.contain()
	<-ses.ready
	ctx, cancel := context.WithTimeout(ses.lifetime, ses.s.cfg.HoldTimeout)
	defer cancel()
	if err := recorder.Tell(ctx, news); err != nil {
		ses.unrecorded(err)
		return
	}
	ses.conn.Resume(engine.ToClient, framing.Verdict{Action: framing.Pass})
}

// unrecorded ends a connection whose events cannot be put on record: nothing of
// them may go on. One that is over already needs no end.
func (ses *session) unrecorded(err error) {
	if ses.lifetime.Err() != nil {
		return
	}
	r := refusal{code: authz.AuthUnavailable}
	if errors.Is(err, attribution.ErrRequest) {
		r = refusal{code: authz.BadFrame, reason: authz.ReasonFrame}
	} else {
		ses.s.fault(ses.id, "journal", err)
	}
	ses.end(r)
}

// closeAccount is called when the connection is over.
func (ses *session) closeAccount() {
	ses.ended() // first: whoever waits for the journal leaves it
	ses.mu.Lock()
	defer ses.mu.Unlock()
	if ses.recorder != nil {
		ses.recorder.Close()
	}
}
