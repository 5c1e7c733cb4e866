package main

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/netip"
	"net/url"
	"strings"

	"github.com/syncward/syncward/proxy"
)

// checkAddresses faults addresses that cannot be listened on, and an admin
// side that would be the client side.
func checkAddresses(c *config, r *report) {
	ok := true
	for name, addr := range map[string]string{"LISTEN_ADDR": c.ListenAddr, "ADMIN_ADDR": c.AdminAddr} {
		if _, err := net.ResolveTCPAddr("tcp", addr); err != nil || !strings.Contains(addr, ":") {
			ok = false
			r.fault(name, "%q is no address to listen on; write host:port or :port", addr)
		}
	}
	if ok && collide(c.ListenAddr, c.AdminAddr) {
		r.fault("ADMIN_ADDR", "is the same as LISTEN_ADDR; choose another port, health and metrics never stand on the client side")
	}
}

// collide tells whether two addresses cannot both be listened on. Port 0 is
// another port each time.
func collide(a, b string) bool {
	x, errX := net.ResolveTCPAddr("tcp", a)
	y, errY := net.ResolveTCPAddr("tcp", b)
	if errX != nil || errY != nil || x.Port == 0 || x.Port != y.Port {
		return false
	}
	everywhere := func(t *net.TCPAddr) bool { return t.IP == nil || t.IP.IsUnspecified() }
	return everywhere(x) || everywhere(y) || x.IP.Equal(y.IP)
}

// loopback tells whether an address can be reached from this machine only.
func loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	return loopbackHost(host)
}

// loopbackHost is loopback for a host alone.
func loopbackHost(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}

// checkUpstream reads UPSTREAM_URL. Its value is never repeated: a password
// may stand in it.
func checkUpstream(c *config, r *report) {
	const name = "UPSTREAM_URL"
	if c.UpstreamURL == "" {
		r.fault(name, "is not set; name the sync server: http://host:port, https://host:port or unix:///path.sock")
		return
	}
	u, err := url.Parse(c.UpstreamURL)
	if err != nil {
		r.fault(name, "is no URL; write http://host:port, https://host:port or unix:///path.sock")
		return
	}
	before := len(r.Faults)
	switch {
	case u.Scheme == "ws" || u.Scheme == "wss":
		r.fault(name, "begins with %s://; write http%s://, the upgrade is asked for anyway", u.Scheme, u.Scheme[len("ws"):])
	case u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "unix":
		r.fault(name, "begins with none of http://, https:// and unix://; choose one of them")
	case u.Scheme == "unix" && (u.Host != "" || !strings.HasPrefix(u.Path, "/") || strings.HasSuffix(u.Path, "/")):
		r.fault(name, "names no socket; write unix:// and the absolute path, unix:///run/upstream.sock")
	case u.Scheme != "unix" && (u.Hostname() == "" || !validPort(u)):
		r.fault(name, "names no host, or no port from 1 to 65535; write %s://host:port", u.Scheme)
	}
	if u.User != nil {
		r.fault(name, "holds a user or password; take it out, UPSTREAM_AUTH_TOKEN and identity headers are there for that")
	}
	if u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.HasSuffix(c.UpstreamURL, "#") {
		r.fault(name, "holds a query or fragment; take it out, only a base path may follow the host")
	}
	if len(r.Faults) == before {
		c.setUpstream(r)
	}
	checkUpstreamTLS(c, u.Scheme, r)
}

// setUpstream takes the URL as the proxy understands it.
func (c *config) setUpstream(r *report) {
	up, err := proxy.ParseUpstream(c.UpstreamURL)
	if err != nil {
		r.fault("UPSTREAM_URL", "%v; write http://host:port, https://host:port or unix:///path.sock", err)
		return
	}
	c.Upstream = up
}

func validPort(u *url.URL) bool {
	if u.Port() == "" {
		return !strings.HasSuffix(u.Host, ":")
	}
	a, err := net.ResolveTCPAddr("tcp", ":"+u.Port())
	return err == nil && a.Port != 0
}

func checkUpstreamTLS(c *config, scheme string, r *report) {
	files := []struct{ name, path string }{
		{"UPSTREAM_CA_FILE", c.UpstreamCAFile}, {"UPSTREAM_CERT_FILE", c.UpstreamCertFile}, {"UPSTREAM_KEY_FILE", c.UpstreamKeyFile},
	}
	if scheme != "https" {
		for _, f := range files {
			if f.path != "" {
				r.fault(f.name, "is set, but UPSTREAM_URL is not https://; unset it, or write https://")
			}
		}
		return
	}
	if c.UpstreamCAFile != "" {
		pem, err := readFile(c.UpstreamCAFile)
		c.UpstreamCAs = x509.NewCertPool()
		switch {
		case err != nil:
			r.fault("UPSTREAM_CA_FILE", "cannot be read (%s); name a readable file", cause(err))
		case !c.UpstreamCAs.AppendCertsFromPEM(pem):
			r.fault("UPSTREAM_CA_FILE", "holds no PEM certificate; name a file with the CA's")
		}
	}
	c.UpstreamCert = loadPair(c, r, "UPSTREAM_CERT_FILE", "UPSTREAM_KEY_FILE")
}

// checkServerTLS loads the certificate of the client side.
func checkServerTLS(c *config, r *report) {
	c.ServerTLS = loadPair(c, r, "TLS_CERT_FILE", "TLS_KEY_FILE")
}

// loadPair loads a certificate and its key; nil where neither is set, or where
// it faults them.
func loadPair(c *config, r *report, certName, keyName string) *tls.Certificate {
	cert, key := c.environ[certName], c.environ[keyName]
	switch {
	case cert == "" && key == "":
		return nil
	case cert == "":
		r.fault(certName, "is not set, but %s is; set both or neither", keyName)
		return nil
	case key == "":
		r.fault(keyName, "is not set, but %s is; set both or neither", certName)
		return nil
	}
	certPEM, certErr := readFile(cert)
	keyPEM, keyErr := readFile(key)
	if certErr != nil {
		r.fault(certName, "cannot be read (%s); name a readable file", cause(certErr))
	}
	if keyErr != nil {
		r.fault(keyName, "cannot be read (%s); name a readable file", cause(keyErr))
	}
	if certErr != nil || keyErr != nil {
		return nil
	}
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		r.fault(certName, "and %s are no certificate and its key; write both as PEM, of one pair", keyName)
		return nil
	}
	return &pair
}
