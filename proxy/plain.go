package proxy

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/framing/http1"
	"github.com/syncward/syncward/framing/payload"
	"github.com/syncward/syncward/identity"
)

// plainServer proxies plain HTTP requests under the same decision. net/http
// reads them behind a Guard, so that every request of a keep-alive connection
// is held to the rules of the first.
type plainServer struct {
	s     *Server
	http  *http.Server
	ln    *handover
	proxy *httputil.ReverseProxy
}

func newPlainServer(s *Server) *plainServer {
	p := &plainServer{s: s, ln: newHandover()}
	quiet := log.New(io.Discard, "", 0) // it would print what clients sent
	p.proxy = &httputil.ReverseProxy{
		Rewrite: p.rewrite, Transport: newTransport(s), FlushInterval: -1,
		ErrorHandler: p.failed, ErrorLog: quiet, ModifyResponse: p.hear,
	}
	p.http = &http.Server{
		Handler: p, ErrorLog: quiet,
		ReadHeaderTimeout: s.cfg.HeaderTimeout, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: s.cfg.MaxHeaderBytes + 4096,
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(http1.ConnContext(ctx, c), connKey{}, plainConnOf(c))
		},
	}
	go func() { _ = p.http.Serve(p.ln) }()
	return p
}

// newTransport reaches the upstream for plain requests: through no proxy of
// the environment, following nothing, changing no encoding.
func newTransport(s *Server) *http.Transport {
	open := func(ctx context.Context, _, _ string) (net.Conn, error) {
		c, err := s.dialer.connect(ctx, nil)
		switch {
		case err == nil:
			s.dialled(DialOK)
		case isOpen(err):
			s.dialled(DialOpen)
		case ctx.Err() == nil:
			s.dialled(DialFailed)
		}
		return c, err
	}
	return &http.Transport{
		Proxy: nil, DialContext: open, DialTLSContext: open,
		DisableCompression: true, MaxIdleConnsPerHost: 64, IdleConnTimeout: 90 * time.Second,
		ExpectContinueTimeout: time.Second,
	}
}

// serve gives a client's connection to the HTTP server; strict is false in
// mode off, where net/http alone judges what is a request.
func (p *plainServer) serve(c *client, strict bool) {
	_ = c.SetDeadline(time.Time{})
	own := &plainConn{Conn: c.Conn, s: p.s, client: *c}
	c.waiting = nil // it is own's to settle now: at its first admitted request, or when it closes
	var conn net.Conn = own
	if strict {
		conn = http1.NewGuard(own, own.client.read, p.s.cfg.MaxHeaderBytes, p.s.cfg.HeaderTimeout)
		own.client.read = nil
	}
	if !p.ln.give(conn) {
		_ = own.Close()
	}
}

// shutdown waits for the requests that are running.
func (p *plainServer) shutdown(ctx context.Context) {
	if p.http.Shutdown(ctx) != nil {
		_ = p.http.Close() // requests that would not end are cut off
	}
}

type connKey struct{}
type planKey struct{}

// plan is what was decided about one request, for rewrite.
type plan struct {
	head     *http1.Head
	peer     peer
	id       string
	instance string
	until    time.Time         // when the token would no longer be accepted; zero: never
	fields   []identity.Header // the signed name tag; none in mode off and for public paths
	user     string            // whom it names
	judged   bool              // the body is a message of the protocol
	push     payload.Push      // what the body offers, where there is a journal
	account  Recorder          // with that; nil: none
}

// ServeHTTP decides about one request and proxies it.
func (p *plainServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if bad, ok := http1.RefusedFrom(r); ok {
		p.refuse(w, r, headRefusal(bad), true)
		return
	}
	policy := p.s.cfg.Policy() // once: a flip is for the next request
	from := r.Context().Value(connKey{}).(*plainConn)
	head, guarded := http1.HeadFrom(r)
	if !guarded {
		head = headOf(r)
	}
	switch {
	case !guarded && policy.Mode != authz.Off:
		// Accepted in mode off, so nothing has held its requests to the rules:
		// the client comes again, on a connection that is.
		p.refuse(w, r, refusal{code: authz.AuthUnavailable, reason: authz.ReasonFlip}, true)
	case guarded && head.WantsUpgrade(), isWebSocket(head):
		p.upgrade(w, r, head, from, policy)
	default:
		p.request(w, r, head, from, policy)
	}
}

// request decides about one request and proxies it.
func (p *plainServer) request(w http.ResponseWriter, r *http.Request, head *http1.Head, from *plainConn, policy authz.Policy) {
	pl := &plan{head: head, peer: from.client.peer, id: newConnectionID()}
	ctx := context.WithValue(r.Context(), planKey{}, pl)
	if policy.Mode != authz.Off {
		pl.peer = pl.peer.forwardedBy(head.Values("X-Forwarded-For"), p.s.cfg.TrustedProxies)
		if ref := p.admit(r, pl, policy); ref.is() {
			p.refuse(w, r, ref, ref.code == authz.MessageTooBig)
			return
		}
	}
	if pl.fields != nil || policy.Mode == authz.Off {
		from.settle()
	}
	if !pl.until.IsZero() { // an answer that streams ends with its token
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, pl.until.Sub(p.s.cfg.Now()))
		defer cancel()
	}
	if pl.judged && p.s.cfg.Record != nil {
		ref := p.offer(ctx, pl)
		defer pl.account.Close()
		if ref.is() {
			p.refuse(w, r, ref, true)
			return
		}
	}
	if !r.ProtoAtLeast(1, 1) {
		w = noInterim{w}
	}
	p.proxy.ServeHTTP(w, r.WithContext(ctx))
}

