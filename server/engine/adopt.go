package engine

import "slices"

// adopt publishes the newest root once more, with what was offered, brought up to its moment. What is no longer worth that
// is left out, and others leave where there is no room. The caller holds applying.
func (e *Engine) adopt() {
	s := &e.standing
	s.mu.Lock()
	offered := s.offered
	s.offered = nil
	s.mu.Unlock()
	s.waiting.Add(-int32(len(offered)))

	next := *e.root.Load()
	for i := range offered {
		if of := &offered[i]; of.at.root.epoch == next.epoch {
			e.adoptOne(&next, of)
			s.fit(&next)
		}
	}
	e.publish(&next)
}

// adoptOne puts one past or order into a root.
func (e *Engine) adoptOne(next *root, of *offer) {
	if p := of.past; p != nil {
		if next.pasts.find(&p.key) != nil {
			return
		}
		if of.at.root.applied != next.applied {
			p, _ = p.advance(next, changedSince(of.at.root, next, p.key.slot), &e.shapes)
		}
		if p != nil {
			next.pasts = next.pasts.put(p)
		}
		return
	}
	o, to, have := of.order, seen{next, next.tables[of.order.key.slot]}, next.orders
	var in *past
	if of.of != nil {
		if in = next.pasts.find(of.of); in == nil {
			return
		}
		to.table, have = in.table, in.orders
	}
	if have.find(&o.key) != nil {
		return
	}
	if of.at.root.applied != next.applied {
		o = o.advance(of.at, to, changedSince(of.at.root, next, o.key.slot))
	}
	switch {
	case o == nil:
	case in == nil:
		next.orders = have.put(o)
	default:
		with := *in
		with.orders = have.put(o)
		next.pasts = next.pasts.put(&with)
	}
}

// fit lets orders and pasts leave a root that take more than they may: those that nobody has asked for since the hand came
// by. A past takes its orders with it.
func (s *standing) fit(next *root) {
	for next.orders.bytes()+next.pasts.bytes() > s.limit {
		newest := next.orders.len()
		if s.hand >= newest+next.pasts.len() {
			s.hand = 0
		}
		switch i := s.hand - newest; {
		case i < 0 && next.orders.list[s.hand].use.take(markForEviction), i >= 0 && next.pasts.list[i].use.take(markForEviction):
			s.hand++
		case i < 0:
			next.orders = next.orders.less(s.hand)
		default:
			next.pasts = next.pasts.less(i)
		}
	}
}

// changedSince returns the subjects that may differ between two moments of one epoch, in their attributes or in their
// reports of a table.
func changedSince(from, to *root, slot int) (changed []uint32) {
	for i, c := range to.subjects {
		if i < len(from.subjects) && from.subjects[i] == c {
			continue
		}
		for row := range c {
			if s := c[row].Subject; s != nil && (i >= len(from.subjects) || from.subjects[i][row].Subject != s) {
				changed = append(changed, uint32(i)<<chunkBits|uint32(row))
			}
		}
	}
	fromTable, toTable := from.tables[slot], to.tables[slot]
	for i, c := range toTable.chunks {
		if c == nil || i < len(fromTable.chunks) && fromTable.chunks[i] == c {
			continue
		}
		for row := range c.sums {
			n := uint32(i)<<chunkBits | uint32(row)
			if c.sums[row].version != fromTable.summaryOf(n).version {
				changed = append(changed, n)
			}
		}
	}
	slices.Sort(changed)
	return slices.Compact(changed)
}

// standingEdit brings what stands to the next root of a draft.
type standingEdit struct {
	*draft
	touched []uint32         // subjects whose attributes changed
	written map[int][]uint32 // by table slot: those whose reports changed
}

// advance brings pasts and orders to the draft's next root. Series that it has changed are still on the heap.
func (d *draft) advance() {
	if d.base.orders.len()+d.base.pasts.len() == 0 {
		return
	}
	e := standingEdit{draft: d, written: map[int][]uint32{}}
	for n := range d.touched {
		e.touched = append(e.touched, n)
	}
	for slot, edit := range d.tables {
		for n := range edit.series {
			e.written[slot] = append(e.written[slot], n)
		}
	}
	if have := d.base.orders; have.len() > 0 {
		d.next.orders = e.orders(have, d.base.tables, d.next.tables)
	}
	if have := d.base.pasts; have.len() > 0 {
		list := make([]*past, len(have.list))
		for i, p := range have.list {
			list[i] = e.past(p)
		}
		d.next.pasts = have.with(list)
	}
	d.e.standing.fit(d.next)
}

// orders advances orders of newest reports.
func (e *standingEdit) orders(have *orders, from, to []*table) *orders {
	both := map[int][]uint32{}
	list := make([]*order, len(have.list))
	for i, o := range have.list {
		slot := o.key.slot
		changed, ok := both[slot]
		if !ok {
			changed = e.changed(e.written[slot])
			both[slot] = changed
		}
		list[i] = o.advance(seen{e.base, from[slot]}, seen{e.next, to[slot]}, changed)
	}
	return have.with(list)
}

// changed returns subjects whose reports changed, and those whose attributes did.
func (e *standingEdit) changed(written []uint32) []uint32 {
	if len(e.touched) == 0 {
		return written
	}
	all := append(slices.Clone(written), e.touched...)
	slices.Sort(all)
	return slices.Compact(all)
}

// past advances a past and its orders.
func (e *standingEdit) past(p *past) *past {
	next, moved := p.advance(e.next, e.written[p.key.slot], &e.e.shapes)
	if next == nil || p.orders.len() == 0 || len(moved)+len(e.touched) == 0 {
		return next
	}
	changed := e.changed(moved)
	list := make([]*order, len(p.orders.list))
	for i, o := range p.orders.list {
		list[i] = o.advance(seen{e.base, p.table}, seen{e.next, next.table}, changed)
	}
	with := *next
	with.orders = p.orders.with(list)
	return &with
}
