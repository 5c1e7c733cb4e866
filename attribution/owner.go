package attribution

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"sync"
)

const (
	// maxOwned bounds what is remembered of one user, maxOwners of all. What is
	// forgotten is asked of the journal again; without one it is anybody's.
	maxOwned  = 1024
	maxOwners = 1 << 17
	// maxAsked is how many events of a clientId are looked at for its owner.
	maxAsked = 10_000
	// maxAsking is how many questions to the journal run at a time, each of
	// another user: a journal may have to be read through for one.
	maxAsking = 4
)

// Owners knows whose a clientId is in a store: its first user's. It remembers
// that in bounded memory and, where there is one, learns it from the journal.
// Its methods may be called from any goroutine.
type Owners struct {
	journal Journal
	nobody  string
	asking  chan struct{} // a place for each question that runs

	mu    sync.Mutex
	users map[ownerKey]string
	owned map[string][]ownerKey // by user, oldest first
	turns map[string]*turn      // by user, of those who ask or wait to
}

// turn is taken by one question of a user; users counts those who want it.
type turn struct {
	free  chan struct{}
	users int
}

// ownerKey stands for a store and a clientId, of whatever length.
type ownerKey [sha256.Size]byte

// NewOwners makes an Owners; without a journal (nil) it knows what it was told
// since it was made, and no more. What the user nobody wrote, who stands for
// all without a token, makes no owner.
func NewOwners(j Journal, nobody string) *Owners {
	return &Owners{journal: j, nobody: nobody, asking: make(chan struct{}, maxAsking),
		users: map[ownerKey]string{}, owned: map[string][]ownerKey{}, turns: map[string]*turn{}}
}

// Claim tells whether a clientId may be userID's in a store: it was before, or
// was nobody's and is from now on. The user nobody claims nothing: for them the
// answer is whether the clientId has no owner. The journal is asked at the first
// use of a clientId, one question of a user at a time; the error is its, or the
// end of ctx.
func (o *Owners) Claim(ctx context.Context, storeID, clientID, userID string) (bool, error) {
	if userID == o.nobody {
		userID = ""
	}
	key := keyOf(storeID, clientID)
	owner, known := o.owner(key)
	if !known && o.journal != nil {
		done, err := o.take(ctx, userID)
		if err != nil {
			return false, err
		}
		defer done()
		if owner, known = o.owner(key); !known { // nor was it learned meanwhile
			if owner, err = o.firstUser(ctx, storeID, clientID, userID); err != nil {
				return false, err
			}
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if now, since := o.users[key]; since { // another connection was faster
		owner = now
	} else if owner == "" {
		owner = userID
	}
	if owner != "" {
		o.remember(key, owner)
	}
	return owner == userID, nil
}

func (o *Owners) owner(key ownerKey) (user string, known bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	user, known = o.users[key]
	return user, known
}

// take waits for a user's turn to ask the journal: whoever makes up clientIds
// holds up nobody else. done ends it; the error is the end of ctx.
func (o *Owners) take(ctx context.Context, user string) (done func(), err error) {
	o.mu.Lock()
	t := o.turns[user]
	if t == nil {
		t = &turn{free: make(chan struct{}, 1)}
		o.turns[user] = t
	}
	t.users++
	o.mu.Unlock()
	leave := func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		if t.users--; t.users == 0 {
			delete(o.turns, user)
		}
	}
	select {
	case t.free <- struct{}{}:
	case <-ctx.Done():
		leave()
		return nil, context.Cause(ctx)
	}
	select {
	case o.asking <- struct{}{}:
		return func() { <-o.asking; <-t.free; leave() }, nil
	case <-ctx.Done():
		<-t.free
		leave()
		return nil, context.Cause(ctx)
	}
}

// remember notes an owner. A user who has too many clientIds loses the memory
// of their own first; only where all users together have too many does
// somebody lose by another's.
func (o *Owners) remember(key ownerKey, owner string) {
	if _, there := o.users[key]; there {
		return
	}
	if len(o.owned[owner]) >= maxOwned {
		o.forget(owner)
	}
	for any := range o.owned {
		if len(o.users) < maxOwners {
			break
		}
		o.forget(any)
	}
	o.users[key] = owner
	o.owned[owner] = append(o.owned[owner], key)
}

// forget drops the oldest clientId of a user.
func (o *Owners) forget(user string) {
	delete(o.users, o.owned[user][0])
	if o.owned[user] = o.owned[user][1:]; len(o.owned[user]) == 0 {
		delete(o.owned, user)
	}
}

// firstUser is who wrote with a clientId first: the earliest confirmed event
// counts, or where there is none the earliest that was offered; "" for none. A
// journal that can, makes it userID's then, unless that is "".
func (o *Owners) firstUser(ctx context.Context, storeID, clientID, userID string) (string, error) {
	if j, ok := o.journal.(claimer); ok {
		return j.ClaimClient(ctx, storeID, short(clientID), userID)
	}
	if j, ok := o.journal.(byClient); ok {
		if user, known := j.FirstUser(storeID, short(clientID)); known {
			return user, nil
		}
	}
	found, err := o.journal.Events(ctx, Query{StoreID: storeID, ClientID: short(clientID), Limit: maxAsked})
	if err != nil {
		return "", err
	}
	var first Record
	for _, r := range found {
		if r.UserID == o.nobody {
			continue
		}
		surer := r.State == Confirmed && first.State != Confirmed
		if first.UserID == "" || surer || r.State == first.State && r.Timestamp.Before(first.Timestamp) {
			first = r
		}
	}
	return first.UserID, nil
}

// byClient is a Journal that may know firstUser without being read through.
type byClient interface {
	FirstUser(storeID, clientID string) (user string, known bool)
}

// claimer is a Journal in which a clientId that is nobody's is made userID's, for
// all processes that share it, unless userID is "". It returns whose it is.
type claimer interface {
	ClaimClient(ctx context.Context, storeID, clientID, userID string) (owner string, err error)
}

func keyOf(storeID, clientID string) ownerKey {
	text := binary.BigEndian.AppendUint64(nil, uint64(len(storeID)))
	return sha256.Sum256(append(append(text, storeID...), clientID...))
}