// noInterim keeps interim answers from HTTP/1.0 clients (RFC 9110 §15.2).
type noInterim struct{ http.ResponseWriter }

// WriteHeader drops 1xx.
func (n noInterim) WriteHeader(status int) {
	if status >= http.StatusOK {
		n.ResponseWriter.WriteHeader(status)
	}
}

// Unwrap is for http.ResponseController.
func (n noInterim) Unwrap() http.ResponseWriter { return n.ResponseWriter }

// hijack takes a connection from the HTTP server, with what was read behind
// the request.
func hijack(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if _, guarded := http1.HeadFrom(r); guarded {
		_, behind, err := http1.Hijack(w, r)
		return behind, err
	}
	_, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, err
	}
	behind, err := rw.Reader.Peek(rw.Reader.Buffered())
	return bytes.Clone(behind), err
}

// upgrade takes over an upgrade that came on a keep-alive connection.
func (p *plainServer) upgrade(w http.ResponseWriter, r *http.Request, head *http1.Head, from *plainConn, policy authz.Policy) {
	behind, err := hijack(w, r)
	if err != nil {
		p.refuse(w, r, refusal{code: authz.BadFrame, reason: authz.ReasonFrame}, true)
		return
	}
	from.settle()
	behind = append(behind, from.client.read...) // what the HTTP server has not yet asked for
	c := &client{Conn: from.Conn, peer: from.client.peer, read: behind}
	if !p.s.begin(nil) {
		abort(c.Conn)
		return
	}
	if !p.s.await(c) {
		p.s.conns.Done()
		abort(c.Conn)
		return
	}
	go func() {
		defer p.s.conns.Done()
		defer p.s.settled(c)
		defer p.s.contain(c)
		p.s.upgrade(c, head, policy)
	}()
}

// refuse answers with a refusal; last says that the connection ends with it.
// So it does where a body is on its way, which net/http would wait for.
func (p *plainServer) refuse(w http.ResponseWriter, r *http.Request, ref refusal, last bool) {
	h := w.Header()
	ref.headers(func(name, value string) { h.Set(name, value) })
	if r.ContentLength != 0 {
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(lingerTime))
		last = true
	}
	if last {
		h.Set("Connection", "close")
	}
	w.WriteHeader(ref.httpStatus())
	_, _ = w.Write(ref.body())
}

// failed answers for an upstream that cannot be reached.
func (p *plainServer) failed(w http.ResponseWriter, r *http.Request, err error) {
	if pl, ok := r.Context().Value(planKey{}).(*plan); ok {
		p.s.fault(pl.id, "proxy", err)
	}
	ref := refusal{code: authz.UpstreamUnavailable, reason: authz.ReasonUpstream}
	var tooBig *http.MaxBytesError
	var broken *http1.Error
	switch {
	case isOpen(err):
		ref.status = http.StatusServiceUnavailable
	case errors.As(err, &tooBig):
		ref = refusal{code: authz.MessageTooBig, reason: authz.ReasonSize}
	case errors.As(err, &broken):
		ref = headRefusal(broken)
	case errors.Is(err, errUnrecorded):
		ref = refusal{code: authz.AuthUnavailable}
	}
	p.refuse(w, r, ref, true)
}

// rewrite makes the upstream's request of the client's.
func (p *plainServer) rewrite(pr *httputil.ProxyRequest) {
	pl := pr.In.Context().Value(planKey{}).(*plan)
	up, out, h := p.s.cfg.Upstream, pr.Out, pl.head
	target := up.BasePath + h.Target
	out.URL.Scheme, out.URL.Host = "http", up.Host
	if up.TLS != nil {
		out.URL.Scheme = "https"
	}
	setTarget(out.URL, target)
	out.Host = up.hostFor(pr.In.Host)
	out.Trailer = nil
	p.setFields(pr, pl)
	for _, f := range pl.fields {
		out.Header.Set(f.Name, f.Value)
	}
	if pl.account != nil {
		out.Header.Set("Accept-Encoding", "identity") // the answer is read
	}
}

// setTarget has u sent as target, byte for byte. An opaque path is written as
// it stands; one that begins with two slashes, which only mode off lets in,
// would be taken for a host there.
func setTarget(u *url.URL, target string) {
	path, query, asks := strings.Cut(target, "?")
	u.RawQuery, u.ForceQuery = query, asks && query == ""
	if !strings.HasPrefix(path, "//") {
		u.Opaque = path
	} else if parsed, err := url.ParseRequestURI(path); err == nil {
		u.Path, u.RawPath = parsed.Path, parsed.RawPath
	}
}

// setFields replaces the fields that ReverseProxy chose by what may pass. No
// upgrade is among them: a tunnel to whatever else nobody could end.
func (p *plainServer) setFields(pr *httputil.ProxyRequest, pl *plan) {
	pr.Out.Header = http.Header{"User-Agent": nil}
	for _, f := range pl.head.Fields {
		name := http.CanonicalHeaderKey(f.Name)
		if name != "Host" && name != "Connection" && name != "Upgrade" && p.s.forwardable(pl.head, name, pl.peer) {
			pr.Out.Header[name] = append(pr.Out.Header[name], f.Value)
		}
	}
	for _, f := range pl.peer.forwarding(pr.In.Host, pl.head.Values) {
		pr.Out.Header.Set(f[0], f[1])
	}
}
