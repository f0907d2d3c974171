package engine

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/cespare/xxhash/v2"
	"golang.org/x/sync/singleflight"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// DefaultOrderBytes is the default of Options.OrderBytes.
const DefaultOrderBytes = 64 << 20

const (
	// leastOrder is from how many members on a topic has orders; fewer are as quickly sorted.
	leastOrder = 64
	// briefOrder is up to how many members an order is built by whoever wants it, without waiting for another who does so
	// already.
	briefOrder = 1024
	// askedSlots is of how many orders at least it is known that they were asked for.
	askedSlots = 1024
	// heapShare is the part of Options.HeapBytes that orders may take: one of so many.
	heapShare = 16
)

// orders are the standing orders of one root. They are immutable.
type orders struct {
	index map[orderKey]int // places in list; shared between the roots that have the same orders
	list  []*order
	bytes int
}

func (s *orders) find(key *orderKey) *order {
	if s == nil {
		return nil
	}
	if i, ok := s.index[*key]; ok {
		return s.list[i]
	}
	return nil
}

// clone returns a list of the orders that is the caller's.
func (s *orders) clone() []*order {
	if s == nil {
		return nil
	}
	return slices.Clone(s.list)
}

// newOrders returns the orders of a list, less those that are nil.
func newOrders(list []*order) *orders {
	s := &orders{index: make(map[orderKey]int, len(list))}
	for _, o := range list {
		if o != nil {
			s.index[o.key] = len(s.list)
			s.list = append(s.list, o)
			s.bytes += o.bytes()
		}
	}
	return s
}

// with returns the orders in place of those of s, of which some may be nil now.
func (s *orders) with(list []*order) *orders {
	switch {
	case slices.Equal(list, s.list):
		return s
	case slices.Contains(list, nil):
		return newOrders(list)
	}
	next := &orders{index: s.index, list: list}
	for _, o := range list {
		next.bytes += o.bytes()
	}
	return next
}

// standing is what an engine has besides its root to make orders and to let go of them.
type standing struct {
	limit   int // bytes of all orders; 0 = there are none
	least   int // members of a topic that has orders; 0 = every topic has them from the first time on
	flights singleflight.Group
	asked   [askedSlots]atomic.Uint64 // hashes of orders that were asked for and do not stand
	built   atomic.Uint64
	waiting atomic.Int32 // orders that were built and are in no root yet

	mu      sync.Mutex
	offered []offer
	hand    int // where eviction goes on; Apply's
}

// offer is an order that was built at a moment.
type offer struct {
	order *order
	at    *root
}

func (s *standing) open(o *Options) {
	s.least, s.limit = leastOrder, int(o.OrderBytes)
	switch {
	case o.OrderBytes < 0:
		s.limit = 0
	case o.OrderBytes == 0:
		s.limit = DefaultOrderBytes
	}
	if o.HeapBytes > 0 {
		s.limit = min(s.limit, int(o.HeapBytes/heapShare))
	}
}

// hash names an order in the memory of what was asked for.
func (k *orderKey) hash() uint64 {
	h := xxhash.Sum64String(k.topic) + uint64(k.slot)<<32 + uint64(k.column+1)
	if k.kind != "" {
		h ^= xxhash.Sum64String(k.kind)*31 + xxhash.Sum64String(k.keyword)*37
	}
	return max(h*0x9e3779b97f4a7c15, 1)
}

// wanted tells whether an order that does not stand is worth building: it is asked for again, of enough members, and
// fits.
func (s *standing) wanted(k *orderKey, members int) bool {
	if members < s.least || orderBytes(members) > s.limit {
		return false
	}
	if s.least == 0 {
		return true
	}
	h := k.hash()
	slot := &s.asked[h%askedSlots]
	return slot.Load() == h || slot.Swap(h) == h
}

// orderOf returns the order of a key in the view's root, of which there are so many members at most; nil = rank them.
//
// Where none stands and one is wanted it is built, once for all who want it. Who may not wait for that gets ErrCold, and
// who has waited for one of another moment errMoved.
func (v *view) orderOf(key *orderKey, size int, sc *scratch) (*order, error) {
	if o := v.root.orders.find(key); o != nil {
		o.use.mark()
		return o, nil
	}
	switch {
	case sc.waited || !sc.engine.standing.wanted(key, size):
		return nil, nil
	case size <= briefOrder:
		return sc.engine.build(v.root, *key, sc)
	case sc.memory:
		return nil, ErrCold
	}
	return sc.engine.awaitOrder(v.root, *key, sc)
}

// awaitOrder builds an order, or waits for who builds it.
func (e *Engine) awaitOrder(rt *root, key orderKey, sc *scratch) (*order, error) {
	sc.waited = true // whatever comes of it, this query does not wait again
	name := fmt.Sprintf("%d %q %q %q %d %d", rt.epoch, key.topic, key.kind, key.keyword, key.slot, key.column)
	made, err, _ := e.standing.flights.Do(name, func() (any, error) {
		if now := e.root.Load(); now.epoch == rt.epoch && now.orders.find(&key) != nil {
			return offer{now.orders.find(&key), now}, nil // built since it was looked for
		}
		o, err := e.build(rt, key, sc)
		return offer{o, rt}, err
	})
	if err != nil {
		return nil, err
	}
	if o := made.(offer); o.at.applied == rt.applied {
		return o.order, nil
	}
	return nil, errMoved
}

