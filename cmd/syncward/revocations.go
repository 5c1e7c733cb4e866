package main

import (
	"context"
	"time"

	"github.com/nats-io/nats.go"
	"go.uber.org/zap"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/authz/revocation"
	"github.com/syncward/syncward/authz/revocation/natskv"
	"github.com/syncward/syncward/observe"
	"github.com/syncward/syncward/proxy"
)

// outTooLong is for how long a store may be out of reach before
// REVOCATION_FAILURE counts.
const outTooLong = 30 * time.Second

// revocations is the store as the proxy asks it (proxy.Revocations).
type revocations struct {
	revocationStore
	fleet *natskv.Store // the same store where it is that of a fleet, else nil
	conn  *nats.Conn    // nil: there is none to close
	deny  bool          // REVOCATION_FAILURE
}

// revocationStore is what both stores are.
type revocationStore interface {
	Add(revocation.Entry) error
	Check(userID, tokenID string, issuedAt time.Time) revocation.Verdict
	Remove(userID string) (bool, error)
	List() []revocation.Entry
	Notify(func(revocation.Entry))
}

// storeTold is who is told of a fleet's store; nil fields are skipped.
type storeTold struct {
	changed func(up bool)
	fault   func(error)
}

// openRevocations opens the store. Its entries are kept for as long as a token
// that they concern could be accepted.
func openRevocations(c *config, told storeTold) (revocations, error) {
	keep := c.JWTMaxLifetime + c.JWTGracePeriod + c.JWTLeeway
	if c.RevocationStore == "nats" {
		return openFleet(c, keep, told)
	}
	m, err := revocation.Open(revocation.Options{Keep: keep, Path: c.RevocationFile})
	if err != nil && c.startMode() == authz.Off {
		// Off depends on nothing: the file is left alone, and not believed.
		m, err = revocation.Open(revocation.Options{Keep: keep})
	}
	if err != nil {
		return revocations{}, faults{{"REVOCATION_FILE", "cannot be used (" + cause(err) + "); mend it, or name another"}}
	}
	return revocations{revocationStore: m}, nil
}

// openFleet opens the store that all replicas share. It waits for no server.
func openFleet(c *config, keep time.Duration, told storeTold) (revocations, error) {
	if told.fault == nil {
		told.fault = func(error) {}
	}
	var conn *nats.Conn
	err := error(faults{{"NATS_URL", "is not set"}})
	if c.NATSURL != "" {
		conn, err = dialNATS(c, "syncward revocations", c.NATSURL, told.fault)
	}
	if err != nil && c.startMode() != authz.Off {
		return revocations{}, faults{{"NATS_URL", "cannot be used (" + err.Error() + "); see also NATS_CREDS_FILE, NATS_CA_FILE and NATS_CERT_FILE"}}
	}
	if err != nil {
		conn = nil // never reached, which in mode off concerns nobody
	}
	s := natskv.New(natskv.Options{Conn: conn, Bucket: c.NATSBucket, Keep: keep, Changed: told.changed, Fault: told.fault})
	return revocations{s, s, conn, c.RevocationFailure == "deny"}, nil
}

// storeTold has metric and log told of a fleet's store.
func tellStore(o *observe.Observer, log *zap.Logger) storeTold {
	return storeTold{
		changed: func(up bool) {
			o.RevocationStore(up)
			if up {
				log.Info("the revocation store is in reach")
				return
			}
			log.Error("the revocation store is out of reach: what is known stays in force")
		},
		fault: func(err error) { log.Error("revocation store", zap.Error(err)) },
	}
}

// notify has every entry end the live connections that it concerns.
func (r revocations) notify(srv *proxy.Server, o *observe.Observer) {
	o.RevocationStore(r.fleet == nil)
	r.Notify(func(e revocation.Entry) {
		o.Revoked(string(e.Kind()))
		if e.UserID == revocation.Everybody {
			srv.Revoked("")
			return
		}
		srv.Revoked(e.UserID)
	})
}

// run keeps up with the fleet until ctx ends.
func (r revocations) run(ctx context.Context) {
	if r.fleet != nil {
		r.fleet.Run(ctx)
	}
	if r.conn != nil {
		r.conn.Close()
	}
}

// notReady returns why nobody can be let in; "" where somebody can. As with
// keys, a mode that admits without is ready without.
func (r revocations) notReady(p authz.Policy) string {
	if p.Mode == authz.Enforce && r.fleet != nil && !r.fleet.CaughtUp() {
		return "the revocation store was never read"
	}
	return ""
}

// Check says what is known against d's token. Before the first catch-up that is
// not even asked: whatever is known by then says nothing about the token. Later,
// what is known counts before what is not.
func (r revocations) Check(d authz.Decision) (authz.Code, authz.Reason) {
	if r.fleet != nil && !r.fleet.CaughtUp() {
		return authz.AuthUnavailable, authz.ReasonStore
	}
	switch r.revocationStore.Check(d.UserID, d.TokenID, d.IssuedAt) {
	case revocation.Clear:
		if r.deny && r.fleet != nil && r.fleet.Out() > outTooLong {
			return authz.AuthUnavailable, authz.ReasonStore
		}
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

// probeStore looks whether the bucket is there, or can be made.
func probeStore(ctx context.Context, c *config) probe {
	const name = "store"
	switch {
	case c.RevocationStore != "nats":
		return probe{name, true, "in memory"}
	case c.startMode() == authz.Off:
		return probe{name, true, "not asked in mode off"}
	}
	conn, err := dialNATS(c, "syncward check", c.NATSURL, func(error) {}, nats.RetryOnFailedConnect(false), nats.NoReconnect())
	if err != nil {
		return probe{name, false, plain(err) + "; see NATS_URL, NATS_CREDS_FILE, NATS_CA_FILE"}
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	there, err := natskv.Probe(ctx, conn, c.NATSBucket)
	switch {
	case err != nil:
		return probe{name, false, plain(err) + "; see NATS_BUCKET"}
	case !there:
		return probe{name, true, "NATS answers; serve makes the bucket " + c.NATSBucket}
	}
	return probe{name, true, "bucket " + c.NATSBucket}
}
