package engine

import (
	"math"
	"slices"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// run is some reports that lie one behind the other in the series of a subject.
type run struct {
	s        *series
	number   uint32 // of the subject
	from, to int32  // in s.reports
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
	return run{s: s, number: number, to: int32(len(s.reports))}
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
	}
}

// between returns which reports have from <= date <= to.
func (s *series) between(from, to int64) (first, end int32) {
	end = int32(len(s.reports))
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
	reports := c.s.reports
	for i := max(c.from, 1); i < c.to; i++ {
		if reports[i].date == reports[i-1].date && c.s.superseded(int(i), f) {
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
func (v *view) fillRuns(runs []run, rows int, r *protocol.Result) {
	r.With |= protocol.WithReports
	out := grow(r, rows*len(v.columns))
	if r.Lean {
		v.shortHeads(r.ShortHeads(rows, v.root.types, v.root.periods), runs)
	} else {
		r.Heads = slices.Grow(r.Heads, rows)
		for i := range runs {
			for _, rep := range runs[i].s.reports[runs[i].from:runs[i].to] {
				r.Heads = append(r.Heads, v.head(rep))
			}
		}
	}
	for i, at := 0, 0; i < len(runs); i++ {
		runs[i].columns(out[at:], rows, v.columns)
		at += int(runs[i].to - runs[i].from)
	}
}

func (v *view) shortHeads(heads []protocol.ShortHead, runs []run) {
	for i := range runs {
		c := &runs[i]
		for j, rep := range c.s.reports[c.from:c.to] {
			heads[j] = protocol.ShortHead{ReportDate: rep.date, DeclareDate: rep.declare, Type: rep.typ(), Period: rep.period(),
				Year: rep.year()}
		}
		heads = heads[c.to-c.from:]
	}
}

// columns copies columns of c's reports to the beginnings of the columns in out, which are rows apart.
//
// Four at a time, so that a report is read once for all of them.
func (c *run) columns(out []float64, rows int, columns []int) {
	shape, width, n := c.s.shape, c.s.shape.width(), int(c.to-c.from)
	values := c.s.values[int(c.from)*width : int(c.to)*width]
	for len(columns) >= 4 {
		p := [4]int{shape.place(columns[0]), shape.place(columns[1]), shape.place(columns[2]), shape.place(columns[3])}
		if p[0]|p[1]|p[2]|p[3] < 0 {
			break
		}
		copyFour(out[:n], out[rows:rows+n], out[2*rows:2*rows+n], out[3*rows:3*rows+n], values, width, &p)
		if columns = columns[4:]; len(columns) > 0 {
			out = out[4*rows:]
		}
	}
	for i, column := range columns {
		copyOne(out[i*rows:i*rows+n], values, width, shape.place(column))
	}
}

// copyFour fills four columns from the places p of rows of so many values.
func copyFour(a, b, c, d, values []float64, width int, p *[4]int) {
	b, c, d = b[:len(a)], c[:len(a)], d[:len(a)]
	p0, p1, p2, p3 := p[0], p[1], p[2], p[3]
	for i := range a {
		row := values[:width]
		a[i], b[i], c[i], d[i] = row[p0], row[p1], row[p2], row[p3]
		values = values[width:]
	}
}

// copyOne fills a column from a place of rows of so many values; a place below zero is Missing.
func copyOne(a, values []float64, width, place int) {
	if place < 0 {
		for i := range a {
			a[i] = protocol.Missing
		}
		return
	}
	for i := range a {
		a[i] = values[place]
		values = values[width:]
	}
}
