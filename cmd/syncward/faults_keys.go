package main

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/authz/keys"
	"github.com/syncward/syncward/identity"
)

// secrets are the keys in force, each nil where it is not configured.
type secrets struct {
	JWT, JWTPrevious           []byte
	JWTPublic                  []byte // PEM
	Identity, IdentityPrevious []byte
	Admin                      []byte
}

// field returns the place of the variable's value.
func (s *secrets) field(name string) *[]byte {
	switch name {
	case "JWT_SECRET":
		return &s.JWT
	case "JWT_PREVIOUS_SECRET":
		return &s.JWTPrevious
	case publicKeyFile:
		return &s.JWTPublic
	case "IDENTITY_KEY":
		return &s.Identity
	case "ADMIN_TOKEN":
		return &s.Admin
	}
	return &s.IdentityPrevious
}

// secretNames are the variables of the secret keys, in the order of the table;
// keyNames are those of all.
var (
	secretNames = []string{"JWT_SECRET", "JWT_PREVIOUS_SECRET", "IDENTITY_KEY", "IDENTITY_PREVIOUS_KEY", "ADMIN_TOKEN"}
	keyNames    = append([]string{publicKeyFile}, secretNames...)
)

// The faults of a key; each is the end of a sentence that begins with the
// variable's name, and none holds a part of the key.
var (
	errShort     = errors.New("has fewer than 32 bytes; make one with: openssl rand -base64 48")
	errWellKnown = errors.New("is a well-known or trivial secret; make one with: openssl rand -base64 48")
	errIsJWT     = errors.New("equals a JWT secret: whoever can verify tokens could sign identities; make another with: openssl rand -base64 48")
	errNoKeyForm = errors.New("is neither an HMAC secret nor one PEM private key of a kind that signs (Ed25519, EC P-256); make one with: openssl genpkey -algorithm ed25519")
)

// readSecrets reads the keys. In mode off no key can stop the start: there a
// fault becomes a warning, and the key is left out.
func readSecrets(c *config, r *report) secrets {
	var s secrets
	for _, name := range secretNames {
		value, f := readSecret(c.environ, name)
		if f != nil {
			c.keyFault(r, f.Variable, f.Text)
			continue
		}
		*s.field(name) = value
	}
	s.JWTPublic = readPublicKeys(c, r)
	return s
}

// keyFault reports what is wrong with a key. It reads the mode itself: it is
// called before everything is checked.
func (c *config) keyFault(r *report, name, text string) {
	if c.startMode() == authz.Off {
		r.warn(name, "%s (ignored in mode off)", text)
		return
	}
	r.fault(name, "%s", text)
}

// checkKeys faults keys that protect nothing, and enforce without any.
func checkKeys(c *config, r *report) {
	given := c.Secrets
	for _, name := range keyNames {
		if err := given.check(name); err != nil {
			c.keyFault(r, name, err.Error())
			*c.Secrets.field(name) = nil
		}
	}
	c.checkPrevious(r)
	if !c.anyKey() && c.startMode() == authz.Enforce && !faulted(r, "JWT_SECRET", "JWT_SECRET_FILE", "JWT_JWKS_URL", publicKeyFile) {
		r.fault("JWT_SECRET", "is not set, and enforce needs a key; set JWT_SECRET, JWT_JWKS_URL or JWT_PUBLIC_KEY_FILE, or REQUIRE_AUTH=false to observe")
	}
	if !c.anyKey() && c.startMode() == authz.Observe {
		r.warn("JWT_SECRET", "is not set, nor another key: no token can be verified")
	}
	if c.startMode() == authz.Off {
		return
	}
	for _, name := range secretNames {
		if poor(string(*given.field(name))) {
			r.warn(name, "is easily guessed; make one with: openssl rand -base64 48")
		}
	}
	if c.JWTIssuer == "" {
		r.warn("JWT_ISSUER", "is not set: tokens of any issuer that knows the key are accepted")
	}
	if c.JWTAudience == "" {
		r.warn("JWT_AUDIENCE", "is not set: tokens made for other services are accepted")
	}
	if len(given.Identity) == 0 {
		r.warn("IDENTITY_KEY", "is not set: assertions are signed with a key that ends with this process")
	}
}

// check returns what is wrong with one key, beside the others.
func (s *secrets) check(name string) error {
	key := *s.field(name)
	if len(key) == 0 {
		return nil
	}
	if name == publicKeyFile {
		if _, err := keys.ParsePEM(key); err != nil {
			return fmt.Errorf("holds %w; write public keys into it, as PEM: RSA from 2048 bits, EC P-256 or P-384, Ed25519", err)
		}
		return nil
	}
	if strings.HasPrefix(name, "JWT_") || name == "ADMIN_TOKEN" {
		return weak(key)
	}
	if isPEM := strings.Contains(string(key), "-----BEGIN"); !isPEM {
		if err := weak(key); err != nil {
			return err
		}
	}
	if _, err := identity.ParseKey(key); err != nil {
		return errNoKeyForm
	}
	if equal(key, s.JWT) || equal(key, s.JWTPrevious) {
		return errIsJWT
	}
	return nil
}

// never is the end of a previous secret that was given none.
var never = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// checkPrevious reads when the previous secret ends.
func (c *config) checkPrevious(r *report) {
	const name = "JWT_PREVIOUS_SECRET_VALID_UNTIL"
	previous := c.environ.set("JWT_PREVIOUS_SECRET") || c.environ.set("JWT_PREVIOUS_SECRET_FILE")
	until, err := time.Parse(time.RFC3339, c.JWTPreviousUntil)
	switch {
	case c.JWTPreviousUntil != "" && err != nil:
		c.keyFault(r, name, "is no RFC 3339 time; write one such as 2030-01-31T12:00:00Z")
		c.Secrets.JWTPrevious = nil
	case !previous && c.JWTPreviousUntil != "":
		r.warn(name, "is set without JWT_PREVIOUS_SECRET: it does nothing")
	case !previous:
	case c.JWTPreviousUntil == "":
		r.warn(name, "is not set: JWT_PREVIOUS_SECRET is accepted until it is unset")
		c.PreviousUntil = never
	case !time.Now().Before(until):
		r.warn("JWT_PREVIOUS_SECRET", "is past its end and no longer accepted; unset it")
		c.PreviousUntil = until
	default:
		c.PreviousUntil = until
	}
	if previous && len(c.Secrets.JWT) == 0 && !faulted(r, "JWT_SECRET", "JWT_SECRET_FILE") {
		c.keyFault(r, "JWT_SECRET", "is not set, but JWT_PREVIOUS_SECRET is; set the current secret too")
	}
}

// faulted tells whether one of the variables has a fault already, or would
// have in another mode.
func faulted(r *report, names ...string) bool {
	for _, list := range []faults{r.Faults, r.Warnings} {
		for _, f := range list {
			for _, name := range names {
				if f.Variable == name {
					return true
				}
			}
		}
	}
	return false
}

// equal compares in constant time, whatever the lengths.
func equal(a, b []byte) bool {
	x, y := sha256.Sum256(a), sha256.Sum256(b)
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}
