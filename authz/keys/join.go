package keys

import (
	"context"
	"slices"

	"github.com/syncward/syncward/authz"
)

// joined asks each source for its own algorithms only.
type joined struct {
	algorithms []string
	serving    map[string][]authz.Keys // never changed
}

// Join returns the source of all keys of sources, none of which may be nil.
// Each is asked only for the algorithms that it serves. Without sources Find
// returns authz.ErrNoKeys.
func Join(sources ...authz.Keys) authz.Keys {
	j := &joined{serving: map[string][]authz.Keys{}}
	for _, source := range sources {
		for _, alg := range source.Algorithms() {
			if len(j.serving[alg]) == 0 {
				j.algorithms = append(j.algorithms, alg)
			}
			j.serving[alg] = append(j.serving[alg], source)
		}
	}
	return j
}

// Find returns what the sources find together. Keys of one and the error of
// another may come together: the keys are tried, and what none of them signed
// is not blamed on the token. It blocks as long as the slowest sources do, one
// behind the other.
func (j *joined) Find(ctx context.Context, h authz.Header) (found []authz.Key, err error) {
	sources := j.serving[h.Alg]
	switch {
	case len(j.serving) == 0:
		return nil, authz.ErrNoKeys
	case len(sources) == 1:
		return sources[0].Find(ctx, h)
	}
	for _, source := range sources {
		keys, failed := source.Find(ctx, h)
		found = append(found, keys...)
		if failed != nil {
			err = failed
		}
	}
	return found, err
}

// Algorithms returns those of all sources, each once.
func (j *joined) Algorithms() []string { return slices.Clone(j.algorithms) }
