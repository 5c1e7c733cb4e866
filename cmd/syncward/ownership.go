package main

import (
	"context"

	"github.com/syncward/syncward/attribution"
)

// checkOwnership faults protocols that know no clientId, and warns of what a
// process can know by itself.
func checkOwnership(c *config, r *report) {
	switch {
	case !c.ClientIDOwnership:
	case c.Protocol != "livestore":
		r.fault("CLIENT_ID_OWNERSHIP", "is true, but PROTOCOL=%s knows no clientId; set PROTOCOL=livestore, or unset it", c.Protocol)
	case c.Attribution != "journal":
		r.warn("CLIENT_ID_OWNERSHIP", "is true without a journal: each process forgets at its end whose a clientId is, and knows nothing of the others; set ATTRIBUTION=journal")
	}
}

// owner is proxy.Config.Owner; nil where everybody may use every clientId.
func (c *config) owner(b books) func(ctx context.Context, storeID, clientID, userID string) (bool, error) {
	if !c.ClientIDOwnership {
		return nil
	}
	return attribution.NewOwners(b.journal, c.AnonymousUserID).Claim
}
