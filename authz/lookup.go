package authz

import "context"

type withoutLookups struct{}

// WithoutLookups returns a context under which Keys answer from what they hold:
// they wait for nothing from elsewhere, and say that they cannot answer where
// that is not enough. A look-up that a cool-down bounds anyway may begin, for
// the decisions after this one.
func WithoutLookups(ctx context.Context) context.Context {
	return context.WithValue(ctx, withoutLookups{}, true)
}

// MayLookUp is false under WithoutLookups.
func MayLookUp(ctx context.Context) bool { return ctx.Value(withoutLookups{}) == nil }
