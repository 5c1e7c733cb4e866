package main

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"
)

// journalURL is JOURNAL_URL, read: file and sqlite have a path, nats has servers
// (as in NATS_URL) and a stream.
type journalURL struct{ kind, path, servers, stream string }

// journals are the kinds of journal, as an operator is told of them.
const journals = "write file:///data/events.ndjson, sqlite:///data/events.db or nats://host:4222/STREAM"

// parseJournal reads JOURNAL_URL. The error ends a sentence that begins with
// the variable's name; it never repeats the value, since a password may stand
// in it.
func parseJournal(raw string) (journalURL, error) {
	scheme, rest, _ := strings.Cut(raw, "://")
	if scheme == "nats" || scheme == "tls" {
		return parseStream(scheme, rest)
	}
	u, err := url.Parse(raw)
	if err != nil {
		return journalURL{}, errors.New("is no URL; " + journals)
	}
	switch u.Scheme {
	case "file", "sqlite":
		switch {
		case u.Host != "" || u.Opaque != "" || u.User != nil || !path.IsAbs(u.Path):
			return journalURL{}, fmt.Errorf("holds no absolute path; write three slashes, as in %s:///data/events", u.Scheme)
		case u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.HasSuffix(u.Path, "/"):
			return journalURL{}, errors.New("holds more than a file; leave out what stands behind its name")
		}
		return journalURL{kind: u.Scheme, path: u.Path}, nil
	}
	return journalURL{}, errors.New("names no journal that is known; " + journals)
}

// parseStream reads nats://host:4222,host2:4222/STREAM.
func parseStream(scheme, rest string) (journalURL, error) {
	last := strings.LastIndexByte(rest, '/')
	hosts, stream := rest[:max(last, 0)], rest[last+1:]
	if last < 0 || !bucketName(stream) {
		return journalURL{}, errors.New("names no stream; write nats://host:4222/STREAM, a name of 1 to 200 of the letters, digits, - and _")
	}
	var servers []string
	for host := range strings.SplitSeq(hosts, ",") {
		servers = append(servers, scheme+"://"+host)
	}
	j := journalURL{kind: "nats", servers: strings.Join(servers, ","), stream: stream}
	if _, err := natsServers(j.servers); err != nil || strings.Contains(hosts, "/") {
		return journalURL{}, errors.New("names no servers; write nats://host:4222/STREAM or tls://host:4222/STREAM, several hosts with commas between")
	}
	return j, nil
}
