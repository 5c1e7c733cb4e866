package livestore

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/syncward/syncward/framing/payload"
)

var root = payload.MustPointer("")

// Query reads the query of an upgrade or HTTP request: storeId is the instance,
// payload holds the token. A request that says transport=http is one of the
// protocol's also without a storeId: it names the empty instance. Only the
// token's bytes leave the query; all else keeps its bytes, order and encoding.
// The error is ErrAmbiguous for a repeated storeId or payload, and ErrBadFrame
// for a payload that is neither null nor a strict JSON object after both
// decodings, a token that is neither string nor null, and for bytes that no URL
// holds (RFC 3986 §3.4) or that an upstream might take for the query's end. A
// request without either parameter is fine: other paths have other queries.
func (p *Protocol) Query(raw string) (payload.URLFound, error) {
	store, sent, overHTTP, err := parameters(raw)
	if err != nil {
		return payload.URLFound{}, err
	}
	found := payload.URLFound{Query: raw, Named: store != nil || overHTTP}
	if store != nil {
		found.Instance = string(store.text)
	}
	if sent == nil {
		return found, nil
	}
	body, encodeAgain, ok := sent.unwrap()
	if !ok {
		return payload.URLFound{}, payload.ErrBadFrame
	}
	want := [...]payload.Pointer{root, p.inPayload}
	var at [len(want)]payload.Value
	if err := payload.Scan(body.text, want[:], at[:]); err != nil {
		return payload.URLFound{}, err
	}
	token := at[1]
	switch {
	case at[0].Kind == 'n':
		return found, nil
	case at[0].Kind != '{', token.Kind != 0 && token.Kind != '"' && token.Kind != 'n':
		return payload.URLFound{}, payload.ErrBadFrame
	case token.Kind == 0:
		return found, nil
	}
	found.Token = token.Text(body.text)
	found.HasToken = found.Token != ""
	from, to, put := token.Cut(body.text, p.options.Replace)
	found.Query = raw[:body.at[from]] + string(encode(encodeAgain(put))) + raw[body.at[to]:]
	return found, nil
}

// parameters finds storeId and payload, each nil where it is absent, and
// whether a transport is http.
func parameters(raw string) (store, sent *decoded, overHTTP bool, err error) {
	for i := range len(raw) {
		if raw[i] <= ' ' || raw[i] >= 0x7f || raw[i] == '#' {
			return nil, nil, false, payload.ErrBadFrame
		}
	}
	for from := 0; from < len(raw); {
		to := len(raw)
		if n := strings.IndexByte(raw[from:], '&'); n >= 0 {
			to = from + n
		}
		split := to
		value := to
		if n := strings.IndexByte(raw[from:to], '='); n >= 0 {
			split, value = from+n, from+n+1
		}
		var slot **decoded
		switch string(decodeForm(raw, from, split).text) {
		case "storeId":
			slot = &store
		case "payload":
			slot = &sent
		case "transport":
			overHTTP = overHTTP || string(decodeForm(raw, value, to).text) == "http"
		}
		if slot != nil {
			d := decodeForm(raw, value, to)
			if *slot != nil {
				return nil, nil, false, payload.ErrAmbiguous
			}
			if !utf8.Valid(d.text) {
				return nil, nil, false, payload.ErrBadFrame
			}
			*slot = &d
		}
		from = to + 1
	}
	return store, sent, overHTTP, nil
}

// unwrap decodes the payload the second time, as the upstream always does;
// where that breaks, the upstream knows no payload, and ok is false. encodeAgain
// undoes it for a text that is put in: in a payload that was encoded once only,
// just the "%" needs it.
func (d *decoded) unwrap() (body decoded, encodeAgain func([]byte) []byte, ok bool) {
	body, ok = decodeComponent(*d)
	if len(body.text) == len(d.text) {
		return body, func(put []byte) []byte { return bytes.ReplaceAll(put, []byte("%"), []byte("%25")) }, ok
	}
	return body, encode, ok
}
