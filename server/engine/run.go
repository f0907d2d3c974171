package engine

import (
	"math"
	"slices"
	"sync/atomic"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// run is some reports that lie one behind the other in the series of a subject.
type run struct {
	s        *series
	number   uint32 // of the subject
	from, to int32  // reports of s
}

// wanted is which of the reports that a query sees it answers, of each subject.
type wanted struct {
	from, to int64 // report dates
	limit    int
	days     []int64 // only of these UTC days, newest first; nil = all
}

// anything is to be narrowed.
var anything = wanted{from: lowest, to: highest, limit: math.MaxInt}

// maxNear is of how many subjects the series are looked for before any is read.
const maxNear = 32

// near fills sc.near with the series of the first numbers, and returns of how many. One that is lent comes alone, so that
// the shelf holds no more than one whole series.
//
// What it does for several subjects, and span after it, waits for memory that is far away, but not for what the same does
// for the subject before, so that the processor goes for several at once.
func (v *view) near(numbers []uint32, sc *scratch) (int, error) {
	clear(sc.near)
	sc.near = sc.near[:0]
	for i, n := range numbers[:min(len(numbers), maxNear)] {
		s, exists := v.onHeap(n)
		if !exists {
			continue
		}
		if s == nil {
			if len(sc.near) > 0 {
				return i, nil
			}
			var err error
			if s, err = sc.engine.borrow(v.root, v.slot, n, sc); err != nil {
				return 0, err
			}
			sc.near = append(sc.near, s.whole(n))
			return i + 1, nil
		}
		sc.near = append(sc.near, s.whole(n))
	}
	return min(len(numbers), maxNear), nil
}

// whole is all reports of a series.
func (s *series) whole(number uint32) run {
	return run{s: s, number: number, to: s.count}
}

// span narrows whole series to the dates that are wanted.
func (w *wanted) span(near []run) {
	from, to := noGuess, noGuess
	for i := range near {
		c := &near[i]
		if w.to != highest {
			to = c.s.firstNear(w.to, to)
			c.from = int32(to)
		}
		if w.from != lowest {
			from = c.s.firstNear(w.from-1, from)
			c.to = int32(from)
		}
		if i == 0 { // the others are like the first, mostly
			fetchRuns(near[1:], int(c.from)-1, int(c.to))
		}
	}
}

// maxFetched is how many reports of a series are fetched, so that what lies far apart does not fill the cache.
const maxFetched = 12

// fetchRuns reads the reports from from to end of series, where they have so many, and decides nothing: so the processor
// waits for the memory of all of them at once, and not for that of each when it is looked at. It took a period of 5 subjects
// from 2.5 to 2.35 us without the network (BenchmarkScenarios).
func fetchRuns(near []run, from, end int) {
	from = max(from, 0)
	end = min(end, from+maxFetched)
	for i := range near {
		s, stride := near[i].s, int(near[i].s.stride)
		for at := from * stride; at < len(s.words) && at <= end*stride; at += stride {
			atomic.LoadUint64(&s.words[at]) // a plain load that the compiler leaves in
		}
	}
}

// between returns which reports have from <= date <= to.
func (s *series) between(from, to int64) (first, end int32) {
	end = s.count
	if to != highest {
		first = int32(s.firstUpTo(to))
	}
	if from != lowest {
		end = int32(s.firstUpTo(from - 1))
	}
	return first, end
}

// pick appends the reports that are wanted of a span.
func (w *wanted) pick(runs []run, c run, f *filter) []run {
	if w.days == nil {
		return c.visible(runs, f, w.limit)
	}
	for _, day := range w.days {
		c.from, c.to = c.s.between(day, day+protocol.SecondsPerDay-1)
		runs = c.visible(runs, f, w.limit)
	}
	return runs
}

// visible appends the first limit reports of c that a query with f sees.
func (c run) visible(runs []run, f *filter, limit int) []run {
	if !f.plain() {
		return c.filtered(runs, f, limit)
	}
	end := c.to
	if int(c.to-c.from) > limit {
		c.to = c.from + int32(limit)
	}
	if f.all {
		return c.appendTo(runs)
	}
	for i := max(c.from, 1); i < c.to; i++ {
		if c.s.date(int(i)) == c.s.date(int(i-1)) && c.s.superseded(int(i), f) {
			runs = run{c.s, c.number, c.from, i}.appendTo(runs)
			c.from, c.to = i+1, min(c.to+1, end)
		}
	}
	return c.appendTo(runs)
}

func (c run) appendTo(runs []run) []run {
	if c.from < c.to {
		runs = append(runs, c)
	}
	return runs
}

// filtered is visible of a filter that not all reports pass.
func (c run) filtered(runs []run, f *filter, limit int) []run {
	start := len(runs)
	for i := c.s.next(int(c.from), f); i < int(c.to) && limit > 0; i = c.s.next(i+1, f) {
		if n := len(runs); n > start && int(runs[n-1].to) == i {
			runs[n-1].to++
		} else {
			runs = append(runs, run{c.s, c.number, int32(i), int32(i + 1)})
		}
		limit--
	}
	return runs
}

// rowsOf counts the rows of runs.
func rowsOf(runs []run) (rows int) {
	for i := range runs {
		rows += int(runs[i].to - runs[i].from)
	}
	return rows
}

// fillRuns fills heads and values from runs, of so many rows.
//
// Heads and values of a run lie together, so that both are copied while it is at hand.
func (v *view) fillRuns(runs []run, rows int, r *protocol.Result) {
	r.With |= protocol.WithReports
	out := grow(r, rows*len(v.columns))
	var short []protocol.ShortHead
	if r.Lean {
		short = r.ShortHeads(rows, v.root.types, v.root.periods)
	} else {
		r.Heads = slices.Grow(r.Heads, rows)
	}
	for i, at := 0, 0; i < len(runs); i++ {
		c := &runs[i]
		if r.Lean {
			c.shortHeads(short[at:])
		} else {
			for row := c.from; row < c.to; row++ {
				r.Heads = append(r.Heads, v.head(c.s.report(int(row))))
			}
		}
		c.columns(out[at:], rows, v.columns)
		at += int(c.to - c.from)
	}
}

// words returns those of the reports, and how many each has.
func (c *run) words() (words []uint64, stride int) {
	stride = int(c.s.stride)
	return c.s.words[int(c.from)*stride : int(c.to)*stride], stride
}

// shortHeads fills in the heads of the reports.
func (c *run) shortHeads(heads []protocol.ShortHead) {
	words, stride := c.words()
	for j := range heads[:c.to-c.from] {
		rep, h := unpack((*[headWords]uint64)(words)), &heads[j]
		words = words[stride:]
		// One by one: made on the stack and copied whole, the copy waits for the stores that it reads.
		h.ReportDate, h.DeclareDate = rep.date, rep.declare
		h.Texts[0], h.Texts[1], h.Year = rep.typ(), rep.period(), rep.year()
	}
}

// columns copies columns of c's reports to the beginnings of the columns in out, which are rows apart.
//
// Four at a time, so that a report is read once for all of them.
func (c *run) columns(out []float64, rows int, columns []int) {
	shape, n := c.s.shape, int(c.to-c.from)
	words, stride := c.words()
	for len(columns) >= 4 {
		p := [4]int{shape.place(columns[0]), shape.place(columns[1]), shape.place(columns[2]), shape.place(columns[3])}
		if p[0]|p[1]|p[2]|p[3] < 0 {
			break
		}
		copyFour(out[:n], out[rows:rows+n], out[2*rows:2*rows+n], out[3*rows:3*rows+n], words, stride, &p)
		if columns = columns[4:]; len(columns) > 0 {
			out = out[4*rows:]
		}
	}
	for i, column := range columns {
		copyOne(out[i*rows:i*rows+n], words, stride, shape.place(column))
	}
}

// copyFour fills four columns from the places p of reports of so many words.
func copyFour(a, b, c, d []float64, words []uint64, stride int, p *[4]int) {
	b, c, d = b[:len(a)], c[:len(a)], d[:len(a)]
	p0, p1, p2, p3 := headWords+p[0], headWords+p[1], headWords+p[2], headWords+p[3]
	for i := range a {
		row := words[:stride]
		a[i], b[i] = math.Float64frombits(row[p0]), math.Float64frombits(row[p1])
		c[i], d[i] = math.Float64frombits(row[p2]), math.Float64frombits(row[p3])
		words = words[stride:]
	}
}

// copyOne fills a column from a place of reports of so many words; a place below zero is Missing.
func copyOne(a []float64, words []uint64, stride, place int) {
	for i := range a {
		a[i] = protocol.Missing
		if place >= 0 {
			a[i] = math.Float64frombits(words[i*stride+headWords+place])
		}
	}
}
