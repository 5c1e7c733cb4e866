package authz

// judgeClaims decides on a token whose signature is right. From here on every
// decision carries what the claims say, refusals included.
func (v *Verifier) judgeClaims(h joseHeader, s claimSet) Decision {
	now := v.config.Now()
	d := Decision{
		UserID: s.user, TokenID: s.id,
		IssuedAt: s.issued.time, ExpiresAt: s.expires.time,
	}
	if v.instancesPath != nil {
		instances := s.instances // not &s.instances, which would cost every token an allocation
		d.instances = &instances
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
	switch {
	case s.ownAssertion:
		return ReasonOwnAssertion
	case !h.rightType:
		return ReasonType
	case !s.rightIssuer:
		return ReasonIssuer
	case !s.rightAudience:
		return ReasonAudience
	case s.user == "", s.user == v.config.AnonymousUserID:
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
	case !s.expires.present:
		return ReasonNoExpiry
	case !s.issued.present:
		return ReasonNoIssuedAt
	case s.unreadable, s.nbf.bad, !isDate(s.expires), !isDate(s.issued):
		return ReasonClaims
	}
	return ReasonNone
}

// isDate is false for a bad date too, since the zero time is long before 1970.
func isDate(d numericDate) bool { return d.time.Unix() > 0 }
