package authz

// Reason is the finer word behind a Code. It goes into logs only; the list is
// closed and never holds anything that a client sent.
type Reason string

// The closed list of reasons.
const (
	ReasonNone          Reason = ""
	ReasonNoToken       Reason = "no_token"
	ReasonLate          Reason = "late_first_frame"
	ReasonFormat        Reason = "format"
	ReasonTooLong       Reason = "token_too_long"
	ReasonAlgorithm     Reason = "algorithm"
	ReasonCritical      Reason = "critical_header"
	ReasonType          Reason = "type"
	ReasonSignature     Reason = "signature"
	ReasonOwnAssertion  Reason = "own_assertion"
	ReasonClaims        Reason = "claims"
	ReasonNoExpiry      Reason = "no_exp"
	ReasonNoIssuedAt    Reason = "no_iat"
	ReasonIssuer        Reason = "issuer"
	ReasonAudience      Reason = "audience"
	ReasonNotYet        Reason = "not_yet_valid"
	ReasonLifetime      Reason = "lifetime"
	ReasonUser          Reason = "user"
	ReasonExpired       Reason = "expired"
	ReasonGrace         Reason = "in_grace"
	ReasonNoKeys        Reason = "no_keys"
	ReasonKeysDown      Reason = "keys_unavailable"
	ReasonUnknownKey    Reason = "unknown_key"
	ReasonOtherUser     Reason = "other_user"
	ReasonOtherInstance Reason = "other_instance"
	ReasonUpstream      Reason = "upstream"
	ReasonFrame         Reason = "frame"
	ReasonSize          Reason = "size"
	ReasonOrigin        Reason = "origin"
	ReasonLimit         Reason = "limit"
	ReasonRevoked       Reason = "revoked"
	ReasonDeleted       Reason = "deleted"
	ReasonFlip          Reason = "mode_changed"
	ReasonEncoding      Reason = "content_encoding"
	ReasonNoUser        Reason = "no_user"
	ReasonDirectory     Reason = "directory_unavailable"
	ReasonStore         Reason = "revocations_unavailable"
)
