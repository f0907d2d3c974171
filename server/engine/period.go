package engine

import (
	"math"
	"slices"

	"github.com/kamaitachi/kamaitachi/protocol"
)

func (e *Engine) answerPeriod(rt *root, sc *scratch, q *protocol.Period, r *protocol.Result) error {
	v, err := e.resolve(rt, &q.View, sc, r)
	if err != nil {
		return err
	}
	if err := v.lookup(q.Subjects, sc); err != nil {
		return err
	}
	return e.period(&v, q, sc.numbers, sc, r)
}

// period answers a resolved Period.
func (e *Engine) period(v *view, q *protocol.Period, numbers []uint32, sc *scratch, r *protocol.Result) error {
	from, to, err := bounds(q.Range)
	if err != nil {
		return err
	}
	v.filter.all = q.With&protocol.WithSuperseded != 0
	want := anything
	want.from, want.to = from, to
	return e.groups(v, numbers, &want, sc, r)
}

func (e *Engine) answerRecent(rt *root, sc *scratch, q *protocol.Recent, r *protocol.Result) error {
	v, err := e.resolve(rt, &q.View, sc, r)
	if err != nil {
		return err
	}
	if err := v.lookup(q.Subjects, sc); err != nil {
		return err
	}
	days, err := periodDays(q.Periods)
	if err != nil {
		return err
	}
	return e.recent(&v, q.Limit, days, sc.numbers, sc, r)
}

// recent answers a resolved Recent: the reports of some days, or up to a limit where there are none (semantics 18).
func (e *Engine) recent(v *view, limit int, days []int64, numbers []uint32, sc *scratch, r *protocol.Result) error {
	want := anything
	if want.days = days; len(days) == 0 {
		var err error
		if want.limit, err = checkPage(0, limit, protocol.DefaultRecentLimit, protocol.MaxRecentLimit); err != nil {
			return err
		}
	}
	return e.groups(v, numbers, &want, sc, r)
}

// lookup resolves the subjects of a series query; at least one is required.
func (v *view) lookup(subjects []string, sc *scratch) error {
	if len(subjects) == 0 {
		return protocol.Errorf(protocol.CodeBadRequest, "subjects: at least one is required")
	}
	sc.lookup(v.root, subjects)
	return nil
}

// groups collects the reports that are wanted of each subject, and fills r with a group for each subject that has any.
func (e *Engine) groups(v *view, numbers []uint32, want *wanted, sc *scratch, r *protocol.Result) error {
	clear(sc.runs)
	sc.runs = sc.runs[:0]
	rows := 0
	for len(numbers) > 0 {
		n, err := v.near(numbers, sc)
		if err != nil {
			return err
		}
		numbers = numbers[n:]
		want.span(sc.near)
		for _, c := range sc.near {
			before := len(sc.runs)
			sc.runs = want.pick(sc.runs, c, &v.filter)
			sc.shelf.settleRuns(c.s, sc.runs[before:])
			n := rowsOf(sc.runs[before:])
			if n == 0 {
				continue
			}
			rows += n
			if err := e.checkSize(rows, len(v.columns)); err != nil {
				return err
			}
			subject := v.root.named(c.number)
			r.AppendGroup(subject.Subject, subject.short, n)
		}
	}
	v.fillRuns(sc.runs, rows, r)
	return nil
}

// fillRefs fills subjects, heads and values from refs.
func (v *view) fillRefs(refs []ref, r *protocol.Result) {
	r.With |= protocol.WithReports
	rows := len(refs)
	out := grow(r, rows*len(v.columns))
	r.Heads = slices.Grow(r.Heads, rows)[:rows]
	for from, to := 0, 0; from < rows; from = to {
		s, subject := refs[from].s, v.root.named(refs[from].number)
		for to = from; to < rows && refs[to].s == s; to++ {
			r.AppendRow(subject.Subject, subject.short)
			r.Heads[to] = v.head(s.report(refs[to].row))
		}
		for c, column := range v.columns {
			s.column(out[c*rows+from:c*rows+to], column, refs[from:to])
		}
	}
}

// column fills in a column of some reports of s.
func (s *series) column(dst []float64, column int, refs []ref) {
	place := s.shape.place(column)
	for i := range dst {
		dst[i] = protocol.Missing
		if place >= 0 {
			dst[i] = math.Float64frombits(s.row(refs[i].row)[place])
		}
	}
}

// within appends the visible reports with from <= date <= to.
func (s *series) within(refs []ref, f *filter, from, to int64, number uint32) []ref {
	for i := s.next(s.firstUpTo(to), f); i < int(s.count) && s.date(i) >= from; i = s.next(i+1, f) {
		refs = append(refs, ref{s: s, row: i, number: number})
	}
	return refs
}

// periodDays returns the distinct UTC days of some times, newest first.
func periodDays(periods []int64) ([]int64, error) {
	if len(periods) == 0 {
		return nil, nil
	}
	days := make([]int64, len(periods))
	for i, p := range periods {
		if err := checkInstant("periods", protocol.At(p)); err != nil {
			return nil, err
		}
		days[i] = protocol.DayStart(p)
	}
	slices.SortFunc(days, func(a, b int64) int {
		if a > b {
			return -1
		}
		if a < b {
			return 1
		}
		return 0
	})
	return slices.Compact(days), nil
}

// checkSize refuses an answer over the limit before its memory is taken.
func (e *Engine) checkSize(rows, columns int) error {
	if rows > protocol.MaxResultRows || rows*columns > e.maxValues {
		return protocol.Errorf(protocol.CodeTooLarge, "the answer has %d rows of %d indicators, at most %d rows and %d "+
			"values are allowed; ask for fewer subjects or a shorter range", rows, columns, protocol.MaxResultRows, e.maxValues)
	}
	return nil
}