// build builds an order at a moment and offers it to those to come.
func (e *Engine) build(rt *root, key orderKey, sc *scratch) (*order, error) {
	numbers, err := sc.members(rt, &key.whom)
	if err != nil {
		return nil, err
	}
	key.topic, key.kind, key.keyword = strings.Clone(key.topic), strings.Clone(key.kind), strings.Clone(key.keyword)
	o := newOrder(key, numbers, key.figures(rt))
	s := &e.standing
	s.built.Add(1)
	s.mu.Lock()
	s.offered = append(s.offered, offer{o, rt})
	s.mu.Unlock()
	s.waiting.Add(1)
	e.settle()
	return o, nil
}

// settle puts what was offered into the root, if nobody holds applying; who does, settles afterwards.
func (e *Engine) settle() {
	for e.standing.waiting.Load() > 0 && e.applying.TryLock() {
		e.adopt()
		e.applying.Unlock()
	}
}

// done ends what holds applying.
func (e *Engine) done() {
	e.applying.Unlock()
	e.settle()
}

// adopt publishes the newest root once more, with the orders that were offered, brought up to its moment. What is no
// longer worth that is left out, and others leave where there is no room.
func (e *Engine) adopt() {
	s := &e.standing
	s.mu.Lock()
	offered := s.offered
	s.offered = nil
	s.mu.Unlock()
	s.waiting.Add(-int32(len(offered)))

	next := *e.root.Load()
	for _, of := range offered {
		if of.at.epoch != next.epoch || next.orders.find(&of.order.key) != nil {
			continue
		}
		o := of.order
		if of.at.applied != next.applied {
			o = o.advance(of.at, &next, changedSince(of.at, &next, o.key.slot))
		}
		if o != nil && o.bytes() <= s.limit {
			next.orders = s.fit(append(next.orders.clone(), o))
		}
	}
	e.publish(&next)
}

// fit returns the orders of a list. While they take more than they may, those leave that nobody has asked for since the
// hand came by.
func (s *standing) fit(list []*order) *orders {
	all := newOrders(list)
	for all.bytes > s.limit {
		if s.hand >= len(all.list) {
			s.hand = 0
		}
		if all.list[s.hand].use.take(markForEviction) {
			s.hand++
			continue
		}
		all = newOrders(slices.Delete(all.list, s.hand, s.hand+1))
	}
	return all
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

// advanceOrders brings the orders to the draft's next root.
func (d *draft) advanceOrders() {
	have := d.base.orders
	if have == nil || len(have.list) == 0 {
		return
	}
	touched := make([]uint32, 0, len(d.touched))
	for n := range d.touched {
		touched = append(touched, n)
	}
	changed := map[int][]uint32{} // by slot
	list := make([]*order, len(have.list))
	for i, o := range have.list {
		numbers, ok := changed[o.key.slot]
		if !ok {
			numbers = slices.Clone(touched)
			if edit := d.tables[o.key.slot]; edit != nil {
				for n := range edit.series {
					if !d.touched[n] {
						numbers = append(numbers, n)
					}
				}
			}
			changed[o.key.slot] = numbers
		}
		list[i] = o.advance(d.base, d.next, numbers)
	}
	if d.next.orders = have.with(list); d.next.orders.bytes > d.e.standing.limit {
		d.next.orders = d.e.standing.fit(list)
	}
}

// Standing tells whether a ranking has its order already, so that it costs no more than its page.
func (e *Engine) Standing(q protocol.Message, c *protocol.Change) bool {
	rt := e.root.Load()
	var key orderKey
	var v *protocol.View
	var rank protocol.Ranking
	switch q := q.(type) {
	case *protocol.Snapshot:
		if c.When(q.Timestamp).Given || q.Range.From.Given || q.Range.To.Given {
			return false
		}
		key.whom, v, rank = whom{topic: q.Topic}, &q.View, q.Ranking
	case *protocol.SelectSnapshot:
		if c.When(q.Timestamp).Given || q.Range.From.Given || q.Range.To.Given || q.Subject != "" {
			return false
		}
		key.whom, v, rank = selected(&q.Selection), &q.View, q.Ranking
	}
	if key.topic == "" || v.KnownAt.Given || len(v.ReportTypes) > 0 || rt.orders == nil {
		return false
	}
	slot, err := rt.catalog.slot(v.Table)
	if err != nil || len(v.IDs) == 0 {
		return false
	}
	first, err := rt.catalog.column(slot, v.IDs[0])
	if err != nil {
		return false
	}
	key.slot = slot
	key.column, err = rt.catalog.ranked(slot, c.Ranking(rank).Field, first)
	return err == nil && rt.orders.find(&key) != nil
}
