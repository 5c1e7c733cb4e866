package directory

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sony/gobreaker/v2"
)

// Place is what stands in a URL where the userId goes.
const Place = "{userId}"

// The faults of a URL.
var (
	errURL   = errors.New("is no http:// or https:// URL with a host; write one such as https://auth/users/{userId}")
	errPlace = errors.New("has not exactly one {userId}, as a whole segment of its path; write one such as https://auth/users/{userId}")
)

// errStatus is an answer that says nothing about the user.
var errStatus = errors.New("directory: the answer is none of 2xx, 404 and 410")

// errDots is about a userId that is a dot segment: whoever reads the path could
// take it for another one (RFC 3986 §5.2.4), and escaping does not help.
var errDots = errors.New("directory: a userId of dots cannot be asked about")

// split returns what stands round the userId.
func split(raw string) (before, after string, err error) {
	u, err := url.Parse(strings.ReplaceAll(raw, Place, "userId"))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Fragment != "" {
		return "", "", errURL
	}
	before, after, found := strings.Cut(raw, Place)
	authority := len(u.Scheme) + len("://")
	whole := strings.HasSuffix(before, "/") && len(before) > authority && (after == "" || after[0] == '/' || after[0] == '?')
	if !found || !whole || strings.Contains(after, Place) || strings.Contains(before, "?") {
		return "", "", errPlace
	}
	return before, after, nil
}

// newClient reaches the directory directly, and takes its first answer for the
// answer.
func newClient(timeout time.Duration) *http.Client {
	return &http.Client{
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy: nil, MaxIdleConnsPerHost: 16, IdleConnTimeout: 90 * time.Second,
			MaxResponseHeaderBytes: 64 << 10, ForceAttemptHTTP2: true,
		},
	}
}

// newBreaker counts what the directory's absence explains. An answer, whatever
// it says, could be provoked by whoever has a token.
func newBreaker(o Options) *gobreaker.CircuitBreaker[bool] {
	return gobreaker.NewCircuitBreaker[bool](gobreaker.Settings{
		Name:        "directory",
		Timeout:     o.BreakerOpen,
		ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= uint32(o.BreakerFailures) },
		IsSuccessful: func(err error) bool {
			return err == nil || errors.Is(err, errStatus) || errors.Is(err, errDots)
		},
		OnStateChange: func(_ string, _, to gobreaker.State) {
			o.Breaker(map[gobreaker.State]State{gobreaker.StateClosed: Closed, gobreaker.StateHalfOpen: HalfOpen, gobreaker.StateOpen: Open}[to])
		},
	})
}

// ask sends one request. The error never names the URL.
func (d *Directory) ask(ctx context.Context, user string) (exists bool, err error) {
	if user == "." || user == ".." {
		return false, errDots
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, d.before+url.PathEscape(user)+d.after, nil)
	if err != nil {
		return false, errStatus // split read the same URL; its error would repeat it
	}
	res, err := d.client.Do(r)
	if err != nil {
		return false, fmt.Errorf("directory: %w", bare(err))
	}
	if 0 <= res.ContentLength && res.ContentLength <= 4<<10 { // read, it leaves the connection for the next request
		_, _ = io.Copy(io.Discard, res.Body)
	}
	_ = res.Body.Close()
	switch {
	case res.StatusCode >= 200 && res.StatusCode < 300:
		return true, nil
	case res.StatusCode == http.StatusNotFound, res.StatusCode == http.StatusGone:
		return false, nil
	}
	return false, errStatus
}

// bare takes the URL off an error.
func bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
