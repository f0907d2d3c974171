package engine

import (
	"slices"
	"strings"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// tableEdit gathers what one log entry changes in one table, by subject, so that each touched series and chunk is
// copied once however many rows the entry has.
type tableEdit struct {
	base   *table
	series map[uint32]*staged
	own    map[int]bool // chunks that are copies, once finish has made them
}

// table returns the edit of a table.
func (d *draft) table(slot int) *tableEdit {
	edit, ok := d.tables[slot]
	if !ok {
		edit = &tableEdit{base: d.next.tables[slot], series: map[uint32]*staged{}, own: map[int]bool{}}
		d.tables[slot] = edit
	}
	return edit
}

// staged is the coming state of one series.
type staged struct {
	base  summary // of the series before; zero when there was none or it was deleted in this entry
	edits []rowEdit
	stamp protocol.Stamp // its Create counts without a base only
}

type rowEdit struct {
	report
	values []float64
}

func (t *tableEdit) staged(number uint32) *staged {
	s, ok := t.series[number]
	if !ok {
		s = &staged{base: t.base.summaryOf(number)}
		t.series[number] = s
	}
	return s
}

// rows returns how many rows a subject has at most.
func (t *tableEdit) rows(number uint32) int {
	if s, ok := t.series[number]; ok {
		return s.rows()
	}
	return int(t.base.summaryOf(number).reports)
}

func (s *staged) rows() int { return int(s.base.reports) + len(s.edits) }

func (s *staged) add(r report, values []float64, time int64) {
	if s.rows() == 0 {
		s.stamp.Create = time
	}
	s.stamp.Update = time
	s.edits = append(s.edits, rowEdit{report: r, values: values})
}

// forget drops all rows.
func (s *staged) forget() { *s = staged{} }

// finish returns the table with all staged series in place, and writes their stamps to the batch. It fails where a
// series has to be read from the store and cannot.
func (t *tableEdit) finish(d *draft, slot int) (*table, error) {
	info := d.next.catalog.tables[slot]
	next := *t.base
	next.chunks = slices.Clone(next.chunks)
	for number, staged := range t.series {
		base, err := d.baseOf(slot, number, staged)
		if err != nil {
			return nil, err
		}
		after := staged.merge(base, &d.e.shapes, d.e.compareReports)
		c, row := next.writable(int(number>>chunkBits), t.own), int(number&chunkMask)
		next.count(c, row, -1)
		existed := c.sums[row].reports > 0
		next.set(c, row, after, d.next.applied, &d.e.shapes)
		next.count(c, row, 1)
		key := d.next.subject(number).Key
		switch {
		case after == nil && existed:
			d.batch.DeleteStamp(info.Number, key)
		case after != nil && (base == nil || after.stamp != base.stamp): // a second may see many writes of a subject
			d.batch.PutStamp(info.Number, key, after.stamp)
		}
		d.sc.shelf.reset()
	}
	return &next, nil
}

// baseOf returns the series that a staged one changes, or nil.
func (d *draft) baseOf(slot int, number uint32, s *staged) (*series, error) {
	if s.base.reports == 0 {
		return nil, nil
	}
	c, row := d.base.tables[slot].chunkOf(number)
	if c.series[row] != nil {
		return c.series[row], nil
	}
	return d.e.borrow(d.base, slot, number, d.sc)
}

// writable returns a chunk of its own to write to.
func (t *table) writable(i int, own map[int]bool) *chunk {
	for len(t.chunks) <= i {
		t.chunks = append(t.chunks, nil)
	}
	if !own[i] {
		own[i] = true
		if t.chunks[i] == nil {
			t.chunks[i] = newChunk()
		} else {
			t.columns -= t.chunks[i].bytes()
			t.chunks[i] = t.chunks[i].clone()
		}
		t.columns += t.chunks[i].bytes()
	}
	return t.chunks[i]
}

// count adds (sign 1) or takes away (-1) what the series of a row holds.
func (t *table) count(c *chunk, row, sign int) {
	sum := c.sums[row]
	if sum.reports == 0 {
		return
	}
	t.series += sign
	t.reports += sign * int(sum.reports)
	t.values += sign * int(sum.present)
	t.history += sign * c.series[row].bytes()
}

// compareReports orders newest first: by date, declare date and type name, all descending.
func (e *Engine) compareReports(a, b report) int {
	switch {
	case a.date != b.date:
		return descending(a.date, b.date)
	case a.declare != b.declare:
		return descending(a.declare, b.declare)
	case a.typ() == b.typ():
		return 0
	}
	return strings.Compare(e.types.texts[b.typ()], e.types.texts[a.typ()])
}

func descending(a, b int64) int {
	if a > b {
		return -1
	}
	return 1
}

// merge returns base (nil = none) with the edits in place, or nil when nothing is left. Of edits with one identity the
// last wins, and an edit replaces the base's row of the same identity.
func (s *staged) merge(base *series, all *shapes, compare func(a, b report) int) *series {
	if s.rows() == 0 {
		return nil
	}
	slices.SortStableFunc(s.edits, func(a, b rowEdit) int { return compare(a.report, b.report) })
	if base == nil {
		base = newSeries(noShape, 0)
	} else {
		s.stamp.Create = base.stamp.Create
	}
	out := newSeries(s.shape(base.shape, all), s.rows())
	out.stamp = s.stamp
	i, end := 0, int(base.count)
	for j, edit := range s.edits {
		if j+1 < len(s.edits) && compare(edit.report, s.edits[j+1].report) == 0 {
			continue // written again later in this entry
		}
		from := i
		for i < end && compare(base.report(i), edit.report) < 0 {
			i++
		}
		out.appendAll(base, from, i)
		if i < end && compare(base.report(i), edit.report) == 0 {
			i++
		}
		out.appendTable(edit.report, edit.values)
	}
	out.appendAll(base, i, end)
	return out
}

// shape returns the shape of base and all edits.
func (s *staged) shape(base *shape, all *shapes) *shape {
	mask := make([]uint64, len(base.mask), len(base.mask)+4)
	copy(mask, base.mask)
	for i := range s.edits {
		for need := maskWords(len(s.edits[i].values)); len(mask) < need; {
			mask = append(mask, 0)
		}
		markPresent(mask, s.edits[i].values)
	}
	return all.of(mask, base)
}
