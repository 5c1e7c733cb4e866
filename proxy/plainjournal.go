package proxy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/syncward/syncward/attribution"
	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/framing/payload"
)

// errUnrecorded says that an upstream's answer may not be passed on, since what
// it says of the log could not be put on record.
var errUnrecorded = errors.New("proxy: not on record")

// offer opens the account of one request's author and puts on record what the
// body offers.
func (p *plainServer) offer(ctx context.Context, pl *plan) refusal {
	pl.account = p.s.cfg.Record(attribution.Author{UserID: pl.user, ConnectionID: pl.id}, pl.instance)
	held, cancel := context.WithTimeout(ctx, p.s.cfg.HoldTimeout)
	defer cancel()
	switch err := pl.account.Push(held, pl.push); {
	case err == nil:
		return refusal{}
	case errors.Is(err, attribution.ErrRequest):
		return refusal{code: authz.BadFrame, reason: authz.ReasonFrame}
	case ctx.Err() == nil:
		p.s.fault(pl.id, "journal", err)
	}
	return refusal{code: authz.AuthUnavailable}
}

// hear reads an answer whole, within the limit of a message, and holds it back
// until what it says of the log is on record. An answer in an encoding, which
// nobody asked for, says nothing: its events stay unconfirmed.
func (p *plainServer) hear(res *http.Response) error {
	pl, ok := res.Request.Context().Value(planKey{}).(*plan)
	if !ok || pl.account == nil {
		return nil
	}
	if res.Header.Get("Content-Encoding") != "" {
		p.s.fault(pl.id, "journal", errors.New("the upstream's answer is encoded, though identity was asked for"))
		return nil
	}
	limit := p.s.cfg.MaxMessageBytes
	body, err := io.ReadAll(io.LimitReader(res.Body, limit+1))
	_ = res.Body.Close()
	if err == nil && int64(len(body)) > limit {
		err = errors.New("the answer is over MAX_MESSAGE_BYTES")
	}
	if err != nil {
		return fmt.Errorf("read the upstream's answer: %w", err)
	}
	news := p.s.cfg.Protocol.(payload.Log).Told(framing.Text, body)
	held, cancel := context.WithTimeout(res.Request.Context(), p.s.cfg.HoldTimeout)
	defer cancel()
	if err := pl.account.Tell(held, news); err != nil {
		return fmt.Errorf("%w: %w", errUnrecorded, err)
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	if res.Request.Method != http.MethodHead {
		res.ContentLength, res.TransferEncoding = int64(len(body)), nil
		res.Header.Set("Content-Length", strconv.Itoa(len(body)))
	}
	return nil
}
