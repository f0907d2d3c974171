package bench

// source hands out the encoded requests of one connection: new ones without end, or some over and over.
type source struct {
	maker   *maker
	dialect Dialect
	repeat  [][]byte // encoded once; nil = every request is new
	next    uint64   // id of the next request
	ready   []byte   // requests encoded beforehand, with the ids that follow next
	ends    []int    // where each of ready ends
	taken   int      // of ready, by number
	out     []byte   // what batch encodes
}

func newSource(l *Load, d Dialect) *source {
	s := &source{dialect: d}
	if l.Repeat == 0 {
		s.maker = newMaker(l.Scenario, l.Market, l.Seed, l.Deck)
		return s
	}
	shared := newMaker(l.Scenario, l.Market, l.Seed, &Deck{}) // the same requests on every connection
	for range l.Repeat {
		s.repeat = append(s.repeat, d.AppendRequest(nil, 0, shared.next()))
	}
	return s
}

// prepare encodes the next n requests, so that handing them out costs nothing.
func (s *source) prepare(n int) {
	if s.repeat != nil {
		return
	}
	for id := range uint64(n) {
		s.ready = s.dialect.AppendRequest(s.ready, s.next+id, s.maker.next())
		s.ends = append(s.ends, len(s.ready))
	}
}

// batch returns the next n requests. They are valid until the next call.
func (s *source) batch(n int) []byte {
	if s.taken+n <= len(s.ends) {
		return s.take(n)
	}
	s.out = s.out[:0]
	for range n {
		s.out, _ = s.append(s.out)
	}
	return s.out
}

// take returns the next n of those that are ready.
func (s *source) take(n int) []byte {
	start := 0
	if s.taken > 0 {
		start = s.ends[s.taken-1]
	}
	s.taken += n
	s.next += uint64(n)
	return s.ready[start:s.ends[s.taken-1]]
}

// append appends the next request and returns its id.
func (s *source) append(dst []byte) ([]byte, uint64) {
	if s.taken < len(s.ends) {
		dst = append(dst, s.take(1)...)
		return dst, s.next - 1
	}
	id := s.next
	s.next++
	if s.repeat == nil {
		return s.dialect.AppendRequest(dst, id, s.maker.next()), id
	}
	request := s.repeat[id%uint64(len(s.repeat))]
	s.dialect.SetID(request, id)
	return append(dst, request...), id
}
