package authz

// judgeClaims decides on a token whose signature is right. From here on every
// decision carries what the claims say, refusals included.
func (v *Verifier) judgeClaims(h joseHeader, s claimSet) Decision {
	now := v.config.Now()
	d := Decision{
		UserID: s.user, TokenID: s.id,
		IssuedAt: s.issued.time, ExpiresAt: s.expires.time,
	}
	if !s.expires.time.IsZero() {
		d.GraceEndsAt = s.expires.time.Add(v.config.Grace)
	}
	if reason := v.wrongParty(h, s); reason != ReasonNone {
		return d.refused(TokenInvalid, reason)
	}
	if reason := wrongDates(s); reason != ReasonNone {
		return d.refused(TokenInvalid, reason)
	}
	latest := now.Add(v.config.Leeway)
	switch {
	case s.nbf.time.After(latest), s.issued.time.After(latest):
		return d.refused(TokenInvalid, ReasonNotYet)
	case s.expires.time.Sub(s.issued.time) > v.config.MaxLifetime:
		return d.refused(TokenInvalid, ReasonLifetime)
	}
	d.Allow = true
	return d.At(now)
}

// wrongParty says why a token is not one of this issuer, for us, about a user.
func (v *Verifier) wrongParty(h joseHeader, s claimSet) Reason {
	switch c := &v.config; {
	case c.AssertionIssuer != "" && s.issuer == c.AssertionIssuer:
		return ReasonOwnAssertion
	case c.Type != "" && !sameType(h.typ, c.Type):
		return ReasonType
	case c.Issuer != "" && s.issuer != c.Issuer:
		return ReasonIssuer
	case c.Audience != "" && !s.rightAudience:
		return ReasonAudience
	case s.user == "", s.user == c.AnonymousUserID:
		return ReasonUser
	}
	return ReasonNone
}

// wrongDates says why the dates cannot be judged. exp and iat are required,
// though RFC 7519 §4.1 makes every claim optional: without exp a token never
// ends, without iat a revocation cannot reach it. The zero date is refused for
// both, but is a plain "always" as nbf.
func wrongDates(s claimSet) Reason {
	switch {
	case s.unreadable, s.expires.bad, s.issued.bad, s.nbf.bad:
		return ReasonClaims
	case !s.expires.present:
		return ReasonNoExpiry
	case !s.issued.present:
		return ReasonNoIssuedAt
	case s.expires.time.Unix() <= 0, s.issued.time.Unix() <= 0:
		return ReasonClaims
	}
	return ReasonNone
}
