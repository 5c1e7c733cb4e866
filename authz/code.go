package authz

// Code is a refusal code: the close reason, the "code" of an HTTP refusal, the
// metric label and the log word are this one string. The list is closed; the
// empty Code means "not refused".
type Code string

// The closed list of refusal codes.
const (
	AuthRequired        Code = "AUTH_REQUIRED"
	TokenInvalid        Code = "TOKEN_INVALID"
	TokenExpired        Code = "TOKEN_EXPIRED"
	UserNotFound        Code = "USER_NOT_FOUND"
	SessionRevoked      Code = "SESSION_REVOKED"
	Forbidden           Code = "FORBIDDEN"
	RateLimited         Code = "RATE_LIMITED"
	BadFrame            Code = "BAD_FRAME"
	MessageTooBig       Code = "MESSAGE_TOO_BIG"
	AuthUnavailable     Code = "AUTH_UNAVAILABLE"
	UpstreamUnavailable Code = "UPSTREAM_UNAVAILABLE"
	Draining            Code = "DRAINING"
)

// Codes returns every refusal code, in the order of the documentation.
func Codes() []Code {
	return []Code{
		AuthRequired, TokenInvalid, TokenExpired, UserNotFound, SessionRevoked, Forbidden,
		RateLimited, BadFrame, MessageTooBig, AuthUnavailable, UpstreamUnavailable, Draining,
	}
}
