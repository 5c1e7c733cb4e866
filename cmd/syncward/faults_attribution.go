package main

import (
	"errors"

	"github.com/syncward/syncward/attribution"
	"github.com/syncward/syncward/framing/payload"
)

// checkAttribution faults events that could not get their author.
func checkAttribution(c *config, r *report) {
	paths, err := payload.ParsePaths(c.EventPaths...)
	if err != nil {
		r.fault("EVENT_PATHS", "%v; write JSON Pointers with commas between them, such as /event,/batch/*", err)
		return
	}
	injector, err := attribution.NewInjector(paths)
	switch {
	case errors.Is(err, attribution.ErrPaths):
		r.fault("EVENT_PATHS", "%v: the author is written there; leave the inner one out", err)
	case c.Attribution == "inject" && c.Protocol == "livestore":
		r.fault("ATTRIBUTION", "is inject, but LiveStore drops what is written into its events; set ATTRIBUTION=journal")
	case c.Attribution == "inject" && c.Protocol != "json":
		r.fault("ATTRIBUTION", "is inject, but in the messages of PROTOCOL=%s no event is known; set PROTOCOL=json or ATTRIBUTION=off", c.Protocol)
	case c.Attribution == "inject":
		c.Injector = injector
	case c.Attribution == "off" && c.environ.set("EVENT_PATHS"):
		r.warn("EVENT_PATHS", "is set, but ATTRIBUTION=off looks for no events; set ATTRIBUTION, or unset it")
	}
}
