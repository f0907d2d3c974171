package engine

import (
	"slices"

	"github.com/kamaitachi/kamaitachi/protocol"
)

func (e *Engine) answerGet(rt *root, sc *scratch, q *protocol.Get, r *protocol.Result) error {
	v, err := e.fullView(rt, q.Table, sc, r)
	if err != nil {
		return err
	}
	n, ok := rt.find(q.Subject)
	var s *series
	if ok {
		if s, err = v.seriesOf(n, sc); err != nil {
			return err
		}
	}
	if s == nil {
		return protocol.Errorf(protocol.CodeNotFound, "subject %q has no rows in table %q", q.Subject,
			rt.catalog.tables[v.slot].Name)
	}
	sc.refs = s.rows(sc.refs[:0], lowest, highest, n)
	if err := e.checkSize(len(sc.refs), len(v.columns)); err != nil {
		return err
	}
	r.Groups = append(r.Groups, int32(len(sc.refs)))
	r.Stamps = append(r.Stamps, s.stamp)
	v.fillRefs(sc.refs, r)
	return nil
}

func (e *Engine) answerSearch(rt *root, sc *scratch, q *protocol.Search, r *protocol.Result) error {
	v, err := e.fullView(rt, q.Table, sc, r)
	if err != nil {
		return err
	}
	from, to, err := bounds(q.Range)
	if err != nil {
		return err
	}
	limit, err := checkPage(q.Offset, q.Limit, protocol.DefaultSearchLimit, protocol.MaxLimit)
	if err != nil {
		return err
	}
	sc.refs = sc.refs[:0]
	for _, n := range sc.inKeyOrder(rt, q.Subjects) {
		sum := v.table.summaryOf(n)
		if sum.reports == 0 || sum.head.date < from {
			continue
		}
		shown := r.Total >= q.Offset && r.Total-q.Offset < limit
		if !shown && sum.head.date <= to {
			r.Total++ // its newest report is within the range: nothing more needs to be known
			continue
		}
		s, err := v.seriesOf(n, sc)
		if err != nil {
			return err
		}
		before := len(sc.refs)
		if s.newestWithin(&filter{}, from, to) >= 0 {
			r.Total++
			if shown {
				sc.refs = s.rows(sc.refs, from, to, n)
			}
		}
		stamp := s.stamp
		sc.shelf.settle(s, sc.refs[before:])
		if len(sc.refs) == before {
			continue
		}
		if err := e.checkSize(len(sc.refs), len(v.columns)); err != nil {
			return err
		}
		r.Groups = append(r.Groups, int32(len(sc.refs)))
		r.Stamps = append(r.Stamps, stamp)
	}
	v.fillRefs(sc.refs, r)
	return nil
}

// fullView is the view of all columns of a table.
func (e *Engine) fullView(rt *root, table string, sc *scratch, r *protocol.Result) (view, error) {
	v := view{root: rt}
	slot, err := rt.catalog.slot(table)
	if err != nil {
		return v, err
	}
	v.slot, v.table = slot, rt.tables[slot]
	r.Applied, r.With = rt.applied, protocol.WithIDs
	sc.columns = sc.columns[:0]
	for col, ind := range rt.catalog.tables[slot].Indicators {
		r.IDs = append(r.IDs, ind.ID)
		sc.columns = append(sc.columns, col)
	}
	v.columns = sc.columns
	return v, nil
}

// inKeyOrder returns the subjects of keys that exist, or all for no keys, in key order.
func (sc *scratch) inKeyOrder(rt *root, keys []string) members {
	if len(keys) == 0 {
		return rt.all
	}
	sc.lookup(rt, keys)
	slices.SortFunc(sc.numbers, func(a, b uint32) int { return compareKeys(rt, a, b) })
	return sc.numbers
}

// rows appends, oldest first, the newest declaration of each report date within from and to.
func (s *series) rows(refs []ref, from, to int64, number uint32) []ref {
	start := len(refs)
	for i := s.firstUpTo(to); i < int(s.count) && s.date(i) >= from; i++ {
		if len(refs) == start || s.date(i) != s.date(refs[len(refs)-1].row) {
			refs = append(refs, ref{s: s, row: i, number: number})
		}
	}
	slices.Reverse(refs[start:])
	return refs
}
