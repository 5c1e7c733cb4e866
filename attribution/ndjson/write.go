package ndjson

import (
	"context"
	"fmt"
	"time"
)

// writer is the one goroutine that touches the newest file. It takes all that
// waits at a time: the callers that came while the last fsync ran share the
// next.
func (j *Journal) writer(ctx context.Context) {
	var tick <-chan time.Time
	if j.opt.Interval > 0 {
		t := time.NewTicker(j.opt.Interval)
		defer t.Stop()
		tick = t.C
	}
	for {
		select {
		case <-j.queue.Ready():
			j.queue.Write(j.commit)
		case <-tick:
			j.flush()
		case <-ctx.Done():
			j.queue.Write(j.commit) // what came before Close
			j.flush()
			return
		}
	}
}

// commit makes writes durable, and then known.
func (j *Journal) commit(all []*write) error {
	if err := j.prepare(); err != nil {
		return fmt.Errorf("ndjson: %w", err)
	}
	if over := j.excess(all); over != nil {
		all = append([]*write{over}, all...)
	}
	buf := all[0].lines
	for _, w := range all[1:] {
		buf = append(buf, w.lines...)
	}
	// From here on until the fsync has succeeded nobody knows what is in the
	// file. After a failure nothing is appended to it any more: a second fsync
	// may report success for bytes that the first has lost, so another file is
	// begun, with what is known.
	j.begun = true
	if _, err := j.opt.disk.write(j.file, buf, j.size); err != nil {
		return fmt.Errorf("ndjson: %w", err)
	}
	if j.opt.Interval == 0 {
		if err := j.opt.disk.sync(j.file); err != nil {
			return fmt.Errorf("ndjson: %w", err)
		}
	}
	j.begun, j.dirty = false, true
	j.mu.Lock()
	defer j.mu.Unlock()
	j.size += int64(len(buf))
	for _, w := range all {
		for _, r := range w.records {
			j.index.apply(w.kind, r)
		}
	}
	return nil
}

// prepare sees to it that the newest file may be appended to.
func (j *Journal) prepare() error {
	if j.begun || j.size > j.full {
		err := j.rotate()
		switch {
		case err != nil && j.begun:
			return err
		case err != nil: // a file that is too long is none the worse for it
			j.opt.Failed(fmt.Errorf("ndjson: %w", err))
			j.full = j.size + j.opt.MaxBytes/8
		}
	}
	if j.moved {
		if err := syncDir(j.path); err != nil {
			return err
		}
		j.moved = false
	}
	return nil
}

// flush is the fsync of Interval.
func (j *Journal) flush() {
	if j.opt.Interval == 0 || !j.dirty {
		return
	}
	if err := j.opt.disk.sync(j.file); err != nil {
		j.begun = true
		j.opt.Failed(fmt.Errorf("ndjson: %w", err))
		return
	}
	j.dirty = false
}
