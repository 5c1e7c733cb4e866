package main

import (
	"time"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/authz/revocation"
	"github.com/syncward/syncward/observe"
	"github.com/syncward/syncward/proxy"
)

// revocations is the store as the proxy asks it (proxy.Revocations).
type revocations struct{ *revocation.Memory }

// openRevocations opens the store. Its entries are kept for as long as a token
// that they concern could be accepted.
func openRevocations(c *config) (revocations, error) {
	m, err := revocation.Open(revocation.Options{
		Keep: c.JWTMaxLifetime + c.JWTGracePeriod + c.JWTLeeway, Path: c.RevocationFile,
	})
	if err != nil && c.startMode() == authz.Off {
		// Off depends on nothing: the file is left alone, and not believed.
		m, err = revocation.Open(revocation.Options{Keep: c.JWTMaxLifetime + c.JWTGracePeriod + c.JWTLeeway})
	}
	if err != nil {
		return revocations{}, faults{{"REVOCATION_FILE", "cannot be used (" + cause(err) + "); mend it, or name another"}}
	}
	return revocations{m}, nil
}

// notify has every entry end the live connections that it concerns.
func (r revocations) notify(srv *proxy.Server, o *observe.Observer) {
	o.RevocationStore(true)
	r.Notify(func(e revocation.Entry) {
		o.Revoked(string(e.Kind()))
		if e.UserID == revocation.Everybody {
			srv.Revoked("")
			return
		}
		srv.Revoked(e.UserID)
	})
}

// Check says what is known against d's token.
func (r revocations) Check(d authz.Decision) (authz.Code, authz.Reason) {
	switch r.Memory.Check(d.UserID, d.TokenID, d.IssuedAt) {
	case revocation.Clear:
		return "", ""
	case revocation.Deleted:
		return authz.UserNotFound, authz.ReasonDeleted
	}
	return authz.SessionRevoked, authz.ReasonRevoked
}

// Logout ends every token that the user has now, where d's is valid; in grace
// only d's own, since whoever found an expired token must not be able to log
// its user out. A token without a jti cannot be named alone.
func (r revocations) Logout(d authz.Decision) error {
	e := revocation.Entry{UserID: d.UserID, Reason: "logout"}
	switch {
	case d.Status == authz.Valid:
		e.Before = time.Now()
		if d.IssuedAt.After(e.Before) {
			e.Before = d.IssuedAt
		}
	case d.TokenID == "":
		return nil
	default:
		e.TokenID = d.TokenID
	}
	return r.Add(e)
}
