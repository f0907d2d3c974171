// Package engine answers queries from columns; it is the only place that knows how.
//
// All that it knows is reachable from one immutable root: subjects by number, and per table chunks of 256 subjects
// with the newest values by column and the whole history of each subject. A query loads the root once and so sees one
// moment of everything; there is no lock on its way. Apply, of which one runs at a time, commits a log entry to the
// store, copies the chunks that the entry touches into a new root and publishes that with one atomic store.
//
//	Write -> check -> draft (touched copies) -> store batch, committed with the applied index -> new root
//	query -> root -> resolve names to numbers -> pick reports -> rank and page -> fill protocol.Result
//
// Answers follow semantics.md; internal/oracle holds the same rules as a plain scan, and the tests compare the two.
package engine

import (
	"context"
	"fmt"
	"math"
	"sync"
	"sync/atomic"

	"github.com/kamaitachi/kamaitachi/protocol"
	"github.com/kamaitachi/kamaitachi/server/store"
)

// The open ends of a range of times.
const (
	lowest  = math.MinInt64
	highest = math.MaxInt64
)

// Options of an engine. The zero value works.
type Options struct {
	// MaxValues bounds rows x indicators of one answer; more is CodeTooLarge. Default 8,388,608 (64 MiB of numbers).
	MaxValues int
	// NoSync leaves fsync to the caller's log: Apply then survives a crash only together with that log. Default false.
	NoSync bool
	// HistoryBytes bounds the series on the heap, in bytes; the newest values and dates are not among them. Series that
	// do not fit are Blocks. Default 0: no bound.
	HistoryBytes int64
	// HeapBytes bounds subjects, columns, orders and series together, in bytes; the series give way. Open fails with ErrHeapBytes
	// if the others alone are more. Default 0: no bound.
	HeapBytes int64
	// Blocks keeps series that are not on the heap. Default: nothing does, they are read from the store each time.
	Blocks Blocks
	// OrderBytes bounds the standing orders of topics and the pasts of tables, in bytes; where HeapBytes is bounded they also
	// take no more than a sixteenth of it. Default 64 MiB; negative = none stand, and topics are ranked anew each time.
	OrderBytes int64
}

// DefaultMaxValues is the default of Options.MaxValues.
const DefaultMaxValues = 8 << 20

// Validate refuses options that cannot work.
func (o Options) Validate() error {
	if o.MaxValues < 0 {
		return fmt.Errorf("engine: MaxValues is %d, must not be negative", o.MaxValues)
	}
	if o.HistoryBytes < 0 || o.HeapBytes < 0 {
		return fmt.Errorf("engine: HistoryBytes (%d) and HeapBytes (%d) must not be negative", o.HistoryBytes, o.HeapBytes)
	}
	return nil
}

// Engine answers queries and applies log entries. Its queries may run concurrently with each other and with Apply.
//
// Its Reader may read the store; that of Memory never does.
type Engine struct {
	Reader
	store     *store.Store
	maxValues int
	sync      bool
	root      atomic.Pointer[root]
	scratch   sync.Pool
	types     dictionary
	periods   dictionary
	shapes    shapes
	versions  *versions

	applying sync.Mutex // one Apply at a time; guards the three below
	failed   error      // why nothing more is applied
	time     int64      // newest stamp of a log entry, in UTC seconds
	repeats  *repeats
	hand     hand

	standing     standing
	history      history
	historyBytes int64
	heapBytes    int64

	waiting sync.Mutex
	// published is closed at the next publication; nil while nobody waits.
	published chan struct{}
}

// Open loads everything that st holds.
func Open(st *store.Store, o Options) (*Engine, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	e := &Engine{maxValues: o.MaxValues, sync: !o.NoSync, versions: new(versions), historyBytes: o.HistoryBytes, heapBytes: o.HeapBytes}
	e.Reader = Reader{e: e}
	e.history.open(o.Blocks)
	e.standing.open(&o)
	if e.maxValues == 0 {
		e.maxValues = DefaultMaxValues
	}
	e.scratch.New = func() any { return &scratch{engine: e, shard: e.history.shard()} }
	if err := e.reload(st); err != nil {
		return nil, err
	}
	return e, nil
}

// Swap makes st what the engine answers from and applies to, from one query to the next. Queries under way finish with
// what they have begun with. When it returns nil the engine uses the store of before no more, and the caller may close
// it; after an error nothing has changed.
func (e *Engine) Swap(st *store.Store) error {
	e.applying.Lock()
	defer e.done()
	return e.reload(st)
}

// reload reads everything that st holds and publishes it.
func (e *Engine) reload(st *store.Store) error {
	remembered := newRepeats()
	err := st.EachRepeat(func(o protocol.Origin, index uint64) error {
		remembered.load(o, index)
		return nil
	})
	if err != nil {
		return fmt.Errorf("load the repeats: %w", err)
	}
	rt, err := e.load(st)
	if err != nil {
		return fmt.Errorf("load the columns: %w", err)
	}
	e.store, e.time, e.repeats, e.failed = st, st.Time(), remembered, nil
	e.versions.restart(e.root.Load(), rt)
	e.publish(rt)
	return nil
}

// Time returns the stamp of the newest log entry that was applied, in UTC seconds; 0 = none is known.
func (e *Engine) Time() int64 {
	e.applying.Lock()
	defer e.applying.Unlock()
	return e.time
}

// Applied returns the index of the newest log entry that queries see.
func (e *Engine) Applied() uint64 { return e.root.Load().applied }

// WaitApplied returns when queries see the log entry index, or with the context's error.
func (e *Engine) WaitApplied(ctx context.Context, index uint64) error {
	if _, err := e.await(ctx, func(rt *root) bool { return rt.applied >= index }); err != nil {
		return fmt.Errorf("wait for index %d, at %d: %w", index, e.Applied(), err)
	}
	return nil
}

// await returns the first root that is good, or the context's error.
func (e *Engine) await(ctx context.Context, good func(*root) bool) (*root, error) {
	for {
		e.waiting.Lock()
		if rt := e.root.Load(); good(rt) {
			e.waiting.Unlock()
			return rt, nil
		}
		if e.published == nil {
			e.published = make(chan struct{})
		}
		next := e.published
		e.waiting.Unlock()
		select {
		case <-next:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// publish makes rt what queries see.
func (e *Engine) publish(rt *root) {
	e.root.Store(rt)
	e.waiting.Lock()
	defer e.waiting.Unlock()
	if e.published != nil {
		close(e.published)
		e.published = nil
	}
}
