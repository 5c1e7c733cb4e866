package main

import (
	"encoding/json"
	"net/http"
	"net/url"
)

// question is one connection that is asked for.
type question struct {
	url    string
	header http.Header
	first  []byte // the first message; nil: none
}

// ways says for each protocol how its clients send a token; "" is none.
var ways = map[string]func(u url.URL, store, token string) question{
	"json":      inFirstFrame,
	"livestore": inPayload,
	"opaque":    inHeader,
}

// inFirstFrame: {"type":"init","instanceId":…,"authToken":…}.
func inFirstFrame(u url.URL, store, token string) question {
	return question{url: u.String(), first: object("type", "init", "instanceId", store, "authToken", token)}
}

// inPayload: the query of LiveStore's own client, whose payload is encoded
// twice.
func inPayload(u url.URL, store, token string) question {
	query := "storeId=" + url.QueryEscape(store)
	if token != "" {
		query += "&payload=" + url.QueryEscape(url.QueryEscape(string(object("authToken", token))))
	}
	query += "&transport=ws"
	if u.RawQuery != "" {
		query = u.RawQuery + "&" + query
	}
	u.RawQuery = query
	return question{url: u.String()}
}

// inHeader: Authorization: Bearer (RFC 6750 §2.1).
func inHeader(u url.URL, _, token string) question {
	q := question{url: u.String(), header: http.Header{}}
	if token != "" {
		q.header.Set("Authorization", "Bearer "+token)
	}
	return q
}

// object is a JSON object of names and texts; empty texts are left out.
func object(pairs ...string) []byte {
	o := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			o[pairs[i]] = pairs[i+1]
		}
	}
	b, err := json.Marshal(o)
	if err != nil {
		panic("canary: a text that is no JSON")
	}
	return b
}
