package main

import (
	"net/url"
	"slices"
	"strings"

	"github.com/syncward/syncward/authz/keys"
)

// publicKeyFile is the one variable of a key that is a path and no twin.
const publicKeyFile = "JWT_PUBLIC_KEY_FILE"

// jwksOptions returns how the JWK set is followed.
func (c *config) jwksOptions() keys.JWKSOptions {
	return keys.JWKSOptions{URL: c.JWTJWKSURL, Timeout: c.JWKSTimeout}
}

// checkJWKS faults an address that can never be fetched. One that does not
// answer yet is no fault: Syncward starts, and is not ready.
func checkJWKS(c *config, r *report) {
	const name = "JWT_JWKS_URL"
	if c.JWTJWKSURL == "" {
		return
	}
	if _, err := keys.NewJWKS(c.jwksOptions()); err != nil {
		c.keyFault(r, name, err.Error()+"; write https://host/path, or file:///path")
		c.JWTJWKSURL = ""
		return
	}
	if at, err := url.Parse(c.JWTJWKSURL); err == nil && at.Scheme == "http" && !loopbackHost(at.Hostname()) {
		r.warn(name, "is plain http: whoever is on the way there can put in keys of their own; write https://")
	}
}

// readPublicKeys reads the public keys' file; nil where there is none.
func readPublicKeys(c *config, r *report) []byte {
	if c.JWTPublicKeyFile == "" {
		return nil
	}
	text, err := readFile(c.JWTPublicKeyFile)
	if err != nil {
		c.keyFault(r, publicKeyFile, "cannot be read ("+cause(err)+"); name a readable file")
		return nil
	}
	if len(text) == 0 {
		c.keyFault(r, publicKeyFile, "is an empty file; write the public key into it, as PEM")
	}
	return text
}

// served returns the algorithms that the configured keys serve: for a JWK set,
// whose keys are not known yet, all of public keys.
func (c *config) served() []string {
	var list []string
	if len(c.Secrets.JWT) > 0 {
		list = append(list, algorithms[:3]...)
	}
	if c.JWTJWKSURL != "" {
		return append(list, algorithms[3:]...)
	}
	if public, err := keys.ParsePEM(c.Secrets.JWTPublic); err == nil {
		list = append(list, public.Algorithms()...)
	}
	return list
}

// anyKey tells whether tokens can be verified at all.
func (c *config) anyKey() bool { return len(c.served()) > 0 }

// checkAlgorithms faults a list that no key can serve.
func checkAlgorithms(c *config, r *report) {
	const name = "JWT_ALGORITHMS"
	served := c.served()
	for i, alg := range c.JWTAlgorithms {
		mend := ""
		switch {
		case slices.Contains(c.JWTAlgorithms[:i], alg):
			r.fault(name, "names %q twice; name it once", alg)
		case !slices.Contains(algorithms, alg), len(served) == 0, slices.Contains(served, alg): // the first was faulted before
		case slices.Contains(algorithms[:3], alg):
			mend = "set JWT_SECRET too, or leave it out"
		case len(c.Secrets.JWTPublic) > 0:
			mend = "put such a key into JWT_PUBLIC_KEY_FILE too, or leave it out"
		default:
			mend = "set JWT_JWKS_URL or JWT_PUBLIC_KEY_FILE too, or leave it out"
		}
		if mend != "" {
			c.keyFault(r, name, "names "+alg+", which no configured key serves; "+mend)
			c.JWTAlgorithms = nil
			return
		}
	}
}

// shownJWKS is the address without its query, which may hold a secret.
func (c *config) shownJWKS() string {
	before, query, found := strings.Cut(c.JWTJWKSURL, "?")
	if found {
		before += "?" + redacted(len(query))
	}
	return before
}
