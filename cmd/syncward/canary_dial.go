package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"syscall"
	"time"
)

// maxAnswerHead bounds the head of an answer, in bytes.
const maxAnswerHead = 64 << 10

// single is an http.RoundTripper with one connection for each request. It asks
// no proxy, and unlike http.Transport it knows how far it came, tries nothing
// again and logs nothing that a stranger sent.
type single struct{}

// failure is the error of single: why there is no answer in HTTP.
type failure struct{ reply }

func (f failure) Error() string { return f.text }

// RoundTrip returns the answer; after a 101 its body is the connection. Every
// error is a failure. The request's context has a deadline.
func (single) RoundTrip(req *http.Request) (*http.Response, error) {
	conn, err := connect(req.Context(), req.URL)
	if err != nil {
		return nil, err
	}
	deadline, _ := req.Context().Deadline()
	_ = conn.SetDeadline(deadline)
	limit := &io.LimitedReader{R: conn, N: maxAnswerHead}
	r := bufio.NewReader(limit)
	_ = req.Write(conn) // what came of it is read
	res, err := http.ReadResponse(r, req)
	if err != nil {
		conn.Close()
		if limit.N == maxAnswerHead && (errors.Is(err, io.ErrUnexpectedEOF) || hungUp(err)) {
			return nil, failure{reply{unreachable, 0, "", "ended before any answer"}}
		}
		return nil, failure{silent(err, "accepts connections, and answers something that is no HTTP")}
	}
	if res.StatusCode == http.StatusSwitchingProtocols {
		limit.N = math.MaxInt64
		_ = conn.SetDeadline(deadline.Add(time.Second)) // the context ends first
		res.Body = &upgraded{r, conn}
		return res, nil
	}
	res.Body = &upgraded{io.LimitReader(res.Body, maxAnswerHead), conn}
	return res, nil
}

// upgraded reads what is left of a connection whose head was read.
type upgraded struct {
	io.Reader
	net.Conn
}

// Read reads from the buffer, which may hold bytes of the connection.
func (u *upgraded) Read(p []byte) (int, error) { return u.Reader.Read(p) }

// connect opens the connection, with TLS for https.
func connect(ctx context.Context, u *url.URL) (net.Conn, error) {
	var resolved atomic.Bool
	d := net.Dialer{Control: func(string, string, syscall.RawConn) error { resolved.Store(true); return nil }}
	secure := u.Scheme == "https"
	port := u.Port()
	if port == "" {
		port = map[bool]string{true: "443", false: "80"}[secure]
	}
	conn, err := d.DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	switch {
	case err != nil && !resolved.Load(): // no proof that there is nobody: it may be a slip of the pen
		return nil, failure{reply{mute, 0, "", "the name cannot be resolved"}}
	case err != nil && timedOut(err):
		return nil, failure{reply{unreachable, 0, "", "no connection in time"}}
	case err != nil:
		return nil, failure{reply{unreachable, 0, "", plain(err)}}
	case !secure:
		return conn, nil
	}
	t := tls.Client(conn, &tls.Config{ServerName: u.Hostname(), MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}})
	if err := t.HandshakeContext(ctx); err != nil {
		conn.Close()
		if errors.Is(err, io.EOF) || hungUp(err) {
			return nil, failure{reply{unreachable, 0, "", "ended before any answer"}}
		}
		return nil, failure{silent(err, "accepts connections, but speaks no TLS that is trusted here")}
	}
	return t, nil
}

// silent is the answer of somebody who is there and gave none.
func silent(err error, otherwise string) reply {
	if timedOut(err) {
		return reply{mute, 0, "", "accepts connections, no answer in time"}
	}
	return reply{mute, 0, "", otherwise}
}

// hungUp tells whether the other side ended the connection the hard way.
func hungUp(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// timedOut tells whether an error is the deadline's.
func timedOut(err error) bool {
	var e net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &e) && e.Timeout()
}
