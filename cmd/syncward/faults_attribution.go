package main

import (
	"errors"

	"github.com/syncward/syncward/attribution"
	"github.com/syncward/syncward/framing/payload"
)

// checkAttribution faults events that could not get their author.
func checkAttribution(c *config, r *report) {
	var err error
	if c.Events, err = payload.ParsePaths(c.EventPaths...); err != nil {
		r.fault("EVENT_PATHS", "%v; write JSON Pointers with commas between them, such as /event,/batch/*", err)
	}
	if c.Acks, err = payload.ParsePaths(c.AckPath); err != nil {
		r.fault("ACK_PATH", "%v; write a JSON Pointer, such as /ack or /acks/*/id", err)
	}
	switch c.Attribution {
	case "inject":
		checkInject(c, r)
	case "journal":
		checkJournal(c, r)
	}
	idle := func(name, why string) {
		if c.environ.set(name) {
			r.warn(name, "is set, but %s; unset it", why)
		}
	}
	switch {
	case c.Attribution == "off":
		idle("EVENT_PATHS", "ATTRIBUTION=off looks for no events")
	case c.Protocol == "livestore":
		idle("EVENT_PATHS", "it is known where LiveStore's events are")
		idle("ACK_PATH", "it is known where LiveStore's acknowledgements are")
	}
	if c.Attribution != "journal" {
		for _, name := range []string{"ACK_PATH", "JOURNAL_URL", "JOURNAL_FSYNC", "JOURNAL_FAILURE"} {
			idle(name, "ATTRIBUTION is not journal")
		}
	}
}

// checkInject faults protocols whose events cannot be written into.
func checkInject(c *config, r *report) {
	injector, err := attribution.NewInjector(c.Events)
	switch {
	case errors.Is(err, attribution.ErrPaths):
		r.fault("EVENT_PATHS", "%v: the author is written there; leave the inner one out", err)
	case c.Protocol == "livestore":
		r.fault("ATTRIBUTION", "is inject, but LiveStore drops what is written into its events; set ATTRIBUTION=journal")
	case c.Protocol != "json":
		r.fault("ATTRIBUTION", "is inject, but in the messages of PROTOCOL=%s no event is known; set PROTOCOL=json or ATTRIBUTION=off", c.Protocol)
	default:
		c.Injector = injector
	}
}

// checkJournal faults protocols that say nothing of a log, and a journal that
// is nowhere. In mode off no journal can stop the start.
func checkJournal(c *config, r *report) {
	if c.Protocol != "json" && c.Protocol != "livestore" {
		r.fault("ATTRIBUTION", "is journal, but in the messages of PROTOCOL=%s no event is known; set PROTOCOL=livestore or json, or ATTRIBUTION=off", c.Protocol)
	}
	if c.JournalURL == "" {
		c.keyFault(r, "JOURNAL_URL", "is not set, but ATTRIBUTION is journal; "+journals)
		return
	}
	var err error
	if c.Journal, err = parseJournal(c.JournalURL); err != nil {
		c.keyFault(r, "JOURNAL_URL", err.Error())
	}
	if c.Journal.kind == "nats" {
		if c.RevocationStore != "nats" {
			checkNATSFiles(c, r)
		}
		if c.environ.set("JOURNAL_FSYNC") {
			r.warn("JOURNAL_FSYNC", "is set, but the servers of NATS decide when they sync (sync_interval); unset it")
		}
	}
	if c.JournalFailure == "pass" {
		r.warn("JOURNAL_FAILURE", "is pass: while the journal fails, events go on without an author")
	}
}
