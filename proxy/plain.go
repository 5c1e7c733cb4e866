package proxy

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/framing/http1"
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
		ErrorHandler: p.failed, ErrorLog: quiet,
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
	open := func(ctx context.Context, _, _ string) (net.Conn, error) { return s.dialer.connect(ctx, nil) }
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
func (p *plainServer) shutdown(ctx context.Context) error {
	err := p.http.Shutdown(ctx)
	if err != nil {
		_ = p.http.Close()
	}
	return err
}

type connKey struct{}
type planKey struct{}

// plan is what was decided about one request, for rewrite.
type plan struct {
	head     *http1.Head
	peer     peer
	id       string
	instance string
	fields   []identity.Header // the signed name tag; none in mode off and for public paths
}

// ServeHTTP decides about one request and proxies it.
func (p *plainServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if bad, ok := http1.RefusedFrom(r); ok {
		p.refuse(w, headRefusal(bad), true)
		return
	}
	policy := p.s.cfg.Policy()
	from := r.Context().Value(connKey{}).(*plainConn)
	head, strict := http1.HeadFrom(r)
	if !strict {
		var err error
		if head, err = headOf(r); err != nil && policy.Mode != authz.Off {
			p.refuse(w, refusal{code: authz.BadFrame, reason: authz.ReasonFrame}, true)
			return
		}
	}
	if strict && head.WantsUpgrade() {
		p.upgrade(w, r, head, from, policy)
		return
	}
	pl := &plan{head: head, peer: from.client.peer, id: newConnectionID()}
	if policy.Mode != authz.Off {
		pl.peer = pl.peer.forwardedBy(head.Values("X-Forwarded-For"), p.s.cfg.TrustedProxies)
		if ref := p.admit(r, pl, policy); ref.is() {
			p.refuse(w, ref, ref.code == authz.MessageTooBig)
			return
		}
	}
	if pl.fields != nil || policy.Mode == authz.Off {
		from.settle()
	}
	p.proxy.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), planKey{}, pl)))
}

// upgrade takes over an upgrade that came on a keep-alive connection.
func (p *plainServer) upgrade(w http.ResponseWriter, r *http.Request, head *http1.Head, from *plainConn, policy authz.Policy) {
	_, behind, err := http1.Hijack(w, r)
	if err != nil {
		p.refuse(w, refusal{code: authz.BadFrame, reason: authz.ReasonFrame}, true)
		return
	}
	from.settle()
	c := &client{Conn: from.Conn, peer: from.client.peer, read: behind}
	p.s.conns.Add(1)
	p.s.await(c)
	go func() {
		defer p.s.conns.Done()
		defer p.s.settled(c)
		defer p.s.contain(c)
		p.s.upgrade(c, head, policy)
	}()
}

// refuse answers with a refusal; last says that the connection ends with it.
func (p *plainServer) refuse(w http.ResponseWriter, r refusal, last bool) {
	h := w.Header()
	r.headers(func(name, value string) { h.Set(name, value) })
	if last {
		h.Set("Connection", "close")
	}
	w.WriteHeader(r.httpStatus())
	_, _ = w.Write(r.body())
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
	}
	p.refuse(w, ref, true)
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
	if u, err := url.ParseRequestURI(target); err == nil {
		out.URL.Path, out.URL.RawPath, out.URL.RawQuery, out.URL.ForceQuery = u.Path, u.RawPath, u.RawQuery, u.ForceQuery
	}
	out.Host = up.hostFor(pr.In.Host)
	out.Trailer = nil
	p.setFields(pr, pl)
	for _, f := range pl.fields {
		out.Header.Set(f.Name, f.Value)
	}
}

// setFields replaces the fields that ReverseProxy chose by what may pass.
func (p *plainServer) setFields(pr *httputil.ProxyRequest, pl *plan) {
	upgrade := pr.Out.Header.Get("Upgrade") // mode off: an upgrade to something else
	pr.Out.Header = http.Header{"User-Agent": nil}
	for _, f := range pl.head.Fields {
		name := http.CanonicalHeaderKey(f.Name)
		if name != "Host" && name != "Connection" && name != "Upgrade" && p.s.forwardable(pl.head, name, pl.peer) {
			pr.Out.Header[name] = append(pr.Out.Header[name], f.Value)
		}
	}
	if upgrade != "" {
		pr.Out.Header.Set("Connection", "Upgrade")
		pr.Out.Header.Set("Upgrade", upgrade)
	}
	for _, f := range pl.peer.forwarding(pr.In.Host, pl.head.Values) {
		pr.Out.Header.Set(f[0], f[1])
	}
}
