package keys

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
)

// maxDocument bounds a JWK set, in bytes.
const maxDocument = 1 << 20

var errTooBig = errors.New("is larger than 1 MiB")

// parseURL reads the address of a JWK set.
func parseURL(text string) (*url.URL, error) {
	at, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, errors.New("is no URL")
	case at.User != nil:
		return nil, errors.New("holds a user or password")
	case at.Fragment != "":
		return nil, errors.New("holds a fragment")
	case at.Opaque != "":
		return nil, errors.New("is no absolute URL")
	}
	switch at.Scheme {
	case "http", "https":
		if at.Hostname() == "" {
			return nil, errors.New("names no host")
		}
	case "file":
		if at.Host != "" || !filepath.IsAbs(at.Path) || at.RawQuery != "" {
			return nil, errors.New("names no file")
		}
	default:
		return nil, errors.New("begins with none of https://, http:// and file:///")
	}
	return at, nil
}

// newClient asks the address itself: no proxy of the environment, no redirect,
// which could lead to an address that only this host may reach, and no cookie.
// No connection is kept for the minute between two fetches.
func newClient() *http.Client {
	return &http.Client{
		Transport:     &http.Transport{Proxy: nil, DisableKeepAlives: true, DisableCompression: true, MaxResponseHeaderBytes: 64 << 10},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// read returns the document at the address.
func (j *JWKS) read(ctx context.Context) ([]byte, error) {
	if j.at.Scheme == "file" {
		return readFile(j.at.Path)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, j.at.String(), nil)
	if err != nil {
		return nil, errors.New("is no URL")
	}
	r.Header.Set("Accept", "application/jwk-set+json, application/json")
	r.Header.Set("User-Agent", "syncward")
	res, err := j.client.Do(r)
	if err != nil {
		return nil, withoutURL(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("answers with status %d", res.StatusCode)
	}
	return limited(res.Body)
}

// withoutURL drops the address from the client's error: its query may hold a
// secret.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return fmt.Errorf("cannot be fetched: %w", err)
}

// readFile reads a regular file, so that no pipe or device holds us up. Its
// errors are without the path, which is the URL's.
func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, withoutPath(err)
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("is no regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, withoutPath(err)
	}
	defer f.Close()
	return limited(f)
}

func withoutPath(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	return fmt.Errorf("cannot be read: %w", err)
}

func limited(r io.Reader) ([]byte, error) {
	document, err := io.ReadAll(io.LimitReader(r, maxDocument+1))
	switch {
	case err != nil:
		return nil, withoutPath(err)
	case len(document) > maxDocument:
		return nil, errTooBig
	}
	return document, nil
}
