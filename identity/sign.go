package identity

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Type is the typ header of every assertion. Whoever accepts JWTs from clients
// refuses this type, so that an assertion never serves as a login.
const Type = "sync-identity+jwt"

// Lifetime is the time from iat to exp: long enough for a slow dial, and a
// verifier that remembers jti need remember no longer.
const Lifetime = 60 * time.Second

// The issuer and audience of a Signer that is told no others.
const (
	DefaultIssuer   = "syncward"
	DefaultAudience = "sync-upstream"
)

// SignerOptions configures a Signer.
type SignerOptions struct {
	Key      Key    // signs; required
	Previous Key    // stays in the JWKS through a rotation; may be zero
	Issuer   string // 1 to 256 visible ASCII characters; "" is DefaultIssuer
	Audience string // likewise; "" is DefaultAudience
	Names    Names
}

// Signer makes assertions. It never changes and is safe for concurrent use; a
// rotation makes a new one. Make it with NewSigner.
type Signer struct {
	key     Key
	head    string // the encoded JOSE header and its dot
	issued  string // the claims up to and including sub's colon
	jwks    []byte
	names   fieldNames
	scratch sync.Pool
}

// scratch is what one Sign call needs and the next can use again.
type scratch struct {
	claims, token, signature []byte
	id                       [16]byte
	sign                     signFunc
}

// NewSigner returns a Signer. Errors: ErrSigner, ErrNames.
func NewSigner(o SignerOptions) (*Signer, error) {
	if o.Issuer == "" {
		o.Issuer = DefaultIssuer
	}
	if o.Audience == "" {
		o.Audience = DefaultAudience
	}
	switch {
	case o.Key.private == nil:
		return nil, ErrSigner.about("no key")
	case !visible(o.Issuer, maxID):
		return nil, ErrSigner.about("issuer")
	case !visible(o.Audience, maxID):
		return nil, ErrSigner.about("audience")
	}
	if err := o.Names.Validate(); err != nil {
		return nil, err
	}
	jwks, err := marshalJWKS(o.Key, o.Previous)
	if err != nil {
		return nil, fmt.Errorf("identity: JWKS: %w", err)
	}
	s := &Signer{key: o.Key, jwks: jwks, names: newFieldNames(o.Names)}
	s.head = encode([]byte(`{"alg":"`+o.Key.Algorithm()+`","kid":"`+o.Key.KeyID()+`","typ":"`+Type+`"}`)) + "."
	issued := appendQuoted([]byte(`{"iss":`), o.Issuer)
	issued = appendQuoted(append(issued, `,"aud":`...), o.Audience)
	s.issued = string(append(issued, `,"sub":`...))
	s.scratch.New = func() any { return &scratch{sign: s.key.private.newSign()} }
	return s, nil
}

// KeyID returns the kid of the key that signs.
func (s *Signer) KeyID() string { return s.key.KeyID() }

// JWKS returns the JWK set for verifiers: the public halves of the current and
// the previous key. HMAC secrets are never in it. The caller must not change it.
func (s *Signer) JWKS() []byte { return s.jwks }

// Sign returns the assertion, a compact JWS, that the request carries id; it is
// good for Lifetime from now and differs at each call. Errors: ErrIdentity and
// ErrRequest, for values outside what Identity and Request document.
func (s *Signer) Sign(id Identity, req Request, now time.Time) (string, error) {
	if what := id.fault(); what != "" {
		return "", ErrIdentity.about(what)
	}
	if what := req.fault(); what != "" {
		return "", ErrRequest.about(what)
	}
	b := s.scratch.Get().(*scratch)
	defer s.scratch.Put(b)
	b.claims = s.appendClaims(b, &id, &req, now.Unix())
	b.token = append(b.token[:0], s.head...)
	b.token = base64.RawURLEncoding.AppendEncode(b.token, b.claims)
	var err error
	if b.signature, err = b.sign(b.signature[:0], b.token); err != nil {
		return "", err
	}
	b.token = append(b.token, '.')
	b.token = base64.RawURLEncoding.AppendEncode(b.token, b.signature)
	return string(b.token), nil
}

// appendClaims writes the claims into b's buffer, which first serves to hash
// the target without a copy of it on the heap.
func (s *Signer) appendClaims(b *scratch, id *Identity, req *Request, now int64) []byte {
	b.claims = append(b.claims[:0], req.Target...)
	path := sha256.Sum256(b.claims)
	rand.Read(b.id[:]) // never fails, by its documentation

	c := appendQuoted(append(b.claims[:0], s.issued...), id.UserID)
	c = appendQuoted(append(c, `,"cid":`...), id.ConnectionID)
	c = appendQuoted(append(c, `,"iid":`...), id.InstanceID)
	c = appendQuoted(append(c, `,"status":`...), id.Status)
	if !id.TokenExpires.IsZero() {
		c = strconv.AppendInt(append(c, `,"uexp":`...), id.TokenExpires.Unix(), 10)
	}
	c = appendQuoted(append(c, `,"mth":`...), req.Method)
	c = strconv.AppendInt(append(c, `,"iat":`...), now, 10)
	c = strconv.AppendInt(append(c, `,"exp":`...), now+int64(Lifetime/time.Second), 10)
	c = base64.RawURLEncoding.AppendEncode(append(c, `,"jti":"`...), b.id[:])
	c = append(c, '"')
	if req.WebSocketKey != "" {
		c = appendQuoted(append(c, `,"wsk":`...), req.WebSocketKey)
	}
	c = base64.RawURLEncoding.AppendEncode(append(c, `,"pth":"`...), path[:])
	return append(c, `"}`...)
}

// appendQuoted appends s as a JSON string. s was checked to be valid UTF-8,
// the only thing that AppendQuote could object to.
func appendQuoted(dst []byte, s string) []byte {
	dst, _ = jsontext.AppendQuote(dst, s)
	return dst
}
