package identity

import (
	"strconv"
	"time"
)

// Header is one header line of the upstream request.
type Header struct{ Name, Value string }

// fieldNames are a Names' spellings, put together once.
type fieldNames struct{ user, connection, status, expires, assertion string }

func newFieldNames(n Names) fieldNames {
	return fieldNames{
		user: n.UserIDHeader(), connection: n.ConnectionIDHeader(), status: n.AuthStatusHeader(),
		expires: n.TokenExpiresHeader(), assertion: n.AssertionHeader(),
	}
}

// Headers returns the identity headers of the upstream request in the order to
// send them: four plain ones (three where the token has no expiry) and the
// assertion. The caller has removed every Reserved header before. Errors are
// Sign's; no value can break out of its line.
func (s *Signer) Headers(id Identity, req Request, now time.Time) ([]Header, error) {
	assertion, err := s.Sign(id, req, now)
	if err != nil {
		return nil, err
	}
	headers := make([]Header, 0, 5)
	headers = append(headers,
		Header{s.names.user, id.UserID},
		Header{s.names.connection, id.ConnectionID},
		Header{s.names.status, id.Status})
	if !id.TokenExpires.IsZero() {
		headers = append(headers, Header{s.names.expires, unixText(id.TokenExpires)})
	}
	return append(headers, Header{s.names.assertion, assertion}), nil
}

// unixText spells a time as the expiry header does; "" for none.
func unixText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return strconv.FormatInt(t.Unix(), 10)
}
