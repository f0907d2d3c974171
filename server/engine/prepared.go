package engine

import (
	"slices"
	"sync/atomic"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// Prepared is a query whose names are resolved to numbers once, and again only when they may mean something else. It is
// safe for concurrent use.
//
// It keeps numbers of subjects, columns and report types, the orders of a list at one moment (listOrders), and nothing that
// a root holds, so that it keeps no old root alive. What its names mean is one immutable value behind an atomic pointer: an
// execution that finds it stale makes a new one from its own root, uses that, and leaves it for others.
type Prepared struct {
	e       *Engine
	op      protocol.Op
	query   protocol.Message
	days    []int64 // of a Recent with periods
	meaning atomic.Pointer[meaning]
	orders  atomic.Pointer[listOrders] // of a Snapshot of a list
	asked   atomic.Uint64              // applied index of the moment at which its ranking was asked for last
}

// meaning is what the names of a query mean as numbers, and of which moments that is true.
type meaning struct {
	numbering uint64 // of the subjects; another one after a Swap
	catalog   uint64 // version
	subjects  uint32 // how many there were
	strangers bool   // a subject of the list was not among them: it may appear
	names     int    // how many report types there were
	newNames  bool   // a type of the filter was not among them

	slot    int
	ids     []string
	columns []int
	filter  filter
	numbers []uint32 // of the list's subjects, each once: in key order of a Snapshot, else in the order of the list
}

// Prepare resolves a query: what protocol.NewQuery returns, which is the Prepared's from then on. The query is answered
// once, into r, so that one which cannot be answered is refused here.
func (rd Reader) Prepare(q protocol.Message, r *protocol.Result) (*Prepared, error) {
	op, ok := protocol.QueryOp(q)
	if !ok {
		return nil, protocol.Errorf(protocol.CodeBadRequest, "a %T cannot be prepared", q)
	}
	p := &Prepared{e: rd.e, op: op, query: q}
	var err error
	switch q := q.(type) {
	case *protocol.Snapshot:
		err = checkWhom(q)
	case *protocol.Recent:
		p.days, err = periodDays(q.Periods)
	}
	if err != nil {
		return nil, err
	}
	if err := rd.Execute(p, &protocol.Change{}, r); err != nil {
		return nil, err
	}
	return p, nil
}

// Query returns the query as it was prepared. It is not to be changed.
func (p *Prepared) Query() protocol.Message { return p.query }

// Bytes that a Prepared takes: a guess at what it has once, and what it has for each name of the query and each number
// that the name becomes. The texts themselves come on top.
const (
	preparedBytes = 512
	nameBytes     = 16 + 8
)

// Size returns the bytes that the Prepared keeps at most, besides the texts of the query's names.
func (p *Prepared) Size() int {
	v, subjects, _ := parts(p.query)
	size := preparedBytes + (2*len(v.IDs)+len(v.ReportTypes)+len(subjects)+len(p.days))*nameBytes
	if p.op == protocol.OpSnapshot {
		size += listOrderBytes(len(subjects))
	}
	return size
}

// Execute answers the query with a change, as Engine's method of that query would. IDs in r belong to the Prepared and
// may be kept.
func (p *Prepared) Execute(c *protocol.Change, r *protocol.Result) error {
	return p.e.Execute(p, c, r)
}

// at is Execute at one moment.
func (p *Prepared) at(rt *root, sc *scratch, c *protocol.Change, r *protocol.Result) error {
	if err := c.Fits(p.op); err != nil {
		return err
	}
	m := p.meaning.Load()
	if m == nil || !m.holds(rt) {
		var err error
		if m, err = p.resolve(rt, sc, r); err != nil {
			return err
		}
		p.meaning.Store(m)
	}
	r.Applied, r.IDs = rt.applied, append(r.IDs[:0], m.ids...)
	return p.answer(c, m, &view{root: rt, slot: m.slot, table: rt.tables[m.slot], columns: m.columns, filter: m.filter}, sc, r)
}

// answer answers the query of a meaning that holds in the view's root.
func (p *Prepared) answer(c *protocol.Change, m *meaning, v *view, sc *scratch, r *protocol.Result) error {
	switch q := p.query.(type) {
	case *protocol.Snapshot:
		r.With = q.With
		rank := c.Ranking(q.Ranking)
		if q.Topic == "" {
			return p.rankList(v, m, &rank, c.When(q.Timestamp), q.Range, sc, r)
		}
		return p.e.rankWhom(v, &whom{topic: q.Topic}, &rank, c.When(q.Timestamp), q.Range, sc, r)
	case *protocol.SelectSnapshot:
		r.With = q.With
		rank := c.Ranking(q.Ranking)
		return p.e.rankSelection(v, &q.Selection, &rank, c.When(q.Timestamp), q.Range, sc, r)
	case *protocol.SelectPeriod:
		r.With = q.With
		rank := c.Ranking(q.Ranking)
		return p.e.selectPeriod(v, q, &rank, sc, r)
	case *protocol.Period:
		r.With = q.With
		return p.e.period(v, q, m.numbers, sc, r)
	}
	q := p.query.(*protocol.Recent)
	r.With = q.With
	return p.e.recent(v, c.Limit.Or(q.Limit), p.days, m.numbers, sc, r)
}

// holds tells whether the meaning is true in rt: nothing that it found there is ever numbered anew, so that only what it
// did not find matters. It may come from a moment after rt, and know then what rt does not.
func (m *meaning) holds(rt *root) bool {
	return m.numbering == rt.keys.seed && m.catalog == rt.catalog.version &&
		(m.subjects == rt.count || m.subjects < rt.count && !m.strangers) &&
		(m.names == len(rt.types) || m.names < len(rt.types) && !m.newNames)
}

// resolve returns what the query's names mean in rt. r is left with no meaning.
func (p *Prepared) resolve(rt *root, sc *scratch, r *protocol.Result) (*meaning, error) {
	q, subjects, listed := parts(p.query)
	v, err := p.e.resolve(rt, q, sc, r)
	if err != nil {
		return nil, err
	}
	m := &meaning{
		numbering: rt.keys.seed, catalog: rt.catalog.version, subjects: rt.count, names: len(rt.types),
		slot: v.slot, ids: slices.Clone(r.IDs), columns: slices.Clone(v.columns), filter: v.filter,
	}
	m.filter.types = slices.Clone(v.filter.types)
	m.newNames = slices.ContainsFunc(q.ReportTypes, func(name string) bool {
		_, known := p.e.types.find(rt.types, name)
		return !known
	})
	if !listed {
		return m, nil
	}
	if err := v.lookup(subjects, sc); err != nil {
		return nil, err
	}
	m.numbers = slices.Clone(sc.numbers)
	m.strangers = slices.ContainsFunc(subjects, func(key string) bool {
		_, known := rt.find(key)
		return !known
	})
	if p.op == protocol.OpSnapshot { // the order of the list shows nowhere in the answer, and ties are then settled by place
		slices.SortFunc(m.numbers, func(a, b uint32) int { return compareKeys(rt, a, b) })
	}
	return m, nil
}

// parts returns the view of a query and, where it is about a list, the list.
func parts(q protocol.Message) (v *protocol.View, subjects []string, listed bool) {
	switch q := q.(type) {
	case *protocol.Snapshot:
		return &q.View, q.Subjects, q.Topic == ""
	case *protocol.Period:
		return &q.View, q.Subjects, true
	case *protocol.Recent:
		return &q.View, q.Subjects, true
	case *protocol.SelectSnapshot:
		return &q.View, nil, false
	}
	return &q.(*protocol.SelectPeriod).View, nil, false
}
