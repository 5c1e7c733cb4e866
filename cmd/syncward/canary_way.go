package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/syncward/syncward/framing/hocuspocus"
	"github.com/syncward/syncward/proxy"
)

// question is one connection that is asked for.
type question struct {
	url       string
	header    http.Header
	protocols []string // offered
	first     []byte   // the first message; nil: none
	binary    bool     // it is
	// denied begins the message by which the protocol says no; nil: it has none.
	denied []byte
}

// way is how a client of the sidecar brings its token: what it speaks, and the
// source that the token is in.
type way struct {
	protocol string
	source   proxy.Source // "": the protocol's own
	field    string       // JSON Pointer of the token; "": /authToken
	name     string       // of the cookie or the parameter; "": the default's
	origin   string       // "": none is said
}

// ownSource is where the clients of a protocol have their token by themselves.
var ownSource = map[string]proxy.Source{
	"json": proxy.SourceFrame, "livestore": proxy.SourcePayload, "graphql-ws": proxy.SourceFrame,
	"hocuspocus": proxy.SourceFrame, "opaque": proxy.SourceHeader,
}

// anywhere are the sources that every protocol has.
var anywhere = []proxy.Source{proxy.SourceHeader, proxy.SourceSubprotocol, proxy.SourceCookie, proxy.SourceQuery}

// checked returns w with its defaults, or what cannot be.
func (w way) checked() (way, error) {
	own, known := ownSource[w.protocol]
	switch {
	case !known:
		return w, fmt.Errorf("--protocol: unknown %q; use json, livestore, graphql-ws, hocuspocus or opaque", w.protocol)
	case w.source == "":
		w.source = own
	case w.source != own && !slices.Contains(anywhere, w.source):
		return w, fmt.Errorf("--token-source: %s has no %q; leave it out, or use header, subprotocol, cookie or query", w.protocol, w.source)
	}
	inJSON := w.source == proxy.SourcePayload || w.source == proxy.SourceFrame && w.protocol == "json"
	named := w.source == proxy.SourceCookie || w.source == proxy.SourceQuery
	switch {
	case w.field != "" && (!inJSON || w.field[0] != '/'):
		return w, errors.New("--token-field: write a JSON Pointer such as /authToken, for a token in json's first message or livestore's payload")
	case w.name != "" && !named:
		return w, errors.New("--token-name: only a cookie or a query parameter has a name")
	}
	w.field = or(w.field, "/authToken")
	w.name = or(w.name, map[proxy.Source]string{proxy.SourceCookie: "sync_token", proxy.SourceQuery: "token"}[w.source])
	return w, nil
}

// question is a connection with that token in it; "" is none.
func (w way) question(u url.URL, store, token string) question {
	q := question{header: http.Header{}}
	if w.origin != "" {
		q.header.Set("Origin", w.origin)
	}
	query := ""
	if token != "" {
		switch w.source {
		case proxy.SourceHeader: // RFC 6750 §2.1
			q.header.Set("Authorization", "Bearer "+token)
		case proxy.SourceSubprotocol:
			q.protocols = []string{"bearer." + token, "syncward-canary"}
		case proxy.SourceCookie:
			q.header.Set("Cookie", w.name+"="+token)
		case proxy.SourceQuery:
			query = "&" + url.QueryEscape(w.name) + "=" + url.QueryEscape(token)
		}
	}
	inside := map[string]any{} // what is JSON, with the token where it is in there
	if token != "" && (w.source == proxy.SourceFrame || w.source == proxy.SourcePayload) {
		put(inside, w.field, token)
	}
	switch w.protocol {
	case "json":
		inside["type"], inside["instanceId"] = "init", store
		q.first = text(inside)
	case "graphql-ws":
		q.protocols = append(q.protocols, "graphql-transport-ws")
		q.first = text(map[string]any{"type": "connection_init", "payload": inside})
	case "hocuspocus":
		in, _ := inside["authToken"].(string)
		p := hocuspocus.New(hocuspocus.Options{})
		_, denial := p.Denial(store, "")
		q.first, q.binary, q.denied = p.Opening(store, in), true, denial[:len(denial)-1]
	case "livestore": // the query of its own client, whose payload is encoded twice
		query += "&storeId=" + url.QueryEscape(store)
		if len(inside) > 0 {
			query += "&payload=" + url.QueryEscape(url.QueryEscape(string(text(inside))))
		}
		query += "&transport=ws"
	}
	u.RawQuery = strings.TrimPrefix(u.RawQuery+query, "&")
	q.url = u.String()
	return q
}

// put sets the member of o that a JSON Pointer (RFC 6901) names.
func put(o map[string]any, pointer, value string) {
	steps := strings.Split(pointer[1:], "/")
	for i, step := range steps {
		steps[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
	}
	last := len(steps) - 1
	for _, step := range steps[:last] {
		deeper := map[string]any{}
		o[step], o = deeper, deeper
	}
	o[steps[last]] = value
}

func text(o map[string]any) []byte {
	b, err := json.Marshal(o)
	if err != nil {
		panic("canary: a text that is no JSON")
	}
	return b
}
