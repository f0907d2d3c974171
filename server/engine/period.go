package engine

import (
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
	return e.groups(v, numbers, sc, r, func(s *series, refs []ref, number uint32) []ref {
		return s.within(refs, &v.filter, from, to, number)
	})
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
	if len(days) == 0 {
		limit, err := checkPage(0, limit, protocol.DefaultRecentLimit, protocol.MaxRecentLimit)
		if err != nil {
			return err
		}
		return e.groups(v, numbers, sc, r, func(s *series, refs []ref, number uint32) []ref {
			return s.recent(refs, &v.filter, limit, number)
		})
	}
	return e.groups(v, numbers, sc, r, func(s *series, refs []ref, number uint32) []ref {
		return s.ofDays(refs, &v.filter, days, number)
	})
}

// lookup resolves the subjects of a series query; at least one is required.
func (v *view) lookup(subjects []string, sc *scratch) error {
	if len(subjects) == 0 {
		return protocol.Errorf(protocol.CodeBadRequest, "subjects: at least one is required")
	}
	sc.lookup(v.root, subjects)
	return nil
}

// groups collects the reports that pick appends of each subject, and fills r with a group for each subject that has any.
func (e *Engine) groups(v *view, numbers []uint32, sc *scratch, r *protocol.Result,
	pick func(s *series, refs []ref, number uint32) []ref) error {
	sc.refs = sc.refs[:0]
	for _, n := range numbers {
		s, err := v.seriesOf(n, sc)
		if err != nil {
			return err
		}
		if s == nil {
			continue
		}
		before := len(sc.refs)
		sc.refs = pick(s, sc.refs, n)
		sc.shelf.settle(s, sc.refs[before:])
		if len(sc.refs) == before {
			continue
		}
		if err := e.checkSize(len(sc.refs), len(v.columns)); err != nil {
			return err
		}
		r.Groups = append(r.Groups, int32(len(sc.refs)))
	}
	v.fillRefs(sc.refs, r)
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
			r.Heads[to] = v.head(s.reports[refs[to].row])
		}
		for c, column := range v.columns {
			s.column(out[c*rows+from:c*rows+to], column, refs[from:to])
		}
	}
}

// column fills in a column of some reports of s.
func (s *series) column(dst []float64, column int, refs []ref) {
	place, width := s.shape.place(column), s.shape.width()
	for i := range dst {
		dst[i] = protocol.Missing
		if place >= 0 {
			dst[i] = s.values[refs[i].row*width+place]
		}
	}
}

// within appends the visible reports with from <= date <= to.
func (s *series) within(refs []ref, f *filter, from, to int64, number uint32) []ref {
	for i := s.next(s.firstUpTo(to), f); i < len(s.reports) && s.reports[i].date >= from; i = s.next(i+1, f) {
		refs = append(refs, ref{s: s, row: i, number: number})
	}
	return refs
}

// recent appends the first limit visible reports.
func (s *series) recent(refs []ref, f *filter, limit int, number uint32) []ref {
	for i := s.next(0, f); i < len(s.reports) && limit > 0; i = s.next(i+1, f) {
		refs = append(refs, ref{s: s, row: i, number: number})
		limit--
	}
	return refs
}

// ofDays appends the visible reports of some UTC days, which are sorted descending.
func (s *series) ofDays(refs []ref, f *filter, days []int64, number uint32) []ref {
	for _, day := range days {
		refs = s.within(refs, f, day, day+protocol.SecondsPerDay-1, number)
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
