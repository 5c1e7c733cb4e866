package ndjson

import "os"

// OnDisk gives a journal a disk that can fail.
func OnDisk(opt Options, write func(f *os.File, b []byte, at int64) (int, error), sync func(f *os.File) error) Options {
	opt.disk = disk{write, sync}
	return opt
}

// Waiting is how many callers wait for the writer.
func Waiting(j *Journal) int { return j.queue.Waiting() }

// Held is how many records of what is open are in memory.
func Held(j *Journal) int {
	j.mu.RLock()
	defer j.mu.RUnlock()
	n := 0
	for _, o := range j.index.open {
		n += len(o.records)
	}
	return n
}
