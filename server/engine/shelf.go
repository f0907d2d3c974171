package engine

import "slices"

// shelf is where a query keeps the series that it has from blocks, until it ends. The reports of all of them lie
// one behind the other in memory that the next query uses again.
type shelf struct {
	key   blockKey
	block []byte
	words []uint64
	lent  []*series // the first used are of this query
	used  int
}

// maxShelf bounds the memory of a shelf that outlives its query, in bytes.
const maxShelf = 4 << 20

// lend returns a series of so many reports, whose words are to be filled.
func (sh *shelf) lend(reports int, shape *shape) *series {
	if sh.used == len(sh.lent) {
		sh.lent = append(sh.lent, new(series))
	}
	s := sh.lent[sh.used]
	sh.used++
	s.shape, s.stride, s.count = shape, int32(headWords+shape.width()), int32(reports)
	from, size := len(sh.words), reports*int(s.stride)
	sh.words = slices.Grow(sh.words, size)[:from+size]
	s.words = sh.words[from:len(sh.words):len(sh.words)]
	return s
}

// lends tells whether a series was lent last; others lie on the heap, where they stay.
func (sh *shelf) lends(s *series) bool { return sh.used > 0 && sh.lent[sh.used-1] == s }

// settle keeps, of a series that was lent last, only the reports that refs name, in rising or falling order; these name
// the kept ones then. What the heap holds stays as it is. So a query holds no more than what it answers.
func (sh *shelf) settle(s *series, refs []ref) {
	if !sh.lends(s) {
		return
	}
	first, step := 0, 1
	if n := len(refs); n > 1 && refs[0].row > refs[n-1].row {
		first, step = n-1, -1
	}
	for to := range refs {
		f := &refs[first+to*step]
		s.move(to, f.row, f.row+1)
		f.row = to
	}
	sh.cut(s, len(refs))
}

// settleRuns is settle of runs, in rising order.
func (sh *shelf) settleRuns(s *series, runs []run) {
	if !sh.lends(s) {
		return
	}
	to := 0
	for i := range runs {
		from, end := int(runs[i].from), int(runs[i].to)
		s.move(to, from, end)
		runs[i].from = int32(to)
		to += end - from
		runs[i].to = int32(to)
	}
	sh.cut(s, to)
}

// cut keeps the first reports of a series that was lent last.
func (sh *shelf) cut(s *series, reports int) {
	size := reports * int(s.stride)
	sh.words = sh.words[:len(sh.words)-len(s.words)+size]
	s.words, s.count = s.words[:size], int32(reports)
	if reports == 0 {
		sh.used--
	}
}

// move copies the reports from from to end to the place of the one at to, and of those behind it.
func (s *series) move(to, from, end int) {
	stride := int(s.stride)
	copy(s.words[to*stride:], s.words[from*stride:end*stride])
}

// release takes a series back if it was lent last.
func (sh *shelf) release(s *series) { sh.settle(s, nil) }

// reset takes everything back.
func (sh *shelf) reset() {
	for _, s := range sh.lent[:sh.used] {
		*s = series{} // it may have the memory from before the shelf grew
	}
	sh.used = 0
	sh.words = sh.words[:0]
}

// trim is reset, and lets go of what one large query has made large.
func (sh *shelf) trim() {
	sh.reset()
	if cap(sh.block)+cap(sh.words)*8+cap(sh.lent)*seriesBytes > maxShelf {
		*sh = shelf{}
	}
}
