package ndjson

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strconv"

	"github.com/syncward/syncward/attribution"
)

// maxGivenUp is how many more intents than come in are given up by one write,
// where a file holds more than MaxOpen from earlier.
const maxGivenUp = 1 << 13

// excess is the write that gives up the oldest intents, so that those that all
// brings have room; nil where they have. It is the writer's.
func (j *Journal) excess(all []*write) *write {
	more := 0
	for _, w := range all {
		if w.kind == intent {
			more += len(w.records)
		}
	}
	x := j.index
	over := min(x.size+more-j.opt.MaxOpen, more+maxGivenUp)
	if over <= 0 || x.size == 0 {
		return nil
	}
	for len(x.order) > 0 && x.gone(x.order[0]) {
		x.order = x.order[1:]
	}
	w := &write{kind: giveUp}
	for _, e := range x.order {
		if len(w.records) >= over {
			break
		}
		if x.gone(e) {
			continue
		}
		for _, r := range x.open[e.at].records {
			w.records = append(w.records, r)
			w.lines = appendLine(w.lines, giveUp, r)
		}
	}
	return w
}

// recall learns from the archives at which places intents were given up.
func (j *Journal) recall() error {
	files, err := openAll(j.archives)
	defer closeAll(files)
	if err != nil {
		return err
	}
	return told(context.Background(), files, func(k kind, r attribution.Record) {
		if k == giveUp {
			j.index.lost.add(r.Place())
		}
	})
}

// sieve knows places, and takes some others for one of them (a Bloom filter).
// It looks past the log's identity: an intent without one is for any log.
type sieve struct{ bits []uint64 } // nil: no place

const sieveWords = 1 << 17 // 1 MiB

func (s *sieve) add(at attribution.Place) {
	if s.bits == nil {
		s.bits = make([]uint64, sieveWords)
	}
	for _, h := range sieveHashes(at) {
		s.bits[h/64%sieveWords] |= 1 << (h % 64)
	}
}

func (s *sieve) has(at attribution.Place) bool {
	if s.bits == nil {
		return false
	}
	for _, h := range sieveHashes(at) {
		if s.bits[h/64%sieveWords]&(1<<(h%64)) == 0 {
			return false
		}
	}
	return true
}

func sieveHashes(at attribution.Place) (h [4]uint64) {
	sum := sha256.Sum256([]byte(strconv.Quote(at.StoreID) + strconv.FormatInt(at.SeqNum, 10) + at.EventID))
	for i := range h {
		h[i] = binary.BigEndian.Uint64(sum[8*i:])
	}
	return h
}

// maxGathered bounds the places of given up intents that a query holds at a time.
const maxGathered = 1 << 14

// addGivenUp adds the intents that were given up and that nothing has confirmed
// since, beside what is open at the same places. One may be there twice, where a
// write has failed.
func addGivenUp(ctx context.Context, files []frozen, open map[attribution.Place][]attribution.Record, q attribution.Query, to *page) error {
	for {
		part := newPage(max(maxGathered, to.limit))
		err := told(ctx, files, func(k kind, r attribution.Record) {
			if k == giveUp && !r.Sight() && q.Matches(r) {
				part.add(r)
			}
		})
		if err != nil || len(part.highest) == 0 {
			return err
		}
		last, full := part.highest[0], len(part.highest) >= part.limit
		if err := settled(ctx, files, func(r attribution.Record) { delete(part.records, r.Place()) }); err != nil {
			return err
		}
		for at, records := range part.records {
			records = append(records, open[at]...)
			delete(open, at)
			slices.SortFunc(records, attribution.Record.Compare)
			for _, r := range slices.CompactFunc(records, attribution.Record.Same) {
				to.add(r)
			}
		}
		if !full || len(to.highest) >= to.limit && to.highest[0].Compare(last) <= 0 {
			return nil
		}
		q.After = last // what was dropped may have had others behind it
	}
}
