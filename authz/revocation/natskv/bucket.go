package natskv

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// description marks a bucket that Syncward made: it may mend that one.
	description = "syncward: revocations"
	// markerTTL is how long the server shows that an entry is over. It has to
	// be something for entries to have ends of their own (nats-server 2.11).
	markerTTL   = time.Hour
	maxReplicas = 3
)

// bucket is the opened bucket.
type bucket struct {
	name    string
	js      jetstream.JetStream
	kv      jetstream.KeyValue
	stream  jetstream.Stream
	created time.Time
	last    uint64 // the last revision when it was opened
	ends    bool   // entries can have ends of their own
}

// openBucket finds the bucket, or makes it.
func openBucket(ctx context.Context, nc *nats.Conn, name string) (*bucket, error) {
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, fmt.Errorf("natskv: %w", err)
	}
	stream, err := js.Stream(ctx, "KV_"+name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		if err = create(ctx, js, name); err == nil {
			stream, err = js.Stream(ctx, "KV_"+name)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("natskv: bucket: %w", err)
	}
	if err := unfit(stream.CachedInfo().Config); err != nil {
		return nil, err
	}
	stream = mend(ctx, js, stream)
	kv, err := js.KeyValue(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("natskv: bucket: %w", err)
	}
	info := stream.CachedInfo()
	return &bucket{name, js, kv, stream, info.Created, info.State.LastSeq, info.Config.AllowMsgTTL}, nil
}

// Probe tells whether the bucket is there, and changes nothing. The error says
// why it, or the server, cannot serve.
func Probe(ctx context.Context, nc *nats.Conn, name string) (bool, error) {
	js, err := jetstream.New(nc)
	if err != nil {
		return false, fmt.Errorf("natskv: %w", err)
	}
	if _, err := js.AccountInfo(ctx); err != nil {
		return false, fmt.Errorf("natskv: JetStream: %w", err)
	}
	stream, err := js.Stream(ctx, "KV_"+name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return false, nil
	} else if err != nil {
		return false, fmt.Errorf("natskv: bucket: %w", err)
	}
	return true, unfit(stream.CachedInfo().Config)
}

// create makes the bucket with as many copies as the cluster gives now. Another
// replica may be doing the same: the first one's bucket is everybody's.
func create(ctx context.Context, js jetstream.JetStream, name string) error {
	cfg := jetstream.KeyValueConfig{Bucket: name, Description: description, History: 1, Replicas: maxReplicas, LimitMarkerTTL: markerTTL}
	for {
		_, err := js.CreateKeyValue(ctx, cfg)
		switch {
		case err == nil || errors.Is(err, jetstream.ErrBucketExists):
			return nil
		case errors.Is(err, jetstream.ErrLimitMarkerTTLNotSupported) && cfg.LimitMarkerTTL > 0: // before nats-server 2.11
			cfg.LimitMarkerTTL = 0
		case tooMany(err) && cfg.Replicas > 1:
			cfg.Replicas--
		default:
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
	case 10005, 10074, 10023: // no suitable peers; not clustered; insufficient resources
		return true
	}
	return false
}

// unfit says why a bucket would forget what must be kept.
func unfit(cfg jetstream.StreamConfig) error {
	switch {
	case cfg.MaxMsgsPerSubject < 1:
		return errors.New("natskv: NATS_BUCKET names a stream that is no key-value bucket")
	case cfg.MaxAge > 0:
		return errors.New("natskv: the bucket has a TTL, by which deleted users would be forgotten; take it away, or name another bucket")
	case (cfg.MaxMsgs > 0 || cfg.MaxBytes > 0) && cfg.Discard == jetstream.DiscardOld:
		return errors.New("natskv: the bucket drops old entries where it is full; let it refuse new ones, or name another bucket")
	}
	return nil
}

// mend gives a bucket of ours what it could not have when it was made: copies,
// on servers that came later, and ends of entries, after an update. A server
// that refuses is left in peace.
func mend(ctx context.Context, js jetstream.JetStream, stream jetstream.Stream) jetstream.Stream {
	cfg := stream.CachedInfo().Config
	if cfg.Description != description || cfg.Replicas >= maxReplicas && cfg.AllowMsgTTL {
		return stream
	}
	cfg.AllowMsgTTL, cfg.SubjectDeleteMarkerTTL = true, markerTTL
	for replicas := maxReplicas; replicas >= max(cfg.Replicas, 1); replicas-- {
		next := cfg
		next.Replicas = replicas
		if next.Replicas == stream.CachedInfo().Config.Replicas && stream.CachedInfo().Config.AllowMsgTTL {
			break
		}
		if mended, err := js.UpdateStream(ctx, next); err == nil {
			return mended
		} else if !tooMany(err) {
			break
		}
	}
	return stream
}

// subject returns where a key's values are published.
func (b *bucket) subject(key string) string { return "$KV." + b.name + "." + key }
