package keys

import (
	"context"
	"crypto/sha256"
	"time"
)

// Run follows the set until ctx ends: it fetches at once, then after each
// refresh time, after each cool-down while that fails, and when a token asks
// for it. All fetches but those of Fetch are here, so no two are ever under
// way.
func (j *JWKS) Run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		asked := false
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-j.wanted:
			asked = true
		}
		if !j.enter(asked) {
			continue
		}
		changed, err := j.fetch(ctx)
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		j.leave(err)
		if ctx.Err() != nil {
			return
		}
		j.o.Fetched(changed, err)
		wait := j.o.Refresh
		if err != nil {
			wait = j.o.CoolDown
		}
		timer.Reset(wait)
	}
}

// enter begins the round of a fetch. Where it was the timer's turn and a token
// asked at that very moment, it is the token's that is left to come.
func (j *JWKS) enter(asked bool) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.round == nil {
		j.begin()
		return true
	}
	return asked
}

// leave ends the round and tells those who wait for it.
func (j *JWKS) leave(err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.round.err = err
	close(j.round.done)
	j.round = nil
}

// Fetch fetches the set once, within the timeout, for those who do not Run. The
// error says why the last good set, if any, stays.
func (j *JWKS) Fetch(ctx context.Context) error {
	_, err := j.fetch(ctx)
	return err
}

func (j *JWKS) fetch(ctx context.Context) (changed bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, j.o.Timeout)
	defer cancel()
	document, err := j.read(ctx)
	if err != nil {
		return false, err
	}
	digest := sha256.Sum256(document)
	if was := j.held.Load(); was != nil && was.digest == digest {
		return false, nil
	}
	keys, err := parseSet(document)
	if err != nil {
		return false, err
	}
	j.held.Store(&heldSet{keys: keys, digest: digest})
	return true, nil
}
