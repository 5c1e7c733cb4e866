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
)

// Owners knows whose a clientId is in a store: its first user's. It remembers
// that in bounded memory and, where there is one, learns it from the journal.
// Its methods may be called from any goroutine.
type Owners struct {
	journal Journal
	nobody  string

	mu    sync.Mutex
	users map[ownerKey]string
	owned map[string][]ownerKey // by user, oldest first
}

// ownerKey stands for a store and a clientId, of whatever length.
type ownerKey [sha256.Size]byte

// NewOwners makes an Owners; without a journal (nil) it knows what it was told
// since it was made, and no more. What the user nobody wrote, who stands for
// all without a token, makes no owner.
func NewOwners(j Journal, nobody string) *Owners {
	return &Owners{journal: j, nobody: nobody, users: map[ownerKey]string{}, owned: map[string][]ownerKey{}}
}

// Claim tells whether a clientId may be userID's in a store: it was before, or
// was nobody's and is from now on. The user nobody claims nothing: for them the
// answer is whether the clientId has no owner. The journal is asked at the first
// use of a clientId; the error is its.
func (o *Owners) Claim(ctx context.Context, storeID, clientID, userID string) (bool, error) {
	if userID == o.nobody {
		userID = ""
	}
	key := keyOf(storeID, clientID)
	o.mu.Lock()
	owner, known := o.users[key]
	o.mu.Unlock()
	if !known && o.journal != nil {
		var err error
		if owner, err = o.firstUser(ctx, storeID, clientID); err != nil {
			return false, err
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
// counts, or where there is none the earliest that was offered; "" for none.
func (o *Owners) firstUser(ctx context.Context, storeID, clientID string) (string, error) {
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

func keyOf(storeID, clientID string) ownerKey {
	text := binary.BigEndian.AppendUint64(nil, uint64(len(storeID)))
	return sha256.Sum256(append(append(text, storeID...), clientID...))
}
