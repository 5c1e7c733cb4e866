package identity

import (
	"crypto/sha256"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Claims is what a verified assertion says. Instance ids never travel in a
// plain header: InstanceID is the only word on them.
type Claims struct {
	Identity
	Issuer, Audience    string
	Method              string
	IssuedAt, ExpiresAt time.Time
	ID                  string // jti: 22 characters of base64url, fresh for each dial
	WebSocketKey        string // "" for a plain HTTP request
	PathHash            string // base64url SHA-256 of the path?query that Syncward sent
}

// claimReader reads claims one by one and remembers the first bad one.
type claimReader struct {
	fields map[string]jsontext.Value
	bad    string
}

func (r *claimReader) text(name string) string {
	value, ok := readString(r.fields[name])
	if !ok {
		r.fail(name)
	}
	return value
}

func (r *claimReader) time(name string) time.Time {
	seconds, ok := readUnix(r.fields[name])
	if !ok {
		r.fail(name)
	}
	return time.Unix(seconds, 0)
}

func (r *claimReader) fail(name string) {
	if r.bad == "" {
		r.bad = name
	}
}

// parseClaims reads the claims of a token whose signature is right. Unknown
// claims are ignored, as RFC 7519 §4 asks.
func parseClaims(data []byte) (Claims, error) {
	fields, ok := readObject(data)
	if !ok {
		return Claims{}, ErrMalformed.about("claims")
	}
	r := claimReader{fields: fields}
	c := Claims{
		Issuer: r.text("iss"), Audience: r.text("aud"), Method: r.text("mth"),
		IssuedAt: r.time("iat"), ExpiresAt: r.time("exp"),
		ID: r.text("jti"), PathHash: r.text("pth"),
		Identity: Identity{
			UserID: r.text("sub"), ConnectionID: r.text("cid"),
			InstanceID: r.text("iid"), Status: r.text("status"),
		},
	}
	if fields["uexp"] != nil {
		c.TokenExpires = r.time("uexp")
	}
	if fields["wsk"] != nil {
		c.WebSocketKey = r.text("wsk")
		if !visible(c.WebSocketKey, maxSocketKey) {
			r.fail("wsk")
		}
	}
	r.check(&c)
	if r.bad != "" {
		return Claims{}, ErrClaims.about(r.bad)
	}
	return c, nil
}

// check holds the values to what a Signer would have signed.
func (r *claimReader) check(c *Claims) {
	if what := c.Identity.fault(); what != "" {
		r.fail(what)
	}
	if !visible(c.Method, maxMethod) {
		r.fail("mth")
	}
	if lifetime := c.ExpiresAt.Sub(c.IssuedAt); lifetime <= 0 || lifetime > Lifetime {
		r.fail("exp")
	}
	if id, ok := decode(c.ID); !ok || len(id) != len(scratch{}.id) {
		r.fail("jti")
	}
	if hash, ok := decode(c.PathHash); !ok || len(hash) != sha256.Size {
		r.fail("pth")
	}
}
