package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/url"
	"strings"
)

// checkRevocations faults a store that cannot be asked. In mode off no store
// can stop the start.
func checkRevocations(c *config, r *report) {
	if c.RevocationStore != "nats" {
		if c.NATSURL != "" && c.environ.set("NATS_URL") {
			r.warn("NATS_URL", "is set, but REVOCATION_STORE is memory: a revocation reaches this replica alone")
		}
		return
	}
	if c.NATSURL == "" {
		c.keyFault(r, "NATS_URL", "is not set, but REVOCATION_STORE is nats; name the servers: nats://host:4222 or tls://host:4222")
	}
	if c.RevocationFile != "" {
		c.keyFault(r, "REVOCATION_FILE", "keeps the memory store, but REVOCATION_STORE is nats; unset it")
	}
	if !bucketName(c.NATSBucket) {
		c.keyFault(r, "NATS_BUCKET", "is no name of a bucket; write 1 to 200 of the letters, digits, - and _")
	}
	if _, err := natsServers(c.NATSURL); err != nil {
		c.keyFault(r, "NATS_URL", err.Error())
	}
	checkNATSFiles(c, r)
}

func bucketName(s string) bool {
	return s != "" && len(s) <= 200 && !strings.ContainsFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_')
	})
}

// natsServers reads a list of servers. The error ends a sentence that begins
// with the variable's name; it never repeats the value, since a password may
// stand in it.
func natsServers(value string) ([]string, error) {
	servers := list(value)
	secure := 0
	for _, s := range servers {
		u, err := url.Parse(s)
		switch {
		case err != nil, u.Scheme != "nats" && u.Scheme != "tls":
			return nil, errors.New("is no list of servers; write nats://host:4222 or tls://host:4222, several with commas between")
		case u.Hostname() == "" || !validPort(u):
			return nil, errors.New("names no host, or no port from 1 to 65535; write " + u.Scheme + "://host:4222")
		case u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
			return nil, errors.New("holds more than servers; leave out everything behind host and port")
		case u.Scheme == "tls":
			secure++
		}
	}
	if secure != 0 && secure != len(servers) {
		return nil, errors.New("mixes nats:// and tls://; write tls:// for all")
	}
	return servers, nil
}

// checkNATSFiles faults files that no connection could be made with.
func checkNATSFiles(c *config, r *report) {
	for _, f := range []struct{ name, path, mend, want string }{
		{"NATS_CREDS_FILE", c.NATSCredsFile, "holds no credentials; name a file as nsc writes it, with a user's JWT and its seed", "-----BEGIN NATS USER JWT-----"},
		{"NATS_CA_FILE", c.NATSCAFile, "holds no PEM certificate; name a file with the CA's", "-----BEGIN CERTIFICATE-----"},
	} {
		if f.path == "" {
			continue
		}
		text, err := readFile(f.path)
		switch {
		case err != nil:
			c.keyFault(r, f.name, "cannot be read ("+cause(err)+"); name a readable file")
		case !bytes.Contains(text, []byte(f.want)):
			c.keyFault(r, f.name, f.mend)
		}
	}
	switch cert, key := c.NATSCertFile, c.NATSKeyFile; {
	case cert == "" && key == "":
	case cert == "":
		c.keyFault(r, "NATS_CERT_FILE", "is not set, but NATS_KEY_FILE is; set both or neither")
	case key == "":
		c.keyFault(r, "NATS_KEY_FILE", "is not set, but NATS_CERT_FILE is; set both or neither")
	default:
		if _, err := readPair(cert, key); err != nil {
			c.keyFault(r, "NATS_CERT_FILE", "and NATS_KEY_FILE are no certificate and its key; name two readable PEM files of one pair")
		}
	}
}

// readPair reads a certificate and its key.
func readPair(cert, key string) (tls.Certificate, error) {
	certPEM, err := readFile(cert)
	if err != nil {
		return tls.Certificate{}, errors.New(cause(err))
	}
	keyPEM, err := readFile(key)
	if err != nil {
		return tls.Certificate{}, errors.New(cause(err))
	}
	return tls.X509KeyPair(certPEM, keyPEM)
}

// readPool reads certificates to trust.
func readPool(path string) (*x509.CertPool, error) {
	pem, err := readFile(path)
	if err != nil {
		return nil, errors.New(cause(err))
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, errors.New("no PEM certificate")
	}
	return pool, nil
}
