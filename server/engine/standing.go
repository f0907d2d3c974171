package engine

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/cespare/xxhash/v2"
	"golang.org/x/sync/singleflight"
)

// DefaultOrderBytes is the default of Options.OrderBytes.
const DefaultOrderBytes = 64 << 20

const (
	// leastOrder is from how many members on a topic has orders and pasts; fewer are as quickly ranked.
	leastOrder = 64
	// briefOrder is up to how many members an order is built by whoever wants it, without waiting for another who does so
	// already, and briefPast up to how many series a past is.
	briefOrder = 1024
	briefPast  = 128
	// pastShare is the part of a table's series that a topic must have for a past of the table to be built for it: one of
	// so many.
	pastShare = 4
	// askedSlots is of how many orders and pasts at least it is known that they were asked for.
	askedSlots = 4096
	// heapShare is the part of Options.HeapBytes that orders and pasts may take: one of so many.
	heapShare = 16
)

type (
	orders = standees[orderKey, *order]
	pasts  = standees[pastKey, *past]
)

// standing is what an engine has besides its root to make orders and pasts and to let go of them.
type standing struct {
	limit   int // bytes of all orders and pasts; 0 = there are none
	least   int // members of a topic that has them; 0 = every topic has them, from the first time on
	flights singleflight.Group
	asked   [askedSlots]atomic.Uint64 // hashes of what was asked for and does not stand
	built   atomic.Uint64
	waiting atomic.Int32 // what was built and is in no root yet

	mu      sync.Mutex
	offered []offer
	hand    int // where eviction goes on; Apply's
}

