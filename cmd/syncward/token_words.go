package main

import "github.com/syncward/syncward/authz"

// reasonWords says what a judge of tokens can find, and where it helps, whose
// business the mend is.
var reasonWords = map[authz.Reason]string{
	authz.ReasonNone:         "everything about it is right",
	authz.ReasonGrace:        "it has expired, but is within JWT_GRACE_PERIOD",
	authz.ReasonNoToken:      "there is no token",
	authz.ReasonFormat:       "it is no JWT in compact form, or names something twice",
	authz.ReasonTooLong:      "it is too long",
	authz.ReasonAlgorithm:    "its algorithm is not one that is accepted here; see JWT_ALGORITHMS",
	authz.ReasonCritical:     "its header asks for an extension (crit, b64)",
	authz.ReasonType:         "its typ header is not JWT_TYPE",
	authz.ReasonSignature:    "it is not signed with a key that is in force here, or was changed",
	authz.ReasonOwnAssertion: "it is an assertion of Syncward, which is for the upstream and no token",
	authz.ReasonClaims:       "a claim has a form that it must not have",
	authz.ReasonNoExpiry:     "it has no exp",
	authz.ReasonNoIssuedAt:   "it has no iat",
	authz.ReasonIssuer:       "its iss is not JWT_ISSUER",
	authz.ReasonAudience:     "its aud is not JWT_AUDIENCE",
	authz.ReasonNotYet:       "its nbf or iat is in the future; compare the clocks",
	authz.ReasonLifetime:     "it lives longer than JWT_MAX_LIFETIME",
	authz.ReasonUser:         "JWT_USER_CLAIM names no user in it, or the anonymous one",
	authz.ReasonExpired:      "it has expired, and JWT_GRACE_PERIOD is over",
	authz.ReasonNoKeys:       "there is no key to judge it by",
	authz.ReasonKeysDown:     "the keys to judge it by are out of reach",
	authz.ReasonUnknownKey:   "it names a key that is not known here",
}

// inWords returns a sentence without its end; the reason itself where there is
// none for it.
func inWords(r authz.Reason) string {
	if words, ok := reasonWords[r]; ok {
		return words
	}
	return string(r)
}
