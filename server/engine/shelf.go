package engine

import "slices"

// shelf is where a query keeps the series that it has from blocks, until it ends. Reports and values of all of them lie
// one behind the other in memory that the next query uses again.
type shelf struct {
	key     blockKey
	block   []byte
	reports []report
	values  []float64
	lent    []*series // the first used are of this query
	used    int
}

// maxShelf bounds the memory of a shelf that outlives its query, in bytes.
const maxShelf = 4 << 20

// lend returns a series of so many reports, to be filled.
func (sh *shelf) lend(reports int, shape *shape) *series {
	width := shape.width()
	if sh.used == len(sh.lent) {
		sh.lent = append(sh.lent, new(series))
	}
	s := sh.lent[sh.used]
	sh.used++
	from := len(sh.reports)
	sh.reports = slices.Grow(sh.reports, reports)[:from+reports]
	s.reports = sh.reports[from:len(sh.reports):len(sh.reports)]
	from = len(sh.values)
	sh.values = slices.Grow(sh.values, reports*width)[:from+reports*width]
	s.values = sh.values[from:len(sh.values):len(sh.values)]
	s.shape = shape
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
		s.reports[to] = s.reports[f.row]
		copy(s.row(to), s.row(f.row))
		f.row = to
	}
	sh.cut(s, len(refs))
}

// settleRuns is settle of runs, in rising order.
func (sh *shelf) settleRuns(s *series, runs []run) {
	if !sh.lends(s) {
		return
	}
	width, to := s.shape.width(), 0
	for i := range runs {
		from, end := int(runs[i].from), int(runs[i].to)
		runs[i].from = int32(to)
		copy(s.values[to*width:], s.values[from*width:end*width])
		to += copy(s.reports[to:], s.reports[from:end])
		runs[i].to = int32(to)
	}
	sh.cut(s, to)
}

// cut keeps the first reports of a series that was lent last.
func (sh *shelf) cut(s *series, reports int) {
	values := reports * s.shape.width()
	sh.reports = sh.reports[:len(sh.reports)-len(s.reports)+reports]
	sh.values = sh.values[:len(sh.values)-len(s.values)+values]
	s.reports, s.values = s.reports[:reports], s.values[:values]
	if reports == 0 {
		sh.used--
	}
}

// release takes a series back if it was lent last.
func (sh *shelf) release(s *series) { sh.settle(s, nil) }

// reset takes everything back.
func (sh *shelf) reset() {
	for _, s := range sh.lent[:sh.used] {
		*s = series{} // it may have the memory from before the shelf grew
	}
	sh.used = 0
	sh.reports, sh.values = sh.reports[:0], sh.values[:0]
}

// trim is reset, and lets go of what one large query has made large.
func (sh *shelf) trim() {
	sh.reset()
	if cap(sh.block)+cap(sh.reports)*reportBytes+cap(sh.values)*8+cap(sh.lent)*seriesBytes > maxShelf {
		*sh = shelf{}
	}
}
