package ndjson

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/syncward/syncward/attribution"
)

// maxClients bounds the clientIds whose first user is in memory; whoever asks
// about another one reads the files.
const maxClients = 1 << 18

// clients knows who wrote first with a clientId, in what is confirmed or given
// up. What is open changes, and is looked at where it is asked for.
type clients struct {
	nobody  string
	first   map[clientKey]firstUser
	unread  bool // archives are not read yet, or could not be
	crowded bool // some had no room
}

// clientKey stands for a store and a clientId.
type clientKey [sha256.Size]byte

type firstUser struct {
	id    string
	state attribution.State
	at    time.Time
}

func newClients(nobody string) *clients {
	return &clients{nobody: nobody, first: map[clientKey]firstUser{}, unread: true}
}

func clientOf(storeID, clientID string) clientKey {
	return sha256.Sum256([]byte(strconv.Quote(storeID) + clientID))
}

// before tells whether u counts, and o does not: the earliest confirmed record
// does, or where there is none the earliest.
func (u firstUser) before(o firstUser) bool {
	if o.id == "" || u.state != o.state {
		return o.id == "" || u.state == attribution.Confirmed
	}
	return u.at.Before(o.at)
}

// note takes in a record that is confirmed or given up.
func (c *clients) note(r attribution.Record) {
	if c == nil || r.Sight() || r.UserID == c.nobody {
		return
	}
	key := clientOf(r.StoreID, r.ClientID)
	now, there := c.first[key]
	switch u := (firstUser{r.UserID, r.State, r.Timestamp}); {
	case !there && len(c.first) >= maxClients:
		c.crowded = true
	case u.before(now):
		c.first[key] = u
	}
}

// learn reads the archives that were there at Open; all else is noted as it
// comes.
func (j *Journal) learn(ctx context.Context, archives []string) {
	files, err := openAll(archives)
	defer closeAll(files)
	if err == nil {
		err = told(ctx, files, func(_ kind, r attribution.Record) {
			j.mu.Lock()
			defer j.mu.Unlock()
			j.index.clients.note(r)
		})
	}
	if err != nil {
		if !errors.Is(err, context.Canceled) {
			j.opt.Failed(fmt.Errorf("ndjson: the clientIds of archives: %w", err))
		}
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.index.clients.unread = false
}

// FirstUser is who wrote with a clientId in a store first: the earliest
// confirmed record counts, or where there is none the earliest intent; "" for
// none, and for Options.Nobody. It is not known without Options.ByClient, while
// the archives are not read, and for some of very many clientIds; then Events
// tells.
func (j *Journal) FirstUser(storeID, clientID string) (user string, known bool) {
	j.mu.RLock()
	defer j.mu.RUnlock()
	c := j.index.clients
	if j.closed || c == nil || c.unread {
		return "", false
	}
	u, there := c.first[clientOf(storeID, clientID)]
	if u.state == attribution.Confirmed || !there && c.crowded {
		return u.id, there
	}
	for at, o := range j.index.open {
		if at.StoreID != storeID {
			continue
		}
		for _, r := range o.records {
			if meant := (firstUser{r.UserID, attribution.Unconfirmed, r.Timestamp}); r.ClientID == clientID && !r.Sight() && r.UserID != c.nobody && meant.before(u) {
				u = meant
			}
		}
	}
	return u.id, true
}
