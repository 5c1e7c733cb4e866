package proxy

import (
	"crypto/tls"
	"errors"
	"net"
	"net/url"
	"strings"
)

// Upstream says where the sync server is.
type Upstream struct {
	Network  string      // "tcp" or "unix"
	Address  string      // host:port, or the socket's path
	Host     string      // the URL's host, which is the Host field for https
	BasePath string      // in front of the client's path; no trailing slash
	TLS      *tls.Config // nil: plain
}

// ParseUpstream reads http://host[:port][/base], https://… or
// unix:///path.sock. For https the returned TLS holds the server's name alone;
// the caller adds authorities and a client certificate.
func ParseUpstream(raw string) (Upstream, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return Upstream{}, errors.New("is not a URL")
	}
	if u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || u.Opaque != "" {
		return Upstream{}, errors.New("may have no user, query or fragment")
	}
	if u.Scheme == "unix" {
		if u.Host != "" || u.Path == "" || u.Path == "/" {
			return Upstream{}, errors.New("wants the form unix:///path.sock")
		}
		return Upstream{Network: "unix", Address: u.Path, Host: "localhost"}, nil
	}
	if u.Hostname() == "" {
		return Upstream{}, errors.New("names no host")
	}
	up := Upstream{Network: "tcp", Host: u.Host, BasePath: strings.TrimRight(u.EscapedPath(), "/")}
	port := u.Port()
	switch u.Scheme {
	case "http":
		orDefault(&port, "80")
	case "https":
		orDefault(&port, "443")
		up.TLS = &tls.Config{ServerName: u.Hostname(), MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}
	default:
		return Upstream{}, errors.New("wants http://, https:// or unix:///")
	}
	up.Address = net.JoinHostPort(u.Hostname(), port)
	return up, nil
}

// hostFor is the Host field that the upstream is sent: the client's, but for
// https the URL's, which its certificate is for.
func (u Upstream) hostFor(client string) string {
	if u.TLS != nil || client == "" {
		return u.Host
	}
	return client
}
