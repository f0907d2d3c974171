package engine

import (
	"slices"
	"strings"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// dayRef is a candidate row of a selection's period answer.
type dayRef struct {
	ref
	day int64
	tie uint32
}

func (e *Engine) answerSelectSnapshot(rt *root, sc *scratch, q *protocol.SelectSnapshot, r *protocol.Result) error {
	v, err := e.resolve(rt, &q.View, sc, r)
	if err != nil {
		return err
	}
	return e.rankSelection(&v, &q.Selection, &q.Ranking, q.Timestamp, q.Range, sc, r)
}

// rankSelection answers a ranking of the subjects that a selection picks.
func (e *Engine) rankSelection(v *view, sel *protocol.Selection, rank *protocol.Ranking, timestamp protocol.Instant,
	span protocol.Range, sc *scratch, r *protocol.Result) error {
	if sel.Subject == "" && checkSelection(sel) == nil {
		w := selected(sel)
		return e.rankWhom(v, &w, rank, timestamp, span, sc, r)
	}
	numbers, err := sc.pick(v.root, sel)
	if err != nil {
		return err
	}
	return e.rankList(v, numbers, true, rank, timestamp, span, sc, r)
}

func (e *Engine) answerSelectPeriod(rt *root, sc *scratch, q *protocol.SelectPeriod, r *protocol.Result) error {
	v, err := e.resolve(rt, &q.View, sc, r)
	if err != nil {
		return err
	}
	return e.selectPeriod(&v, q, &q.Ranking, sc, r)
}

// selectPeriod answers a resolved SelectPeriod, ranked as rank says.
func (e *Engine) selectPeriod(v *view, q *protocol.SelectPeriod, rank *protocol.Ranking, sc *scratch, r *protocol.Result) error {
	p, err := pageOf(v, rank)
	if err != nil {
		return err
	}
	from, to, err := bounds(q.Range)
	if err != nil {
		return err
	}
	numbers, err := sc.pick(v.root, &q.Selection)
	if err != nil {
		return err
	}
	if err := v.dayRows(numbers, sc, from, to); err != nil {
		return err
	}
	sc.refs = sc.refs[:0]
	for rows := sc.dayRefs; len(rows) > 0; {
		n := sameDay(rows)
		sc.rankDay(v, &p, rows[:n])
		rows = rows[n:]
		if err := e.checkSize(len(sc.refs), len(v.columns)); err != nil {
			return err
		}
		if end := int32(len(sc.refs)); end > lastGroup(r) {
			r.Groups = append(r.Groups, end)
		}
	}
	v.fillRefs(sc.refs, r)
	return nil
}

func lastGroup(r *protocol.Result) int32 {
	if len(r.Groups) == 0 {
		return 0
	}
	return r.Groups[len(r.Groups)-1]
}

// selected is whom a selection without a subject picks.
func selected(sel *protocol.Selection) whom { return whom{sel.Topic, sel.Kind, sel.Keyword} }

// checkSelection refuses a selection that lacks what it must have.
func checkSelection(sel *protocol.Selection) error {
	if sel.Kind == "" {
		return protocol.Errorf(protocol.CodeBadRequest, "selection.id: a kind of tag is required")
	}
	if sel.Topic == "" {
		return protocol.Errorf(protocol.CodeBadRequest, "selection.topic: a topic is required")
	}
	return nil
}

// pick returns the subjects of a selection, in key order (semantics 19). They are the scratch's.
func (sc *scratch) pick(rt *root, sel *protocol.Selection) (members, error) {
	if err := checkSelection(sel); err != nil {
		return nil, err
	}
	w := selected(sel)
	if sel.Subject == "" {
		return sc.members(rt, &w)
	}
	if _, err := rt.topic(sel.Topic); err != nil {
		return nil, err
	}
	sc.numbers = sc.numbers[:0]
	if n, ok := rt.find(sel.Subject); ok && w.has(rt.subject(n)) {
		sc.numbers = append(sc.numbers, n)
	}
	return sc.numbers, nil
}

// members returns those whom a ranking is of, in key order. Those of a selection are the scratch's.
func (sc *scratch) members(rt *root, w *whom) (members, error) {
	topic, err := rt.topic(w.topic)
	if err != nil || w.kind == "" {
		return topic, err
	}
	sc.numbers = sc.numbers[:0]
	for _, n := range topic {
		if carries(rt.subject(n).Tags, w.kind, w.keyword) {
			sc.numbers = append(sc.numbers, n)
		}
	}
	return sc.numbers, nil
}

// carries tells whether one of tags is of the kind and contains the keyword.
func carries(tags []protocol.Tag, kind, keyword string) bool {
	for i := range tags {
		if tags[i].Kind == kind && strings.Contains(tags[i].Text, keyword) {
			return true
		}
	}
	return false
}

// dayRows fills sc.dayRefs with each candidate's newest visible report of each day within the range, days descending and
// subjects in key order within a day.
func (v *view) dayRows(numbers members, sc *scratch, from, to int64) error {
	out := sc.dayRefs[:0]
	for i, n := range numbers {
		s, err := v.seriesOf(n, sc)
		if err != nil {
			sc.dayRefs = out
			return err
		}
		if s == nil {
			continue
		}
		sc.refs = s.within(sc.refs[:0], &v.filter, from, to, n)
		sc.shelf.settle(s, sc.refs)
		for j, f := range sc.refs {
			day := protocol.DayStart(s.date(f.row))
			if j > 0 && day == out[len(out)-1].day {
				continue // a newer report of this subject holds the day
			}
			out = append(out, dayRef{ref: f, day: day, tie: uint32(i)})
		}
	}
	slices.SortFunc(out, func(a, b dayRef) int {
		switch {
		case a.day != b.day && a.day > b.day:
			return -1
		case a.day != b.day:
			return 1
		}
		return int(a.tie) - int(b.tie)
	})
	sc.dayRefs = out
	return nil
}

func sameDay(rows []dayRef) int {
	n := 1
	for n < len(rows) && rows[n].day == rows[0].day {
		n++
	}
	return n
}

// rankDay appends the page of one day's rows to sc.refs.
func (sc *scratch) rankDay(v *view, p *page, rows []dayRef) {
	flip := p.flip()
	sc.items = sc.items[:0]
	for i, d := range rows {
		sc.items = append(sc.items, item{key: v.rowKey(d.s, d.row, p, flip), tie: uint32(i)})
	}
	for _, it := range p.rankKeyed(sc.items, sc) {
		sc.refs = append(sc.refs, rows[it.tie].ref)
	}
}
