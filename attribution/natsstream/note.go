package natsstream

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/syncward/syncward/attribution"
)

// maxNoted bounds what is remembered of what stands in the stream for ever.
const maxNoted = 1 << 16

// notes are the subjects of logs and owners at which something stands for sure.
type notes struct {
	mu    sync.Mutex
	known map[[sha256.Size]byte]struct{}
}

func (n *notes) has(subject string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	_, ok := n.known[sha256.Sum256([]byte(subject))]
	return ok
}

func (n *notes) add(subject string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.known == nil || len(n.known) >= maxNoted {
		n.known = map[[sha256.Size]byte]struct{}{} // costs writes that change nothing
	}
	n.known[sha256.Sum256([]byte(subject))] = struct{}{}
}

// owner is what an owner's message holds.
type owner struct {
	UserID string `json:"userId"`
}

// note makes sure of what records are found by, before they are confirmed: that
// their spans have some, and whose their clientIds are. What is there stays.
func (j *Journal) note(ctx context.Context, records []attribution.Record) error {
	var missing []*nats.Msg
	asked := map[string]bool{}
	add := func(subject string, data []byte) {
		if !asked[subject] && !j.notes.has(subject) {
			asked[subject] = true
			missing = append(missing, &nats.Msg{Subject: subject, Data: data})
		}
	}
	for _, r := range records {
		add(j.log(spanOf(r.Place())), nil)
		if r.ClientID == "" || r.UserID == "" || r.UserID == j.nobody {
			continue
		}
		data, err := json.Marshal(owner{r.UserID})
		if err != nil {
			return fmt.Errorf("natsstream: %w", err)
		}
		add(j.owner(r.StoreID, r.ClientID), data)
	}
	if len(missing) == 0 {
		return nil
	}
	if err := j.publish(ctx, missing); err != nil {
		return err
	}
	for _, msg := range missing {
		j.notes.add(msg.Subject)
	}
	return nil
}

// ClaimClient returns whose a clientId is in a store, "" where it is nobody's.
// Such a one is userID's from then on, for every process and for ever, unless
// userID is "". The error is that of a stream that does not answer.
func (j *Journal) ClaimClient(ctx context.Context, storeID, clientID, userID string) (user string, err error) {
	s, err := j.open(ctx)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	subject := j.owner(storeID, clientID)
	data, err := json.Marshal(owner{userID})
	for err == nil {
		var msg *jetstream.RawStreamMsg
		if msg, err = s.GetLastMsgForSubject(ctx, subject); err == nil {
			var o owner
			if err = json.Unmarshal(msg.Data, &o); err == nil && o.UserID != "" {
				return o.UserID, nil
			}
			return "", fmt.Errorf("natsstream: %w", errMessage)
		} else if !errors.Is(err, jetstream.ErrMsgNotFound) {
			break
		} else if userID == "" {
			return "", nil
		}
		_, err = j.js.PublishMsg(ctx, &nats.Msg{Subject: subject, Data: data}, jetstream.WithExpectLastSequencePerSubject(0), jetstream.WithExpectStream(j.name))
		if err == nil {
			return userID, nil
		} else if taken(err) { // somebody else was faster, whose claim may only be about to be kept
			err = pause(ctx)
		}
	}
	return "", fmt.Errorf("natsstream: %w", err)
}

// pause waits a moment; the error is the end of ctx.
func pause(ctx context.Context) error {
	select {
	case <-time.After(10 * time.Millisecond):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
