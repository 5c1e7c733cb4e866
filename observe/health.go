package observe

import (
	"encoding/json"
	"net/http"
	"sync/atomic"
)

// Check is one condition of readiness.
type Check struct {
	// Name is what /readyz calls it, such as "keys".
	Name string
	// Why returns "" while the condition holds, else a fixed phrase for the
	// operator: never an error's text, an address or a key. It is called for
	// each probe and must not block.
	Why func() string
}

// Health answers whether this replica is alive and whether it wants traffic. Its
// methods may be called from any goroutine.
type Health struct {
	checks   []Check
	draining atomic.Bool
}

// NewHealth returns a Health that is ready while every check holds.
func NewHealth(checks ...Check) *Health {
	return &Health{checks: checks}
}

// Drain makes /readyz answer 503 from now on, whatever the checks say; there is
// no way back. /healthz is not touched: a replica that drains must not be killed.
func (h *Health) Drain() { h.draining.Store(true) }

// Faults returns why this replica is not ready, by the name of the check; empty:
// it is ready.
func (h *Health) Faults() map[string]string {
	faults := map[string]string{}
	for _, c := range h.checks {
		if why := c.Why(); why != "" {
			faults[c.Name] = why
		}
	}
	if h.draining.Load() {
		faults["drain"] = "draining"
	}
	return faults
}

// ready serves /readyz.
func (h *Health) ready(w http.ResponseWriter) {
	faults := h.Faults()
	body, _ := json.Marshal(map[string]any{"ready": len(faults) == 0, "faults": faults}) // of strings: cannot fail
	w.Header().Set("Content-Type", "application/json")
	if len(faults) > 0 {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	w.Write(append(body, '\n'))
}
