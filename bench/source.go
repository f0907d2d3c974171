package bench

// source hands out the encoded requests of one connection: new ones without end, or some over and over.
type source struct {
	maker   *maker
	dialect dialect
	repeat  [][]byte // encoded once; nil = every request is new
	next    uint64   // id of the next request
}

func newSource(l *Load, d dialect, stream int) *source {
	s := &source{dialect: d}
	if l.Repeat == 0 {
		s.maker = newMaker(l.Scenario, l.Market, l.Seed, uint64(stream)+1)
		return s
	}
	shared := newMaker(l.Scenario, l.Market, l.Seed, 0) // the same requests on every connection
	for range l.Repeat {
		s.repeat = append(s.repeat, d.appendRequest(nil, 0, shared.next()))
	}
	return s
}

// append appends the next request and returns its id.
func (s *source) append(dst []byte) ([]byte, uint64) {
	id := s.next
	s.next++
	if s.repeat == nil {
		return s.dialect.appendRequest(dst, id, s.maker.next()), id
	}
	request := s.repeat[id%uint64(len(s.repeat))]
	s.dialect.setID(request, id)
	return append(dst, request...), id
}
