package engine

import "github.com/kamaitachi/kamaitachi/protocol"

// ranking is what a query says of whom it ranks, and how.
type ranking struct {
	whom
	view *protocol.View
	rank protocol.Ranking
	when protocol.Instant
	span protocol.Range
}

// rankingOf returns what a query with a change ranks; its topic is empty where that is a list, or no ranking.
func rankingOf(q protocol.Message, c *protocol.Change) (k ranking) {
	switch q := q.(type) {
	case *protocol.Snapshot:
		k = ranking{whom{topic: q.Topic}, &q.View, q.Ranking, q.Timestamp, q.Range}
	case *protocol.SelectSnapshot:
		if q.Subject != "" {
			return k
		}
		k = ranking{selected(&q.Selection), &q.View, q.Ranking, q.Timestamp, q.Range}
	default:
		return k
	}
	k.rank, k.when = c.Ranking(k.rank), c.When(k.when)
	return k
}

// Standing tells whether a ranking has its order already, so that it costs no more than its page. It may say no of one
// that has.
func (e *Engine) Standing(q protocol.Message, c *protocol.Change) bool {
	rt, k := e.root.Load(), rankingOf(q, c)
	if k.topic == "" || len(k.view.ReportTypes) > 0 || len(k.view.IDs) == 0 || rt.orders.len()+rt.pasts.len() == 0 {
		return false
	}
	slot, err := rt.catalog.slot(k.view.Table)
	if err != nil {
		return false
	}
	first, err := rt.catalog.column(slot, k.view.IDs[0])
	if err != nil {
		return false
	}
	column, err := rt.catalog.ranked(slot, k.rank.Field, first)
	if err != nil {
		return false
	}
	v := view{root: rt, slot: slot, table: rt.tables[slot]}
	v.filter.hasKnown, v.filter.known = k.view.KnownAt.Given, k.view.KnownAt.Seconds
	have, nothing := v.ordersOf(k.when, k.span)
	return nothing || have.find(&orderKey{whom: k.whom, slot: slot, column: column}) != nil
}

// ordersOf returns the orders of what a view sees, or tells that it sees nothing.
func (v *view) ordersOf(when protocol.Instant, span protocol.Range) (have *orders, nothing bool) {
	var s scope
	var err error
	if s.from, s.to, err = bounds(span); err != nil {
		return nil, true
	}
	s.until(when)
	s.narrow(v)
	if s.newest || s.nothing {
		return v.root.orders, s.nothing
	}
	if key, ok := pastKeyOf(v.slot, &v.filter, &s); ok {
		if p := v.root.pasts.find(&key); p != nil {
			return p.orders, false
		}
	}
	return nil, false
}
