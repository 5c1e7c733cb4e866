package main

import "time"

// checkLimits faults numbers that would let everything or nothing through.
func checkLimits(c *config, r *report) {
	for _, n := range []struct {
		name         string
		value, least int64
	}{
		{"FIRST_FRAME_MAX_BYTES", int64(c.FirstFrameMaxBytes), 1},
		{"MAX_HEADER_BYTES", int64(c.MaxHeaderBytes), 1},
		{"MAX_MESSAGE_BYTES", c.MaxMessageBytes, 1},
		{"MAX_CONNECTIONS", int64(c.MaxConnections), 0},
		{"MAX_PENDING", int64(c.MaxPending), 1},
		{"MAX_CONNECTIONS_PER_USER", int64(c.MaxPerUser), 0},
		{"AUTH_FAILURES_PER_MINUTE", int64(c.FailuresPerMinute), 0},
		{"DIAL_RETRIES", int64(c.DialRetries), 0},
		{"BREAKER_FAILURES", int64(c.BreakerFailures), 1},
	} {
		if n.value < n.least {
			r.fault(n.name, "%d is too small; write a whole number from %d upwards", n.value, n.least)
		}
	}
}

// checkDurations faults times that cannot be, and waits of no time at all.
func checkDurations(c *config, r *report) {
	for _, d := range []struct {
		name  string
		value time.Duration
		zero  bool // 0 has a meaning
	}{
		{"JWKS_TIMEOUT", c.JWKSTimeout, false},
		{"JWT_LEEWAY", c.JWTLeeway, true},
		{"JWT_GRACE_PERIOD", c.JWTGracePeriod, true},
		{"JWT_MAX_LIFETIME", c.JWTMaxLifetime, false},
		{"FIRST_FRAME_TIMEOUT", c.FirstFrameTimeout, false},
		{"HEADER_TIMEOUT", c.HeaderTimeout, false},
		{"DIAL_TIMEOUT", c.DialTimeout, false},
		{"BREAKER_OPEN", c.BreakerOpen, false},
		{"USER_DIRECTORY_TIMEOUT", c.UserDirectoryTimeout, false},
		{"USER_DIRECTORY_TTL", c.UserDirectoryTTL, true},
		{"DRAIN_DELAY", c.DrainDelay, true},
		{"DRAIN_PERIOD", c.DrainPeriod, true},
	} {
		switch {
		case d.value < 0:
			r.fault(d.name, "%s is negative; write a positive duration such as 10s", d.value)
		case d.value == 0 && !d.zero:
			r.fault(d.name, "is zero; write a positive duration such as 10s")
		}
	}
}
