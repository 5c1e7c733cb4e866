package targets

import (
	"bytes"
	"context"
	"fmt"
)

// Probe tries what a target claims: that a client with a good token is served,
// and, where the target verifies, that one with a forged token or none is not,
// and that the upstream does not get to see the token. A target that fails is
// not measured.
func (l *Lab) Probe(ctx context.Context, t Target, addr string) error {
	conn, answer, err := l.Client(t, addr).Open(ctx)
	if err != nil {
		return fmt.Errorf("bench: %s does not serve: %w", t.Name, err)
	}
	conn.Close()
	if bytes.Contains(answer, []byte(l.token)) {
		return fmt.Errorf("bench: %s: the token went to the upstream", t.Name)
	}
	if !t.Verifies() {
		return nil
	}
	for what, token := range map[string]string{"a forged token": l.forged, "no token": ""} {
		if conn, _, err := l.client(t, addr, token).Open(ctx); err == nil {
			conn.Close()
			return fmt.Errorf("bench: %s admits %s: it has no place among those that verify", t.Name, what)
		}
	}
	return nil
}
