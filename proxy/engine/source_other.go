//go:build !unix

package engine

import "errors"

func (s *source) initRaw() {}

func (s *source) readRaw([]byte) ([]byte, error) { return nil, errors.ErrUnsupported }
