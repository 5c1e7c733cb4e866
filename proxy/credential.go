package proxy

import (
	"encoding/base64"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/syncward/syncward/framing/http1"
	"github.com/syncward/syncward/framing/payload"
)

// credential is what one request carries: the token of the first source in the
// list that has one, and what the protocol's payload says besides.
type credential struct {
	token    string
	source   Source // SourceNone: there was no token
	instance string // instanceId of the URL, where the protocol has it there
	named    bool   // the URL names an instance, be it the empty one
	optIn    bool   // the subprotocol entry syncward.v1 was offered
	// unreadable: the payload in the URL is none. That is a refusal like any
	// other, which observe only counts.
	unreadable bool
}

func (c credential) has() bool { return c.source != SourceNone }

// optInProtocol is the subprotocol entry of a client that understands auth.*
// messages. It never goes upstream.
const optInProtocol = "syncward.v1"

// asked says what kind of request credentials are taken from.
type asked struct {
	upgrade bool // else a plain HTTP request, which has fewer sources
	cookies bool // a cookie counts as a credential
	open    bool // nobody asks for one: nothing takes the place of what is removed
}

// take finds the credential in a request head and removes every enabled
// source's copy from it. ok is false where two readers could read the request
// differently: two values in one source.
func (s *Server) take(h *http1.Head, a asked) (cred credential, ok bool) {
	t := taker{s: s, h: h, asked: a, cred: credential{source: SourceNone}, instead: s.cfg.UpstreamToken}
	if a.open {
		t.instead = ""
	}
	if t.repeats() {
		return t.cred, false
	}
	if !t.payload(slices.Contains(s.cfg.Sources, SourcePayload)) {
		return t.cred, false
	}
	for _, src := range s.cfg.Sources {
		switch src {
		case SourceHeader:
			ok = t.header()
		case SourceSubprotocol:
			ok = !a.upgrade || t.subprotocol()
		case SourceCookie:
			ok = t.cookie()
		case SourceQuery:
			ok = t.query()
		case SourcePayload:
			ok = true
			t.found(SourcePayload, t.inURL)
		default: // SourceFrame is read after the handshake
			ok = true
		}
		if !ok {
			t.cred.source = src
			return t.cred, false
		}
	}
	t.optIn()
	for _, token := range t.tokens {
		dropEchoes(h, token)
	}
	return t.cred, true
}

// taker is one walk over the sources of one request.
type taker struct {
	s       *Server
	h       *http1.Head
	asked   asked
	instead string // what takes the place of a removed token; "" = nothing
	inURL   string // the token of the URL's payload
	tokens  []string
	cred    credential
}

// found keeps the first token; empty ones are none.
func (t *taker) found(src Source, token string) {
	if token == "" {
		return
	}
	t.tokens = append(t.tokens, token)
	if !t.cred.has() {
		t.cred.token, t.cred.source = token, src
	}
}

// repeats tells whether a parameter stands in the query twice that some upstream
// takes an instance or a token from: which of the two it takes nobody knows.
func (t *taker) repeats() bool {
	seen := map[string]bool{}
	for pair := range strings.SplitSeq(t.h.RawQuery, "&") {
		name, _, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		if err != nil || name != "storeId" && name != "payload" && name != t.s.cfg.TokenQuery {
			continue
		}
		if seen[name] {
			return true
		}
		seen[name] = true
	}
	return false
}

// header reads Authorization: Bearer (RFC 6750 §2.1). Other schemes are the
// upstream's business.
func (t *taker) header() bool {
	values := t.h.Values("Authorization")
	if len(values) > 1 {
		return false
	}
	for _, v := range values {
		scheme, token := v, ""
		if i := strings.IndexAny(v, " \t"); i >= 0 {
			scheme, token = v[:i], strings.TrimLeft(v[i:], " \t")
		}
		if !strings.EqualFold(scheme, "Bearer") {
			continue
		}
		t.found(SourceHeader, token)
		t.set("Authorization", "Bearer ")
	}
	return true
}

// set replaces a field's value by prefix and the static upstream token, or
// deletes the field where none is configured.
func (t *taker) set(name, prefix string) {
	if t.instead == "" {
		t.h.Del(func(f http1.Field) bool { return strings.EqualFold(f.Name, name) })
		return
	}
	t.replace(name, func(string) string { return prefix + t.instead })
}

func (t *taker) replace(name string, value func(old string) string) {
	replaceField(t.h, name, value)
}

// replaceField rewrites the values of a field; an empty new value deletes it.
func replaceField(h *http1.Head, name string, value func(old string) string) {
	for i, f := range h.Fields {
		if strings.EqualFold(f.Name, name) {
			h.Fields[i].Value = value(f.Value)
		}
	}
	h.Del(func(f http1.Field) bool { return f.Value == "" && strings.EqualFold(f.Name, name) })
}

const (
	bearerEntry  = "bearer."
	encodedEntry = "base64url.bearer.authorization."
)

// subprotocol reads the entry bearer.<jwt>, or Kubernetes' encoded form. A
// static upstream token is not put in its place: the upstream could select it,
// and the client would read it in the answer.
func (t *taker) subprotocol() bool {
	entries := 0
	t.replace("Sec-WebSocket-Protocol", func(old string) string {
		return filterList(old, func(entry string) bool {
			token, is := subprotocolToken(entry)
			if is {
				entries++
				t.found(SourceSubprotocol, token)
			}
			return !is
		})
	})
	return entries <= 1
}

