package proxy

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/framing/http1"
	"github.com/syncward/syncward/framing/payload"
	"github.com/syncward/syncward/identity"
)

// bodies is implemented by protocols whose messages also travel as the bodies
// of HTTP requests.
type bodies interface {
	// Body judges a request body as Later judges a message.
	Body(msg []byte, b payload.Bound) (payload.Found, error)
	// InstanceHeader names the header field that repeats the instanceId.
	InstanceHeader() string
}

// admit decides about one plain request, takes its credential out, and writes
// its name tag.
func (p *plainServer) admit(r *http.Request, pl *plan, policy authz.Policy) refusal {
	h := pl.head
	if h.Method == http.MethodTrace { // its answer would show the client the name tag
		return refusal{code: authz.BadFrame, reason: authz.ReasonFrame}
	}
	if !originAllowed(h.Values("Origin"), p.s.cfg.AllowedOrigins) {
		return refusal{code: authz.Forbidden, reason: authz.ReasonOrigin}
	}
	open := p.isOpen(h)
	cred, ok := p.s.take(h, asked{cookies: cookieCounts(h), open: open})
	if !ok {
		return refusal{code: authz.BadFrame, reason: authz.ReasonFrame}
	}
	if open {
		return refusal{}
	}
	pl.instance = cred.instance
	a := &admission{s: p.s, plain: true, c: &client{peer: pl.peer}, policy: policy, id: pl.id, cred: cred, instance: cred.instance}
	d := a.judgeRequest()
	if cred.named { // a request that names none is for none: the upstream's business
		d = inInstance(d, cred.instance)
	}
	a.reread()
	// What this policy refuses keeps it: its body stays unread, so no flip may
	// let it in any more.
	if d.Allow || policyAllows(a.policy, d, pl.peer.key()) {
		if b := p.judgeBody(r, pl, a, d); d.Allow || b.Code == authz.MessageTooBig {
			d = b
		}
		a.reread()
	}
	ref := a.settle(d, cred.has())
	if d.Code == authz.MessageTooBig && !ref.is() { // in every mode: its body is not whole any more
		ref = refuse(d, true)
	}
	if ref.is() {
		if ref.reason == authz.ReasonEncoding {
			ref.status = http.StatusUnsupportedMediaType
		}
		return ref
	}
	fields, err := p.s.identify(a.decision, pl.id, pl.instance,
		identity.Request{Method: h.Method, Target: p.s.cfg.Upstream.BasePath + h.Target})
	if err != nil {
		p.s.fault(pl.id, "sign", err)
		return refusal{code: authz.UpstreamUnavailable, reason: authz.ReasonUpstream}
	}
	pl.fields, pl.user = fields, a.decision.UserID
	expired := refused(a.decision, authz.Refuse(authz.TokenExpired, authz.ReasonExpired))
	if !policyAllows(a.policy, expired, pl.peer.key()) {
		pl.until = a.decision.GraceEndsAt
	}
	return refusal{}
}

// isOpen tells whether a request is relayed without asking who sends it: CORS
// preflights and public paths. Neither has a body, or a way to stand for
// another method.
func (p *plainServer) isOpen(h *http1.Head) bool {
	for _, f := range h.Fields {
		switch strings.ReplaceAll(strings.ToLower(f.Name), "_", "-") {
		case "x-http-method-override", "x-http-method", "x-method-override":
			return false
		}
	}
	return h.ContentLength() == 0 && (isPreflight(h) || p.isPublic(h))
}

// policyAllows tells whether the policy lets a refused decision in.
func policyAllows(policy authz.Policy, d authz.Decision, address string) bool {
	applied, _ := policy.Apply(d, address)
	return applied.Allow
}

// cookieCounts tells whether a cookie is a credential here: any page can make
// a browser send it, so the request must name an origin (which was allowed
// before), or, where browsers send none, say that it comes from the same one.
func cookieCounts(h *http1.Head) bool {
	if h.Count("Origin") == 1 {
		return true
	}
	safe := h.Method == http.MethodGet || h.Method == http.MethodHead
	return safe && h.Count("Origin") == 0 && h.Count("Sec-Fetch-Site") == 1 && h.Get("Sec-Fetch-Site") == "same-origin"
}

// isPreflight tells whether a request is a CORS preflight, which browsers send
// without a credential.
func isPreflight(h *http1.Head) bool {
	return h.Method == http.MethodOptions && h.Count("Origin") == 1 && h.Count("Access-Control-Request-Method") == 1
}

func (p *plainServer) isPublic(h *http1.Head) bool {
	if h.Method != http.MethodGet && h.Method != http.MethodHead {
		return false
	}
	for _, glob := range p.s.cfg.PublicPaths {
		if pathMatches(glob, h.Path) {
			return true
		}
	}
	return false
}

// judgeBody reads a body whole where the protocol's messages travel in it,
// takes its token out, and returns the decision that then stands.
// Requests that name no instance, in the query or in the header for it, are
// none of the protocol's.
func (p *plainServer) judgeBody(r *http.Request, pl *plan, a *admission, d authz.Decision) authz.Decision {
	reader, ok := p.s.cfg.Protocol.(bodies)
	empty := r.Body == nil || r.Body == http.NoBody
	if !ok || empty && r.Method != http.MethodPost || !a.cred.named && len(pl.head.Values(reader.InstanceHeader())) == 0 {
		return d
	}
	if r.Header.Get("Content-Encoding") != "" {
		return refused(d, authz.Refuse(authz.BadFrame, authz.ReasonEncoding))
	}
	msg, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, p.s.cfg.MaxMessageBytes))
	var tooBig *http.MaxBytesError
	if errors.As(err, &tooBig) {
		return refused(d, authz.Refuse(authz.MessageTooBig, authz.ReasonSize))
	} else if err != nil {
		return refused(d, authz.Refuse(authz.BadFrame, authz.ReasonFrame))
	}
	setBody(r, msg)
	pl.judged = true
	found, err := reader.Body(msg, payload.Bound{Instance: pl.instance, Pinned: true})
	if found.Out != nil { // also beside an error: observe lets it through
		setBody(r, found.Out)
	}
	if err != nil {
		return refused(d, unreadable(err))
	}
	if p.s.cfg.Record != nil {
		if pl.push, err = p.s.cfg.Protocol.(payload.Log).Pushed(framing.Text, msg); err != nil {
			return refused(d, unreadable(err))
		}
	}
	if named := pl.head.Values(reader.InstanceHeader()); len(named) > 1 || len(named) == 1 && named[0] != pl.instance {
		return refused(d, authz.Refuse(authz.Forbidden, authz.ReasonOtherInstance))
	}
	if found.HasToken {
		other := a.decide(r.Context(), found.Token)
		if other.UserID != "" && other.UserID != d.UserID {
			return refused(d, authz.Refuse(authz.Forbidden, authz.ReasonOtherUser))
		}
	}
	if not := p.disownedBody(r.Context(), pl, d, msg); not.Code != "" {
		return refused(d, not)
	}
	return d
}

// refused keeps the user of d, for the log and the share of users enforced.
func refused(d, r authz.Decision) authz.Decision {
	r.UserID = d.UserID
	return r
}

func setBody(r *http.Request, b []byte) {
	r.Body = http.NoBody
	if len(b) > 0 {
		r.Body = io.NopCloser(bytes.NewReader(b))
	}
	r.ContentLength = int64(len(b))
	r.TransferEncoding = nil
}
