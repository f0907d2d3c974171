package engine

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// Blocks keeps encoded series off the Go heap and may forget any of them at any time. *cache.Store is one.
type Blocks interface {
	// Get appends the value of key to dst, or returns dst as it was and false.
	Get(dst, key []byte) ([]byte, bool)
	// Set keeps a copy of value.
	Set(key, value []byte)
}

// noBlocks is the Blocks of an engine that was given none.
type noBlocks struct{}

func (noBlocks) Get(dst, _ []byte) ([]byte, bool) { return dst, false }
func (noBlocks) Set(_, _ []byte)                  {}

const (
	// maxFills is how many series are read from the store at once.
	maxFills = 16
	// maxCommit is how long a fill waits for an entry that is on disk to be seen by queries.
	maxCommit = 10 * time.Second
)

// history brings the series that are not on the heap: from blocks off it or, where these have forgotten, from the store.
type history struct {
	blocks  Blocks
	flights singleflight.Group // fills by block key: one reads, all who want the same wait for it
	turns   chan struct{}
	shards  [historyShards]historyShard
	users   atomic.Uint32
	reads   atomic.Uint64 // series read from the store, by queries and writes
	misses  atomic.Uint64 // queries that read the store
}

// historyShards spreads the counters of queries, which run on all processors at once, over cache lines.
const historyShards = 16

type historyShard struct {
	found, lost atomic.Uint64 // series that were, and were not, among the blocks
	_           [112]byte
}

func (h *history) open(blocks Blocks) {
	h.turns = make(chan struct{}, maxFills)
	if h.blocks = blocks; blocks == nil {
		h.blocks = noBlocks{}
	}
}

// shard returns counters for one more scratch.
func (h *history) shard() *historyShard { return &h.shards[h.users.Add(1)%historyShards] }

// HistoryStats is what an engine counts of the history that is not on its heap, since it was opened.
type HistoryStats struct {
	BlockHits   uint64 // series that a query found among the blocks
	BlockMisses uint64 // series that it did not
	Reads       uint64 // series read from the store, by queries and writes
	Misses      uint64 // queries that read the store (semantics 24)
}

// HistoryStats returns the counts of this moment.
func (e *Engine) HistoryStats() HistoryStats {
	h := &e.history
	s := HistoryStats{Reads: h.reads.Load(), Misses: h.misses.Load()}
	for i := range h.shards {
		s.BlockHits += h.shards[i].found.Load()
		s.BlockMisses += h.shards[i].lost.Load()
	}
	return s
}

// seriesOf returns the series of a subject at the view's moment, or nil if it has none. One that is not on the heap is
// lent by the query's shelf. It returns ErrCold where the query may not read the store, and errMoved when the store
// holds a later moment already.
func (v *view) seriesOf(number uint32, sc *scratch) (*series, error) {
	s, exists := v.onHeap(number)
	if s != nil || !exists {
		return s, nil
	}
	return sc.engine.borrow(v.root, v.slot, number, sc)
}

// onHeap returns the series of a subject if it is on the heap, and whether there is one at all.
func (v *view) onHeap(number uint32) (s *series, exists bool) {
	c, row := v.table.chunkOf(number)
	if c == nil {
		return nil, false
	}
	s = c.series[row]
	return s, s != nil || c.date(row) != noDate
}

// borrow brings a series that exists and is not on the heap.
func (e *Engine) borrow(rt *root, slot int, number uint32, sc *scratch) (*series, error) {
	sh, want := &sc.shelf, rt.tables[slot].summaryOf(number)
	sh.key.set(rt.epoch, slot, number, want.version)
	var found bool
	if sh.block, found = e.history.blocks.Get(sh.block[:0], sh.key[:]); found {
		if s := sh.decode(sh.block, &e.shapes); s != nil {
			sc.found++
			return s, nil
		}
	}
	sc.lost++
	if sc.memory {
		return nil, ErrCold
	}
	sc.read = true
	block, err := e.fill(rt, slot, number, sh.key)
	if err != nil {
		return nil, err
	}
	return sh.decode(block, &e.shapes), nil
}

// fill returns the block of a series at the version that rt has of it, read from the store once for all who want it.
func (e *Engine) fill(rt *root, slot int, number uint32, key blockKey) ([]byte, error) {
	h := &e.history
	block, err, _ := h.flights.Do(string(key[:]), func() (any, error) {
		h.turns <- struct{}{}
		defer func() { <-h.turns }()
		if block, ok := h.blocks.Get(nil, key[:]); ok {
			return block, nil // kept since it was looked for
		}
		s, err := e.readSeries(rt, slot, number)
		if err != nil {
			return nil, err
		}
		block := appendBlock(nil, s)
		h.blocks.Set(key[:], block)
		return block, nil
	})
	if err != nil {
		return nil, err
	}
	return block.([]byte), nil
}

// readSeries reads a series from the store, at the version that rt has of it, or returns errMoved.
//
// The store shows the moment of its own applied index. That is not before rt's, so the series is the one that is wanted
// if the root of that moment has it at the same version.
func (e *Engine) readSeries(rt *root, slot int, number uint32) (*series, error) {
	want := rt.tables[slot].summaryOf(number)
	if !e.root.Load().has(rt.epoch, slot, number, want.version) {
		return nil, errMoved
	}
	e.history.reads.Add(1)
	info, key := rt.catalog.tables[slot], rt.subject(number).Key
	found, err := rt.store.Series(info.Number, key)
	now := rt
	if err == nil {
		now, err = e.seen(rt.epoch, found.Applied)
	}
	switch {
	case e.root.Load().epoch != rt.epoch:
		return nil, errMoved // the store was replaced, and perhaps closed
	case err != nil:
		return nil, fmt.Errorf("read the history of %q in table %q: %w", key, info.Name, err)
	case !now.has(rt.epoch, slot, number, want.version):
		return nil, errMoved
	}
	s := &series{stamp: found.Stamp}
	err = s.gather(found.Reports, len(now.catalog.tables[slot].Indicators), &e.shapes, noShape, func(r *protocol.Report) (uint64, bool) {
		typ, known := e.types.find(now.types, r.Type)
		period, named := e.periods.find(now.periods, r.Period)
		return packMeta(typ, period, r.Year, r.ReportDate), known && named
	})
	if err == nil && int(s.count) != int(want.reports) {
		err = fmt.Errorf("%w: %d of %d rows are there", ErrDamaged, int(s.count), want.reports)
	}
	if err != nil {
		return nil, fmt.Errorf("table %q, subject %q: %w", info.Name, key, err)
	}
	return s, nil
}

// seen returns a root of the epoch that shows the log entry of that index, which is on disk, or the first of another
// epoch.
func (e *Engine) seen(epoch, index uint64) (*root, error) {
	ctx, cancel := context.WithTimeout(context.Background(), maxCommit)
	defer cancel()
	return e.await(ctx, func(rt *root) bool { return rt.applied >= index || rt.epoch != epoch })
}
