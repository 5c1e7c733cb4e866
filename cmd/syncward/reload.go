package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"

	"github.com/syncward/syncward/observe"
)

// followed are the variables whose files are read again while Syncward runs;
// those of one line are read together.
var followed = []struct {
	What  observe.Reload
	Names []string
}{
	{observe.ReloadFlags, []string{"FLAGS_FILE"}},
	{observe.ReloadJWTKeys, []string{"JWT_SECRET_FILE"}},
	{observe.ReloadJWTKeys, []string{"JWT_PREVIOUS_SECRET_FILE"}},
	{observe.ReloadJWTKeys, []string{publicKeyFile}},
	{observe.ReloadIdentityKey, []string{"IDENTITY_KEY_FILE"}},
	{observe.ReloadIdentityKey, []string{"IDENTITY_PREVIOUS_KEY_FILE"}},
	{observe.ReloadAdminToken, []string{"ADMIN_TOKEN_FILE"}},
	{observe.ReloadTLS, []string{"TLS_CERT_FILE", "TLS_KEY_FILE"}},
	{observe.ReloadUpstreamTLS, []string{"UPSTREAM_CA_FILE"}},
	{observe.ReloadUpstreamTLS, []string{"UPSTREAM_CERT_FILE", "UPSTREAM_KEY_FILE"}},
}

// digests sums up the followed files. It runs before the first of them is
// read, so that a change during the start is seen as one.
func digests(e environ) []digest {
	sums := make([]digest, len(followed))
	for i, f := range followed {
		_, sums[i], _ = look(e.values(f.Names))
	}
	return sums
}

// values returns what the variables hold, without those that are not set.
func (e environ) values(names []string) []string {
	var v []string
	for _, name := range names {
		if e.set(name) {
			v = append(v, e[name])
		}
	}
	return v
}

// watches returns what there is to follow under c, put in force through l.
func (l *live) watches(c *config) []watch {
	var list []watch
	for i, f := range followed {
		paths := c.environ.values(f.Names)
		if len(paths) != len(f.Names) {
			continue
		}
		list = append(list, watch{
			What: f.What, Name: f.Names[0], Paths: paths, Start: c.started[i],
			Apply: func(contents [][]byte) error { return l.apply(f.Names[0], contents) },
		})
	}
	return list
}

// apply puts new contents of a followed variable's files in force.
func (l *live) apply(name string, contents [][]byte) error {
	switch name {
	case "FLAGS_FILE":
		f, err := parseFlags(contents[0])
		if err != nil {
			return err
		}
		return l.setFlags(f)
	case "TLS_CERT_FILE":
		pair, err := tls.X509KeyPair(contents[0], contents[1])
		if err != nil {
			return errors.New("and TLS_KEY_FILE are no certificate and its key; write both as PEM, of one pair")
		}
		l.certificate.Store(&pair)
		return nil
	case "UPSTREAM_CA_FILE", "UPSTREAM_CERT_FILE":
		return l.setUpstreamTLS(name, contents)
	case publicKeyFile:
		return l.setSecret(publicKeyFile, contents[0])
	}
	return l.setSecret(name[:len(name)-len("_FILE")], trimNewline(contents[0]))
}

// setUpstreamTLS puts new authorities or a new client certificate in force, for
// connections to the upstream from then on.
func (l *live) setUpstreamTLS(name string, contents [][]byte) error {
	next := l.upstreamTLS.Load().Clone()
	switch name {
	case "UPSTREAM_CA_FILE":
		next.RootCAs = x509.NewCertPool()
		if !next.RootCAs.AppendCertsFromPEM(contents[0]) {
			return errors.New("holds no PEM certificate; write the CA's into it")
		}
	case "UPSTREAM_CERT_FILE":
		pair, err := tls.X509KeyPair(contents[0], contents[1])
		if err != nil {
			return errors.New("and UPSTREAM_KEY_FILE are no certificate and its key; write both as PEM, of one pair")
		}
		next.Certificates = []tls.Certificate{pair}
	}
	l.upstreamTLS.Store(next)
	return nil
}
