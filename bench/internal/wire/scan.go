package wire

// Scanner walks the frames of one direction of a connection, however the bytes
// are cut. The zero value stands before the first frame.
type Scanner struct {
	head   [14]byte
	have   int // bytes of head
	header Header
	at     int64 // payload bytes passed
	inside bool  // between a header and the end of its payload
}

// Feed walks b and calls piece for each run of payload bytes: with the frame's
// header, the offset of the run in its payload, and whether the frame ends
// with it. A frame with no payload is one call with an empty run. The first
// error, of a header that is none or of piece, ends the walk.
func (s *Scanner) Feed(b []byte, piece func(h Header, at int64, run []byte, end bool) error) error {
	for {
		if !s.inside {
			used, err := s.collect(b)
			if b = b[used:]; err != nil || !s.inside {
				return err
			}
		}
		run := b[:min(int64(len(b)), s.header.Length-s.at)]
		at := s.at
		s.at += int64(len(run))
		b = b[len(run):]
		end := s.at == s.header.Length
		if s.inside = !end; len(run) > 0 || end {
			if err := piece(s.header, at, run, end); err != nil {
				return err
			}
		}
		if len(b) == 0 {
			return nil
		}
	}
}

// collect gathers a header and returns how many bytes of b it took; s.inside
// says whether it is whole.
func (s *Scanner) collect(b []byte) (used int, err error) {
	for {
		want := headerLength(s.head[:s.have])
		if want == 0 {
			want = 2
		}
		n := copy(s.head[s.have:want], b[used:])
		used, s.have = used+n, s.have+n
		if s.have < want {
			return used, nil
		}
		if want == headerLength(s.head[:s.have]) {
			s.header, err = parseHeader(s.head[:want])
			s.have, s.at, s.inside = 0, 0, err == nil
			return used, err
		}
	}
}
