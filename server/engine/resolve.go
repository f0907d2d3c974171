package engine

import (
	"math"
	"slices"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// scratch is the working memory of one query; it is pooled and grows to what its queries need.
type scratch struct {
	engine *Engine
	memory bool // the store is not to be read, and no order to be waited for
	waited bool // an order was
	shelf  shelf
	shard  *historyShard
	found  uint64 // series that were, and were not, among the blocks
	lost   uint64
	read   bool // the store was read

	columns []int    // column of each asked id
	types   []uint32 // report types of the filter
	numbers []uint32 // candidate subjects
	seen    []uint64 // bit set over subject numbers; all zero between queries
	items   []item
	spare   []item
	packed  packed
	probes  [probes]probe
	list    candidates
	places  []int32  // of the columns, in the shape of a chunk
	rows    []uint32 // report of each candidate in its series, by item.tie
	refs    []ref
	near    []run // series of the next subjects
	runs    []run // reports of the answer
	dayRefs []dayRef
}

// ref names one report of the answer.
type ref struct {
	s      *series
	row    int // report of s
	number uint32
}

// view is a protocol.View resolved at one moment.
type view struct {
	root    *root
	slot    int
	table   *table
	columns []int
	filter  filter
}

// resolve turns names into numbers. It fills r.IDs and r.With and borrows from sc until the query ends.
func (e *Engine) resolve(rt *root, q *protocol.View, sc *scratch, r *protocol.Result) (view, error) {
	v := view{root: rt}
	slot, err := rt.catalog.slot(q.Table)
	if err != nil {
		return v, err
	}
	v.slot, v.table = slot, rt.tables[slot]
	r.Applied, r.With = rt.applied, q.With
	if r.IDs, err = sc.columnsOf(rt.catalog, slot, r.IDs[:0], q.IDs); err != nil {
		return v, err
	}
	if len(r.IDs) == 0 {
		return v, protocol.Errorf(protocol.CodeBadRequest, "ids: at least one indicator is required")
	}
	v.columns = sc.columns
	v.filter, err = e.filterOf(rt, q, sc)
	return v, err
}

// maxLinear is up to how many names repetitions are found by comparing, which needs no map.
const maxLinear = 32

// columnsOf resolves ids into sc.columns, and appends those to dst that are not empty, each once and in the order of its first
// place (semantics 7). Names are only compared where their columns may be equal.
func (sc *scratch) columnsOf(c *catalog, slot int, dst, ids []string) ([]string, error) {
	sc.columns = sc.columns[:0]
	if len(ids) > protocol.MaxIndicators {
		return dst, protocol.Errorf(protocol.CodeBadRequest, "ids: %d names, at most %d are allowed",
			len(ids), protocol.MaxIndicators)
	}
	var many map[string]bool
	if len(ids) > maxLinear {
		many = make(map[string]bool, len(ids))
	}
	seen := uint64(0) // columns, by their last bits
	for _, id := range ids {
		if id == "" || many[id] {
			continue
		}
		col, err := c.column(slot, id)
		if err != nil {
			return dst, err
		}
		if many != nil {
			many[id] = true
		} else if bit := uint64(1) << (col & 63); seen&bit == 0 {
			seen |= bit
		} else if slices.Contains(dst, id) {
			continue
		}
		dst, sc.columns = append(dst, id), append(sc.columns, col)
	}
	return dst, nil
}

func (e *Engine) filterOf(rt *root, q *protocol.View, sc *scratch) (filter, error) {
	f := filter{hasKnown: q.KnownAt.Given, known: q.KnownAt.Seconds}
	if err := checkInstant("known_at", q.KnownAt); err != nil {
		return f, err
	}
	if len(q.ReportTypes) == 0 {
		return f, nil
	}
	sc.types = sc.types[:0]
	for _, name := range q.ReportTypes {
		if n, ok := e.types.find(rt.types, name); ok {
			sc.types = append(sc.types, n)
		}
	}
	if f.types = sc.types; len(f.types) == 0 {
		f.types, f.noTypes = nil, true
	}
	return f, nil
}

// lookup fills sc.numbers with the subjects that exist, each once, in the order of keys (semantics 7, 8).
func (sc *scratch) lookup(rt *root, keys []string) {
	sc.find(rt, keys)
	if need := int(rt.count>>6) + 1; len(sc.seen) < need {
		sc.seen = make([]uint64, need+need/4)
	}
	once := sc.numbers[:0]
	for _, n := range sc.numbers {
		if bit := uint64(1) << (n & 63); sc.seen[n>>6]&bit == 0 {
			sc.seen[n>>6] |= bit
			once = append(once, n)
		}
	}
	for _, n := range once {
		sc.seen[n>>6] = 0
	}
	sc.numbers = once
}

// find fills sc.numbers with the subjects that exist in the order of keys, as often as they are named.
func (sc *scratch) find(rt *root, keys []string) {
	if cap(sc.numbers) < len(keys) {
		sc.numbers = make([]uint32, len(keys)+len(keys)/4)
	}
	numbers := sc.numbers[:len(keys)]
	sc.numbers = numbers[:rt.keys.findAll(numbers, keys, rt.count, &sc.probes, rt.keyOf)]
}

func (r *root) topic(name string) (members, error) {
	m, ok := r.topics[name]
	if !ok {
		return nil, protocol.Errorf(protocol.CodeNotFound, "unknown topic %q", name)
	}
	return m, nil
}

// checkInstant refuses times outside the years 1 to 9999.
func checkInstant(what string, i protocol.Instant) error {
	if i.Given && (i.Seconds < protocol.MinTime || i.Seconds > protocol.MaxTime) {
		return protocol.Errorf(protocol.CodeBadRequest, "%s: %d is outside the years 1 to 9999", what, i.Seconds)
	}
	return nil
}

// bounds returns a range as two inclusive ends.
func bounds(r protocol.Range) (from, to int64, err error) {
	from, to = math.MinInt64, math.MaxInt64
	if err := checkInstant("from", r.From); err != nil {
		return 0, 0, err
	}
	if err := checkInstant("to", r.To); err != nil {
		return 0, 0, err
	}
	if r.From.Given {
		from = r.From.Seconds
	}
	if r.To.Given {
		to = r.To.Seconds
	}
	if from > to {
		return 0, 0, protocol.Errorf(protocol.CodeBadRequest, "from %d is after to %d", from, to)
	}
	return from, to, nil
}

// page is a checked Ranking.
type page struct {
	column        int // or byReportDate
	ascending     bool
	offset, limit int
}

// pageOf checks and resolves a ranking (semantics 11, 12).
func pageOf(v *view, q *protocol.Ranking) (page, error) {
	p := page{ascending: q.Order == protocol.Ascending, offset: q.Offset, limit: q.Limit}
	if q.Order != protocol.Ascending && q.Order != protocol.Descending {
		return p, protocol.Errorf(protocol.CodeBadRequest, "order: %d is neither descending nor ascending", q.Order)
	}
	var err error
	if p.limit, err = checkPage(q.Offset, q.Limit, protocol.DefaultLimit, protocol.MaxLimit); err != nil {
		return p, err
	}
	p.column, err = v.root.catalog.ranked(v.slot, q.Field, v.columns[0])
	return p, err
}

// ranked resolves the field of a ranking: a column or byReportDate. first is the first of the asked columns.
func (c *catalog) ranked(slot int, field string, first int) (int, error) {
	switch field {
	case protocol.ReportDateField:
		return byReportDate, nil
	case "":
		if col, ok := c.columns[slot].column(protocol.OperatingIncome); ok {
			return col, nil
		}
		return first, nil
	}
	return c.column(slot, field)
}

// checkPage returns the limit to use.
func checkPage(offset, limit, def, most int) (int, error) {
	switch {
	case offset < 0:
		return 0, protocol.Errorf(protocol.CodeBadRequest, "offset: %d is negative", offset)
	case limit < 0:
		return 0, protocol.Errorf(protocol.CodeBadRequest, "limit: %d is negative", limit)
	case limit > most:
		return 0, protocol.Errorf(protocol.CodeBadRequest, "limit: %d is above %d", limit, most)
	case limit == 0:
		return def, nil
	}
	return limit, nil
}
