package rounds

import (
	"context"
	"fmt"
	"time"

	"github.com/syncward/syncward/bench/internal/load"
	"github.com/syncward/syncward/bench/internal/proc"
	"github.com/syncward/syncward/bench/internal/report"
)

// session takes the figures of one started target.
type session struct {
	plan         Plan
	pid          int // 0: there is no process in between, and nothing of it is measured
	client, sink load.Client
	sample       map[report.Measure]float64
}

// cpu returns the CPU time that the target used while work ran.
func (s *session) cpu(work func() error) (time.Duration, error) {
	if s.pid == 0 {
		return 0, work()
	}
	tree, err := proc.Tree(s.pid)
	if err != nil {
		return 0, err
	}
	before, err := proc.CPU(tree)
	if err != nil {
		return 0, err
	}
	if err := work(); err != nil {
		return 0, err
	}
	after, err := proc.CPU(tree)
	return after - before, err
}

// per notes CPU time for each of n units, in µs.
func (s *session) per(m report.Measure, used time.Duration, n int64) error {
	if n == 0 {
		return fmt.Errorf("bench: %s: nothing was done", m)
	}
	if s.pid != 0 {
		s.sample[m] = float64(used.Nanoseconds()) / 1000 / float64(n)
	}
	return nil
}

// idle compares the memory of the target before and after connections were
// opened that then do nothing.
func (s *session) idle(ctx context.Context) error {
	if s.pid == 0 {
		return nil
	}
	tree, err := proc.Tree(s.pid)
	if err != nil {
		return err
	}
	before, err := proc.PSS(tree)
	if err != nil {
		return err
	}
	release, err := s.client.Hold(ctx, s.plan.Idle)
	if err != nil {
		return err
	}
	defer release()
	time.Sleep(s.plan.Settled)
	after, err := proc.PSS(tree)
	s.sample[report.Idle] = float64(after-before) / float64(s.plan.Idle)
	return err
}

// loops keeps one message under way on each of 64 connections.
func (s *session) loops(ctx context.Context) error {
	conns, err := s.client.OpenMany(ctx, 64)
	if err != nil {
		return err
	}
	defer conns.Close()
	if _, err := load.Closed(ctx, conns, load.Message(128), s.plan.Warm); err != nil {
		return err
	}
	if err := s.loop(ctx, conns, report.Small, 128); err != nil {
		return err
	}
	return s.loop(ctx, conns, report.Medium, 4096)
}

// loop measures round trips of messages of that many bytes.
func (s *session) loop(ctx context.Context, conns load.Conns, m report.Measure, size int) error {
	var trips int64
	used, err := s.cpu(func() (err error) {
		trips, err = load.Closed(ctx, conns, load.Message(size), s.plan.Loop)
		return err
	})
	if err != nil {
		return err
	}
	return s.per(m, used, trips)
}

// sparse sends 1 000 messages a second on 4 connections.
func (s *session) sparse(ctx context.Context) error {
	conns, err := s.client.OpenMany(ctx, 4)
	if err != nil {
		return err
	}
	defer conns.Close()
	var times []time.Duration
	used, err := s.cpu(func() (err error) {
		times, err = load.Paced(ctx, conns, load.Message(128), time.Millisecond, s.plan.Sparse)
		return err
	})
	if err != nil {
		return err
	}
	s.sample[report.P50] = float64(report.Percentile(times, 0.50).Nanoseconds()) / 1000
	s.sample[report.P99] = float64(report.Percentile(times, 0.99).Nanoseconds()) / 1000
	return s.per(report.Sparse, used, int64(len(times)))
}

// setup opens connections, each with one round trip, and ends them.
func (s *session) setup(ctx context.Context) error {
	if s.pid == 0 {
		return nil
	}
	var opened int64
	used, err := s.cpu(func() (err error) {
		opened, err = s.client.Churn(ctx, s.plan.Churn)
		time.Sleep(100 * time.Millisecond) // what a target still does behind the last close counts
		return err
	})
	if err != nil {
		return err
	}
	return s.per(report.Setup, used, opened)
}

// bulk sends messages of 1 MiB on 2 connections.
func (s *session) bulk(ctx context.Context) error {
	conns, err := s.sink.OpenMany(ctx, 2)
	if err != nil {
		return err
	}
	defer conns.Close()
	var messages int64
	var took time.Duration
	used, err := s.cpu(func() (err error) {
		messages, took, err = load.Bulk(ctx, conns, load.Message(1<<20), s.plan.Bulk)
		return err
	})
	if err != nil {
		return err
	}
	s.sample[report.Rate] = float64(messages) * (1 << 20) / 1e6 / took.Seconds()
	return s.per(report.PerMiB, used, messages)
}
