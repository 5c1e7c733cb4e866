package proxy

import (
	"time"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/proxy/engine"
)

// What follows calls the hooks that are set; see Hooks.

func (s *Server) stage(st Stage, d time.Duration) {
	if s.cfg.Hooks.Stage != nil {
		s.cfg.Hooks.Stage(st, d)
	}
}

func (s *Server) state(st State, delta int) {
	if s.cfg.Hooks.State != nil {
		s.cfg.Hooks.State(st, delta)
	}
}

func (s *Server) fault(connectionID, what string, err error) {
	if s.cfg.Hooks.Fault != nil {
		s.cfg.Hooks.Fault(connectionID, what, err)
	}
}

func (s *Server) ended(by engine.By, code int, lived time.Duration) {
	if s.cfg.Hooks.Closed != nil {
		s.cfg.Hooks.Closed(by, code, lived)
	}
}

func (s *Server) refreshed(how RefreshHow, result RefreshResult) {
	if s.cfg.Hooks.Refresh != nil {
		s.cfg.Hooks.Refresh(how, result)
	}
}

func (s *Server) dialled(r DialResult) {
	if s.cfg.Hooks.Dial != nil {
		s.cfg.Hooks.Dial(r)
	}
}

func (s *Server) attempt(a Attempt) {
	if s.cfg.Hooks.Auth != nil {
		s.cfg.Hooks.Auth(a)
	}
}

func (s *Server) observed(code authz.Code) {
	if s.cfg.Hooks.Observed != nil {
		s.cfg.Hooks.Observed(code)
	}
}

func (s *Server) relayed(d engine.Direction, bytes, frames int64) {
	if s.cfg.Hooks.Relayed != nil {
		s.cfg.Hooks.Relayed(d, bytes, frames)
	}
}

func (s *Server) attributed(events int) {
	if s.cfg.Hooks.Attributed != nil {
		s.cfg.Hooks.Attributed(events)
	}
}
