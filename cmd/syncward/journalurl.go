package main

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"
)

// journalURL is JOURNAL_URL, read: file and sqlite have a path.
type journalURL struct{ kind, path string }

// parseJournal reads JOURNAL_URL. The error ends a sentence that begins with
// the variable's name; it never repeats the value, since a password may stand
// in it.
func parseJournal(raw string) (journalURL, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return journalURL{}, errors.New("is no URL; write file:///data/events.ndjson or sqlite:///data/events.db")
	}
	switch u.Scheme {
	case "file", "sqlite":
		switch {
		case u.Host != "" || u.Opaque != "" || u.User != nil || !path.IsAbs(u.Path):
			return journalURL{}, fmt.Errorf("holds no absolute path; write three slashes, as in %s:///data/events", u.Scheme)
		case u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.HasSuffix(u.Path, "/"):
			return journalURL{}, errors.New("holds more than a file; leave out what stands behind its name")
		}
		return journalURL{u.Scheme, u.Path}, nil
	case "nats":
		return journalURL{}, errors.New("names NATS, which this version cannot keep a journal in yet; write file:// or sqlite://")
	}
	return journalURL{}, errors.New("names no journal that is known; write file:///data/events.ndjson or sqlite:///data/events.db")
}