// offer is a past or an order that was built at a moment.
type offer struct {
	at    seen // of an order: what it is of
	past  *past
	order *order
	of    *pastKey // of an order of a past
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

const hashPrime = 0x9e3779b97f4a7c15

// hash names an order in the memory of what was asked for.
func (k *orderKey) hash() uint64 {
	h := xxhash.Sum64String(k.topic) + uint64(k.slot)<<32 + uint64(k.column+1)
	if k.kind != "" {
		h ^= xxhash.Sum64String(k.kind)*31 + xxhash.Sum64String(k.keyword)*37
	}
	return h * hashPrime
}

func (k *pastKey) hash() uint64 {
	h := uint64(k.slot + 1)
	for _, part := range [...]uint64{uint64(k.from), uint64(k.to), uint64(k.known), uint64(k.count)} {
		h = (h ^ part) * hashPrime
		h ^= h >> 29
	}
	for _, t := range k.types[:k.count] {
		h = (h ^ uint64(t)) * hashPrime
	}
	return h
}

// wanted tells whether what does not stand is worth building: it is asked for again, of enough members, and fits.
func (s *standing) wanted(hash uint64, members, bytes int) bool {
	if members < s.least || bytes > s.limit {
		return false
	}
	if s.least == 0 {
		return true
	}
	hash = max(hash, 1)
	slot := &s.asked[hash>>32%askedSlots]
	return slot.Load() == hash || slot.Swap(hash) == hash
}

// orderOf returns the order of a key, of which there are so many members at most; nil = rank them. It is one of a past's,
// or of newest reports where in is nil.
//
// Where none stands and one is wanted it is built, once for all who want it. Who may not wait for that gets ErrCold, and
// who has waited for one of another moment errMoved. So it is with pastOf.
func (v *view) orderOf(in *past, key *orderKey, size int, sc *scratch) (*order, error) {
	have, hash := v.root.orders, uint64(0)
	if in != nil {
		have, hash = in.orders, in.key.hash()
	}
	if o := have.find(key); o != nil {
		o.use.mark()
		return o, nil
	}
	e := sc.engine
	switch {
	case sc.waited || !e.standing.wanted(key.hash()^hash, size, orderBytes(size)):
		return nil, nil
	case size <= briefOrder:
		return e.buildOrder(seen{v.root, v.table}, in, *key, sc)
	case sc.memory:
		return nil, ErrCold
	}
	return e.awaitOrder(seen{v.root, v.table}, in, *key, sc)
}

// awaitOrder builds an order, or waits for who builds it.
func (e *Engine) awaitOrder(at seen, in *past, key orderKey, sc *scratch) (*order, error) {
	name := fmt.Sprintf("%d %q %q %q %d %d", at.root.epoch, key.topic, key.kind, key.keyword, key.slot, key.column)
	if in != nil {
		name += fmt.Sprintf(" %+v", in.key)
	}
	made, err := e.shared(name, at.root, sc, func() (offer, error) {
		now := e.root.Load()
		have := now.orders
		if in != nil {
			have = nil
			if p := now.pasts.find(&in.key); p != nil {
				have = p.orders
			}
		}
		if o := have.find(&key); o != nil && now.epoch == at.root.epoch {
			return offer{at: seen{root: now}, order: o}, nil // built since it was looked for
		}
		o, err := e.buildOrder(at, in, key, sc)
		return offer{at: at, order: o}, err
	})
	return made.order, err
}

// shared builds something at a moment, once for all who want it, or waits for who builds it.
func (e *Engine) shared(name string, rt *root, sc *scratch, build func() (offer, error)) (offer, error) {
	sc.waited = true // whatever comes of it, this query does not wait again
	made, err, _ := e.standing.flights.Do(name, func() (any, error) { return build() })
	if err != nil {
		return offer{}, err
	}
	if o := made.(offer); o.at.root.applied == rt.applied {
		return o, nil
	}
	return offer{}, errMoved
}

// buildOrder builds an order at a moment and offers it to those to come.
func (e *Engine) buildOrder(at seen, in *past, key orderKey, sc *scratch) (*order, error) {
	numbers, err := sc.members(at.root, &key.whom)
	if err != nil {
		return nil, err
	}
	key.topic, key.kind, key.keyword = strings.Clone(key.topic), strings.Clone(key.kind), strings.Clone(key.keyword)
	of := offer{at: at, order: newOrder(key, numbers, key.figures(at.table))}
	if in != nil {
		of.of = &in.key
	}
	e.offer(of)
	return of.order, nil
}

// pastOf returns the past that a ranking of so many subjects sees; nil = look into their series.
func (v *view) pastOf(s *scope, size int, sc *scratch) (*past, error) {
	key, ok := pastKeyOf(v.slot, &v.filter, s)
	if !ok {
		return nil, nil
	}
	if p := v.root.pasts.find(&key); p != nil {
		p.use.mark()
		return p, nil
	}
	e, series := sc.engine, v.table.series
	switch {
	case sc.waited || size*pastShare < series || !e.standing.wanted(key.hash(), size, v.table.columns):
		return nil, nil
	case series <= briefPast:
		return e.buildPast(v.root, key, sc)
	case sc.memory:
		return nil, ErrCold
	}
	return e.awaitPast(v.root, key, sc)
}

// awaitPast builds a past, or waits for who builds it.
func (e *Engine) awaitPast(rt *root, key pastKey, sc *scratch) (*past, error) {
	made, err := e.shared(fmt.Sprintf("%d %+v", rt.epoch, key), rt, sc, func() (offer, error) {
		if now := e.root.Load(); now.epoch == rt.epoch {
			if p := now.pasts.find(&key); p != nil {
				return offer{at: seen{root: now}, past: p}, nil // built since it was looked for
			}
		}
		p, err := e.buildPast(rt, key, sc)
		return offer{at: seen{root: rt}, past: p}, err
	})
	return made.past, err
}

// buildPast builds a past at a moment and offers it to those to come.
func (e *Engine) buildPast(rt *root, key pastKey, sc *scratch) (*past, error) {
	p, err := newPast(rt, key, sc)
	if err == nil {
		e.offer(offer{at: seen{root: rt}, past: p})
	}
	return p, err
}

func (e *Engine) offer(o offer) {
	s := &e.standing
	s.built.Add(1)
	s.mu.Lock()
	s.offered = append(s.offered, o)
	s.mu.Unlock()
	s.waiting.Add(1)
	e.settle()
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
