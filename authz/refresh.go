package authz

// Refresh returns the decision that holds after a live connection admitted by
// current has presented another token, judged as next, and the code to answer
// with; "" where that is no error.
//
//   - An anonymous connection has no identity to refresh: FORBIDDEN.
//   - A refused token answers with its own code.
//   - Another user's token is FORBIDDEN.
//   - A token with an older iat is ignored: no error, nothing moves.
//
// In all these cases current stands, deadline and identity; whether the
// connection is closed is the caller's to say. next is what Decide returned,
// not what a Policy made of it.
func Refresh(current, next Decision) (Decision, Code) {
	switch {
	case !current.Allow || current.Status == Anonymous:
		return current, Forbidden
	case !next.Allow:
		return current, next.Refusal()
	case next.Status == Anonymous || !current.SameUser(next):
		return current, Forbidden
	case next.IssuedAt.Before(current.IssuedAt):
		return current, ""
	}
	return next, ""
}
