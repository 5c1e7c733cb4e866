// Package proc reads what a process and its children have used: CPU time by
// their own clocks, and memory as their proportional share of it.
//
//	tree, err := proc.Tree(pid)
//	before, err := proc.CPU(tree)
//	...
//	kib, err := proc.PSS(tree)
//
// It samples nothing in the background, and memory that the kernel holds for a
// process (socket buffers, pipes) is not in its figures. Linux only.
package proc

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// tick is the unit of times in /proc/PID/stat, on every Linux there is.
const tick = time.Second / 100

// stat is what is of use here in /proc/PID/stat.
type stat struct {
	parent int
	cpu    time.Duration // user and system time of the process, threads included
}

// parseStat reads a line of /proc/PID/stat. The name in it may hold anything,
// spaces and brackets too, so fields count from the last bracket.
func parseStat(line []byte) (stat, error) {
	_, rest, ok := bytes.Cut(line[max(0, bytes.LastIndexByte(line, ')')):], []byte(")"))
	fields := strings.Fields(string(rest))
	if !ok || len(fields) < 13 {
		return stat{}, fmt.Errorf("proc: %q is no line of stat", line)
	}
	var s stat
	var user, system int64
	for i, into := range map[int]*int64{11: &user, 12: &system} {
		n, err := strconv.ParseInt(fields[i], 10, 64)
		if err != nil {
			return stat{}, fmt.Errorf("proc: stat: %w", err)
		}
		*into = n
	}
	parent, err := strconv.Atoi(fields[1])
	s.parent, s.cpu = parent, time.Duration(user+system)*tick
	return s, err
}

// Tree returns a process and all that descend from it, as they are now.
func Tree(root int) ([]int, error) {
	paths, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	children := map[int][]int{}
	for _, path := range paths {
		line, err := os.ReadFile(path)
		if err != nil {
			continue // it ended meanwhile
		}
		s, err := parseStat(line)
		if err != nil {
			return nil, err
		}
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		children[s.parent] = append(children[s.parent], pid)
	}
	tree := []int{root}
	for i := 0; i < len(tree); i++ {
		tree = append(tree, children[tree[i]]...)
	}
	return tree, nil
}

// CPU returns the CPU time that the processes have used since they began,
// every thread included, from their own CPU clocks (nanoseconds); where the
// kernel refuses those, from /proc/PID/stat (ticks of 10 ms).
func CPU(pids []int) (sum time.Duration, err error) {
	for _, pid := range pids {
		used, err := cpu(pid)
		if err != nil {
			return 0, err
		}
		sum += used
	}
	return sum, nil
}

func cpu(pid int) (time.Duration, error) {
	var ts unix.Timespec
	// The clock of another process: its number inverted, and 2 for what the
	// scheduler counted (clock_getcpuclockid(3)).
	if unix.ClockGettime(int32(^pid<<3|2), &ts) == nil {
		return time.Duration(ts.Nano()), nil
	}
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("proc: %w", err)
	}
	s, err := parseStat(line)
	return s.cpu, err
}

// PSS returns the proportional set size of the processes together, in KiB.
func PSS(pids []int) (kib int64, err error) {
	for _, pid := range pids {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
		if err != nil {
			return 0, fmt.Errorf("proc: %w", err)
		}
		n, err := parsePSS(text)
		if err != nil {
			return 0, err
		}
		kib += n
	}
	return kib, nil
}

// parsePSS finds the line "Pss: N kB" in a smaps_rollup.
func parsePSS(text []byte) (kib int64, err error) {
	for line := range bytes.Lines(text) {
		if rest, ok := bytes.CutPrefix(line, []byte("Pss:")); ok {
			fields := strings.Fields(string(rest))
			if len(fields) != 2 || fields[1] != "kB" {
				break
			}
			return strconv.ParseInt(fields[0], 10, 64)
		}
	}
	return 0, errors.New("proc: no Pss line in smaps_rollup")
}