// subprotocolToken returns the token of a credential entry.
func subprotocolToken(entry string) (token string, is bool) {
	if enc, ok := strings.CutPrefix(entry, encodedEntry); ok {
		raw, err := base64.RawURLEncoding.Strict().DecodeString(strings.TrimRight(enc, "="))
		if err != nil || len(raw) == 0 {
			return enc, true // judged as it is: never a token
		}
		return string(raw), true
	}
	return strings.CutPrefix(entry, bearerEntry)
}

// filterList keeps the entries of a comma-separated list that keep says.
func filterList(list string, keep func(entry string) bool) string {
	entries := strings.Split(list, ",")
	kept := slices.DeleteFunc(slices.Clone(entries), func(e string) bool { return !keep(strings.TrimSpace(e)) })
	if len(kept) == len(entries) {
		return list
	}
	return strings.TrimSpace(strings.Join(kept, ","))
}

// cookie reads one cookie (RFC 6265 §4.2); the others keep their bytes.
func (t *taker) cookie() bool {
	seen := 0
	t.replace("Cookie", func(old string) string {
		pairs := strings.Split(old, ";")
		kept := pairs[:0]
		for _, p := range pairs {
			name, value, _ := strings.Cut(p, "=")
			if strings.TrimSpace(name) != t.s.cfg.TokenCookie {
				kept = append(kept, p)
				continue
			}
			seen++
			if t.asked.cookies {
				t.found(SourceCookie, strings.Trim(strings.TrimSpace(value), `"`))
			}
			if t.instead != "" {
				kept = append(kept, name+"="+t.instead)
			}
		}
		return strings.TrimSpace(strings.Join(kept, ";"))
	})
	return seen <= 1
}

// query reads a parameter of the URL, which counts for upgrades alone; the
// others keep their bytes.
func (t *taker) query() bool {
	seen, readable := 0, true
	raw := t.h.RawQuery
	t.setQuery(filterQuery(raw, func(pair string) (string, bool) {
		name, value, _ := strings.Cut(pair, "=")
		if n, err := url.QueryUnescape(name); err != nil || n != t.s.cfg.TokenQuery {
			return pair, true
		}
		seen++
		token, err := url.QueryUnescape(value)
		if err != nil {
			readable = false
		}
		if t.asked.upgrade {
			t.found(SourceQuery, token)
		}
		if t.instead != "" {
			return name + "=" + url.QueryEscape(t.instead), true
		}
		return "", false
	}))
	return readable && seen <= 1
}

// filterQuery rewrites the pairs of a raw query one by one.
func filterQuery(raw string, each func(pair string) (string, bool)) string {
	if raw == "" {
		return ""
	}
	var kept []string
	for pair := range strings.SplitSeq(raw, "&") {
		if p, keep := each(pair); keep {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, "&")
}

// common drops the pairs of a raw query that a protocol has rewritten.
func common(raw, rewritten string) string {
	pairs, i := strings.Split(rewritten, "&"), -1
	return filterQuery(raw, func(pair string) (string, bool) {
		i++
		return pair, i < len(pairs) && pairs[i] == pair
	})
}

func (t *taker) setQuery(raw string) {
	if raw == t.h.RawQuery {
		return
	}
	t.h.RawQuery, t.h.Target = raw, t.h.Path
	if raw != "" {
		t.h.Target += "?" + raw
	}
}

// payload asks the protocol, whose payload may ride in the URL: the instance
// counts in any case, the token where payload is a source.
func (t *taker) payload(enabled bool) bool {
	found, err := t.s.cfg.Protocol.Query(t.h.RawQuery)
	t.cred.instance, t.cred.named = found.Instance, found.Named
	switch {
	case errors.Is(err, payload.ErrAmbiguous):
		return false
	case err != nil:
		// The upstream may read it, and find an instance: then it is not ours.
		t.cred.unreadable, t.cred.named = enabled, true
	case enabled && t.asked.open && t.s.cfg.UpstreamToken != "":
		t.inURL = found.Token
		t.setQuery(common(t.h.RawQuery, found.Query))
	case enabled:
		t.inURL = found.Token
		t.setQuery(found.Query)
	}
	if len(found.Instance) > maxInstance {
		t.cred.unreadable = true
	}
	return true
}

// optIn takes the entry syncward.v1 out of the offered subprotocols.
func (t *taker) optIn() {
	t.replace("Sec-WebSocket-Protocol", func(old string) string {
		return filterList(old, func(entry string) bool {
			t.cred.optIn = t.cred.optIn || entry == optInProtocol
			return entry != optInProtocol
		})
	})
}

// dropEchoes drops the fields in which a token that was taken out stands once
// more, such as a Referer of the page that had it in its URL. What is too short
// to be a token could stand anywhere by chance, and is refused later.
func dropEchoes(h *http1.Head, token string) {
	if len(token) < minTokenLength {
		return
	}
	holds := func(s string) bool { return strings.Contains(s, token) }
	replaceField(h, "Cookie", func(old string) string {
		if !holds(old) {
			return old
		}
		pairs := slices.DeleteFunc(strings.Split(old, ";"), holds)
		return strings.TrimSpace(strings.Join(pairs, ";"))
	})
	h.Del(func(f http1.Field) bool { return holds(f.Value) })
}

// minTokenLength is less than any signed JWT has: {"alg":"HS256"} alone is 20
// characters in base64url.
const minTokenLength = 20
