package natsstream

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Probe tells whether the stream is there, and changes nothing. The error says
// why it, or the server, cannot serve.
func Probe(ctx context.Context, nc *nats.Conn, name string) (bool, error) {
	js, err := jetstream.New(nc)
	if err != nil {
		return false, fmt.Errorf("natsstream: %w", err)
	}
	s, err := js.Stream(ctx, name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return false, nil
	} else if err != nil {
		return false, fmt.Errorf("natsstream: %w", err)
	}
	return true, unfit(s.CachedInfo().Config)
}

// find returns the stream, or makes it where it may. Another replica may be making it too:
// the first one's is everybody's.
func find(ctx context.Context, js jetstream.JetStream, name string, make bool) (jetstream.Stream, error) {
	s, err := js.Stream(ctx, name)
	if make && errors.Is(err, jetstream.ErrStreamNotFound) {
		if err = create(ctx, js, name); err == nil {
			s, err = js.Stream(ctx, name)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("natsstream: the stream: %w", err)
	}
	return s, unfit(s.CachedInfo().Config)
}

// create makes the stream with as many copies as the cluster gives.
func create(ctx context.Context, js jetstream.JetStream, name string) error {
	cfg := jetstream.StreamConfig{
		Name: name, Description: "syncward: who wrote which event", Subjects: []string{prefix(name) + ">"},
		Storage: jetstream.FileStorage, Retention: jetstream.LimitsPolicy, Replicas: maxReplicas,
		// Whatever is published, nothing takes the place of a record.
		MaxMsgsPerSubject: 1, Discard: jetstream.DiscardNew, DiscardNewPerSubject: true,
	}
	for ; ; cfg.Replicas-- {
		_, err := js.CreateStream(ctx, cfg)
		switch {
		case err == nil || errors.Is(err, jetstream.ErrStreamNameAlreadyInUse):
			return nil
		case !tooMany(err) || cfg.Replicas == 1:
			return err
		}
	}
}

// tooMany tells of a server that cannot place as many copies.
func tooMany(err error) bool {
	var api *jetstream.APIError
	if !errors.As(err, &api) {
		return false
	}
	switch api.ErrorCode {
	case 10005, 10023, 10074: // no suitable peers; insufficient resources; not clustered
		return true
	}
	return false
}

// unfit says why a stream would not keep what it is told, or not say what it
// keeps.
func unfit(cfg jetstream.StreamConfig) error {
	switch {
	case !slices.Equal(cfg.Subjects, []string{prefix(cfg.Name) + ">"}):
		return fmt.Errorf("natsstream: the stream is not of the subjects %s>; name another", prefix(cfg.Name))
	case cfg.Storage != jetstream.FileStorage:
		return errors.New("natsstream: the stream is kept in memory; name one that is kept in files")
	case cfg.Retention != jetstream.LimitsPolicy || cfg.MaxAge > 0:
		return errors.New("natsstream: the stream drops what was read, or what is old; take that away, or name another")
	case cfg.Discard != jetstream.DiscardNew:
		return errors.New("natsstream: the stream drops old records where it is full; let it refuse new ones, or name another")
	case cfg.AllowDirect:
		return errors.New("natsstream: copies that lag may answer for the stream (allow_direct); take that away, or name another")
	case cfg.DenyDelete:
		return errors.New("natsstream: no message of the stream may be deleted (deny_delete); take that away, or name another")
	}
	return nil
}
