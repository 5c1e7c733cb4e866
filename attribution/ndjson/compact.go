package ndjson

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
)

// compactor rewrites archives, one after the other, whenever there is a new one.
func (j *Journal) compactor(ctx context.Context) {
	done := map[string]bool{}
	for {
		select {
		case <-ctx.Done():
			return
		case <-j.rework:
		}
		j.mu.RLock()
		todo := slices.Clone(j.archives)
		j.mu.RUnlock()
		for _, name := range todo {
			if done[name] {
				continue
			}
			if err := compact(ctx, name); err == nil {
				done[name] = true
			} else if ctx.Err() == nil {
				j.opt.Failed(fmt.Errorf("ndjson: %s is not compacted: %w", name, err))
			}
		}
	}
}

// compact leaves an archive what is confirmed or given up in it. It is renamed into
// place when it is on the disk, so a kill leaves the one or the other.
func compact(ctx context.Context, name string) error {
	in, err := os.Open(name)
	if err != nil {
		return err
	}
	defer in.Close()
	first := make([]byte, len(headerLine(true, 0)))
	if n, _ := in.ReadAt(first, 0); bytes.Equal(first[:n], headerLine(true, 0)) {
		return nil
	}
	out, err := os.OpenFile(name+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	to := bufio.NewWriter(out)
	_, _ = to.Write(headerLine(true, 0)) // Flush repeats its error
	_, _, err = scan(in, -1, func(n int, b []byte) error {
		if l, _, err := parse(b); err == nil && (l.Kind == confirm || l.Kind == giveUp) {
			_, _ = to.Write(b)
		}
		return ctx.Err()
	})
	if err = errors.Join(err, to.Flush()); err == nil {
		err = out.Sync()
	}
	if err = errors.Join(err, out.Close()); err == nil {
		err = os.Rename(out.Name(), name)
	}
	if err != nil {
		_ = os.Remove(out.Name())
		return err
	}
	return syncDir(name)
}
