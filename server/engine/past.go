package engine

import (
	"math"
	"slices"
)

// A past is a table as a query about the past sees it: of each subject the newest report that passes a filter within a
// range of dates, in chunks like those of the newest reports, so that everything which ranks these ranks a past as
// quickly. It belongs to one root, and Apply keeps it up like an order.
type past struct {
	key     pastKey
	table   *table
	orders  *orders // of its reports
	use     *usage  // shared with the pasts before and after
	unasked int     // changes since the past was asked for; only Apply's
}

// pastTypes is up to how many report types a past is kept for.
const pastTypes = 4

// pastKey says which past it is. A range is given by dates that the table has (calendar), so that all times between two of
// these are one past.
type pastKey struct {
	slot     int
	from, to int64
	hasKnown bool
	known    int64
	types    [pastTypes]uint32
	count    int // of types; 0 = all types
}

func (p *past) name() pastKey { return p.key }

func (p *past) usage() *usage { return p.use }

func (p *past) bytes() int { return p.table.columns + p.orders.bytes() }

// filter returns the filter of a key; it borrows from the key.
func (k *pastKey) filter() filter {
	f := filter{hasKnown: k.hasKnown, known: k.known}
	if k.count > 0 {
		f.types = k.types[:k.count]
	}
	return f
}

// pastKeyOf returns the key of what a query sees, unless it has too many report types.
func pastKeyOf(slot int, f *filter, s *scope) (k pastKey, ok bool) {
	if len(f.types) > pastTypes {
		return k, false
	}
	k = pastKey{slot: slot, from: s.from, to: s.to, hasKnown: f.hasKnown, known: f.known}
	k.count = copy(k.types[:], f.types)
	return k, true
}

// show puts report i of a series into a row; i < 0 = the subject has none that is seen.
func (p *past) show(c *chunk, row int, s *series, i int, all *shapes) {
	before := c.bytes()
	if i < 0 {
		c.sums[row] = summary{}
		c.setDate(row, noDate)
	} else {
		c.sums[row] = summary{head: s.report(i), reports: 1}
		c.show(row, s, i, all)
	}
	p.table.columns += c.bytes() - before
}

// newPast builds a past of all subjects of a table.
func newPast(rt *root, key pastKey, sc *scratch) (*past, error) {
	base := rt.tables[key.slot]
	p := &past{key: key, table: &table{chunks: make([]*chunk, len(base.chunks))}, use: new(usage)}
	v := view{root: rt, slot: key.slot, table: base}
	f, own, guess := key.filter(), map[int]bool{}, noGuess
	for i, from := range base.chunks {
		if from == nil {
			continue
		}
		for row := range chunkRows {
			s, err := v.seriesOf(uint32(i)<<chunkBits|uint32(row), sc)
			if err != nil {
				return nil, err
			}
			if s == nil {
				continue
			}
			guess = s.firstNear(key.to, guess)
			if at := s.newestBehind(guess, &f, key.from); at >= 0 {
				p.show(p.table.writable(i, own), row, s, at, &sc.engine.shapes)
			}
			sc.shelf.release(s)
		}
	}
	p.use.mark()
	return p, nil
}

// advance returns the past of a later moment, at which only the changed subjects may differ, and those of them that do: the
// same one where nothing in it changes, nil where it is not worth keeping up or a series is not on the heap.
func (p *past) advance(to *root, changed []uint32, all *shapes) (_ *past, moved []uint32) {
	next := *p
	t := *p.table
	own := map[int]bool{}
	f := p.key.filter()
	for _, n := range changed {
		c, row := to.tables[p.key.slot].chunkOf(n)
		var s *series
		if c != nil && c.date(row) != noDate {
			if s = c.series[row]; s == nil {
				return nil, nil
			}
		}
		at := -1
		if s != nil {
			at = s.newestWithin(&f, p.key.from, p.key.to)
		}
		if p.shows(n, s, at) {
			continue
		}
		if len(moved) == 0 {
			t.chunks = slices.Clone(t.chunks)
			next.table = &t
		}
		moved = append(moved, n)
		next.show(t.writable(int(n>>chunkBits), own), row, s, at, all)
	}
	if len(moved) == 0 {
		return p, nil
	}
	if p.use.take(markForApply) {
		next.unasked = 0
	}
	if next.unasked += len(moved); next.unasked > spared(to.tables[p.key.slot].series) {
		return nil, nil
	}
	return &next, moved
}

// shows tells whether a subject is shown with report i of a series; i < 0 = with none.
func (p *past) shows(number uint32, s *series, i int) bool {
	c, row := p.table.chunkOf(number)
	if c == nil || c.date(row) == noDate || i < 0 {
		return i < 0 && (c == nil || c.date(row) == noDate)
	}
	if c.sums[row].head != s.report(i) {
		return false
	}
	for _, column := range c.shape.columns {
		if math.Float64bits(c.value(row, int(column))) != math.Float64bits(s.value(i, int(column))) {
			return false
		}
	}
	return c.shape.covers(s.shape)
}
