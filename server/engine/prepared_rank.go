package engine

import (
	"slices"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// A screen that pages through a watch list, or sorts it by one field and then another, executes one prepared ranking again
// and again between two writes. listOrders keeps in what orders its list stands at one moment, so that such a page is filled
// in at once: two thirds of what the execution cost otherwise went into ranking (1.1 us to 0.37, BenchmarkQuery).
//
// Numbers only: it keeps no old root alive.
type listOrders struct {
	moment moment
	orders []listOrder
}

// moment names the state of a root. Roots of one moment answer alike.
type moment struct{ epoch, applied uint64 }

func (rt *root) moment() moment { return moment{rt.epoch, rt.applied} }

// listOrder is all subjects of a list that have a report, ranked.
type listOrder struct {
	column    int // or byReportDate
	ascending bool
	numbers   []uint32
}

const (
	// maxListOrders is how many orders of a list are kept: those of eight fields, both ways. When there are more it begins anew.
	maxListOrders = 16
	// maxOrderedList is how many subjects a list may have for its orders to be kept.
	maxOrderedList = 1024
)

// listOrderBytes is what the kept orders of a list of so many subjects take at most.
func listOrderBytes(subjects int) int {
	if subjects > maxOrderedList {
		return 0
	}
	return maxListOrders * (4*subjects + 48)
}

// rankList answers the ranking of a prepared list.
func (p *Prepared) rankList(v *view, m *meaning, rank *protocol.Ranking, timestamp protocol.Instant, span protocol.Range,
	sc *scratch, r *protocol.Result) error {
	s, err := scopeOf(v, rank, timestamp, span)
	if err != nil || s.nothing {
		return err
	}
	if !s.newest || len(m.numbers) > maxOrderedList {
		return p.e.rankScope(v, m.numbers, true, &s, sc, r)
	}
	now := v.root.moment()
	kept := p.orders.Load()
	if kept == nil || kept.moment != now {
		kept = nil
	}
	if numbers, ok := kept.find(&s.page); ok {
		return p.e.fillNewest(v, cut(&s.page, numbers), sc, r)
	}
	if p.asked.Swap(now.applied) != now.applied { // what is asked once between two writes is not worth keeping
		return p.e.rankScope(v, m.numbers, true, &s, sc, r)
	}
	numbers := v.rankAll(m.numbers, s.page, sc)
	p.orders.Store(kept.with(now, listOrder{s.column, s.ascending, numbers}))
	return p.e.fillNewest(v, cut(&s.page, numbers), sc, r)
}

// find returns the order that a page is of. k may be nil.
func (k *listOrders) find(p *page) (numbers []uint32, ok bool) {
	if k == nil {
		return nil, false
	}
	for i := range k.orders {
		if o := &k.orders[i]; o.column == p.column && o.ascending == p.ascending {
			return o.numbers, true
		}
	}
	return nil, false
}

// with returns k, which may be nil, with another order of the same moment.
func (k *listOrders) with(at moment, o listOrder) *listOrders {
	next := &listOrders{moment: at}
	if k != nil && len(k.orders) < maxListOrders {
		next.orders = slices.Clone(k.orders)
	}
	next.orders = append(next.orders, o)
	return next
}

// rankAll returns the candidates, which come in key order and are not kept, as the page ranks them: all that have a report.
func (v *view) rankAll(candidates []uint32, p page, sc *scratch) []uint32 {
	sc.items = v.newestItems(sc.items[:0], candidates, &p)
	p.offset, p.limit = 0, len(sc.items)
	return slices.Clone(sc.numbersOf(p.rankKeyed(sc.items, sc)))
}
