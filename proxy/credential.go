package proxy

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strings"

	"github.com/syncward/syncward/framing/http1"
)

// credential is what one request carries: the token of the first source in the
// list that has one, and what the protocol's payload says besides.
type credential struct {
	token    string
	source   Source // SourceNone: there was no token
	instance string // instanceId of the URL, where the protocol has it there
	optIn    bool   // the subprotocol entry syncward.v1 was offered
}

func (c credential) has() bool { return c.source != SourceNone }

// optInProtocol is the subprotocol entry of a client that understands auth.*
// messages. It never goes upstream.
const optInProtocol = "syncward.v1"

// take finds the credential in a request head and removes every enabled
// source's copy from it. ok is false where the request cannot be read without
// a doubt: two values in one source, a payload that is none. cookies says
// whether a cookie counts as a credential here.
func (s *Server) take(h *http1.Head, cookies, upgrade bool) (cred credential, ok bool) {
	t := taker{s: s, h: h, cookies: cookies, cred: credential{source: SourceNone}}
	for _, src := range s.cfg.Sources {
		switch src {
		case SourceHeader:
			ok = t.header()
		case SourceSubprotocol:
			ok = !upgrade || t.subprotocol()
		case SourceCookie:
			ok = t.cookie()
		case SourceQuery:
			ok = t.query(upgrade)
		case SourcePayload:
			ok = t.payload()
		default: // SourceFrame is read after the handshake
			ok = true
		}
		if !ok {
			return credential{source: SourceNone}, false
		}
	}
	t.optIn()
	t.echoes()
	return t.cred, true
}

// taker is one walk over the sources of one request.
type taker struct {
	s       *Server
	h       *http1.Head
	cookies bool
	cred    credential
}

// found keeps the first token; empty ones are none.
func (t *taker) found(src Source, token string) {
	if token != "" && !t.cred.has() {
		t.cred.token, t.cred.source = token, src
	}
}

// header reads Authorization: Bearer (RFC 6750 §2.1). Other schemes are the
// upstream's business.
func (t *taker) header() bool {
	values := t.h.Values("Authorization")
	if len(values) > 1 {
		return false
	}
	for _, v := range values {
		scheme, token, _ := strings.Cut(v, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			continue
		}
		t.found(SourceHeader, strings.TrimLeft(token, " "))
		t.set("Authorization", "Bearer ")
	}
	return true
}

// set replaces a field's value by prefix and the static upstream token, or
// deletes the field where none is configured.
func (t *taker) set(name, prefix string) {
	if t.s.cfg.UpstreamToken == "" {
		t.h.Del(func(f http1.Field) bool { return strings.EqualFold(f.Name, name) })
		return
	}
	t.replace(name, func(string) string { return prefix + t.s.cfg.UpstreamToken })
}

// replace rewrites the values of a field; an empty new value deletes it.
func (t *taker) replace(name string, value func(old string) string) {
	for i, f := range t.h.Fields {
		if strings.EqualFold(f.Name, name) {
			t.h.Fields[i].Value = value(f.Value)
		}
	}
	t.h.Del(func(f http1.Field) bool { return f.Value == "" && strings.EqualFold(f.Name, name) })
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
			if t.cookies {
				t.found(SourceCookie, strings.Trim(strings.TrimSpace(value), `"`))
			}
			if t.s.cfg.UpstreamToken != "" {
				kept = append(kept, name+"="+t.s.cfg.UpstreamToken)
			}
		}
		return strings.TrimSpace(strings.Join(kept, ";"))
	})
	return seen <= 1
}

// query reads a parameter of the URL; the others keep their bytes.
func (t *taker) query(counts bool) bool {
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
		if counts {
			t.found(SourceQuery, token)
		}
		if t.s.cfg.UpstreamToken != "" {
			return name + "=" + url.QueryEscape(t.s.cfg.UpstreamToken), true
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

func (t *taker) setQuery(raw string) {
	if raw == t.h.RawQuery {
		return
	}
	t.h.RawQuery, t.h.Target = raw, t.h.Path
	if raw != "" {
		t.h.Target += "?" + raw
	}
}

// payload asks the protocol, whose payload rides in the URL.
func (t *taker) payload() bool {
	found, err := t.s.cfg.Protocol.Query(t.h.RawQuery)
	if err != nil {
		return false
	}
	t.cred.instance = found.Instance
	if found.HasToken {
		t.found(SourcePayload, found.Token)
	}
	t.setQuery(found.Query)
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

// echoes drops the fields in which the same token stands once more, such as a
// Referer of the page that had it in its URL. What is too short to be a token
// could stand anywhere by chance, and is refused later.
func (t *taker) echoes() {
	if len(t.cred.token) < minTokenLength {
		return
	}
	t.h.Del(func(f http1.Field) bool { return strings.Contains(f.Value, t.cred.token) })
}

// minTokenLength is less than any signed JWT has: {"alg":"HS256"} alone is 20
// characters in base64url.
const minTokenLength = 20
