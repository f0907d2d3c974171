package replica

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// queue holds the writes that wait until their log takes them, several at a time, as the writes of one entry. It is the
// part of a log that its callers meet.
type queue struct {
	o    Options       // with defaults
	wake chan struct{} // holds one token when the queue or closed changed
	// expected is how many writers waited, or were answered, when an entry was through last.
	expected atomic.Int64

	mu struct {
		sync.Mutex
		queue  []*entry // in order
		bytes  int      // of the queue's writes
		until  int      // so many wake who takes them
		closed bool
		failed error // why the log has stopped; wraps ErrFailed
		stats  Stats
	}
}

func newQueue(o Options) queue { return queue{o: o.withDefaults(), wake: make(chan struct{}, 1)} }

// entry is one write on its way. Its fields but done are guarded by queue.mu until it is taken from the queue, and are
// the log's goroutine's from then on, until done is closed.
type entry struct {
	write *protocol.Write
	bytes int
	taken bool
	index uint64
	err   error
	done  chan struct{}
}

// finish answers the writer: the write is in the entry index, where its outcome was that, or it failed with err.
func (e *entry) finish(index uint64, outcome, err error) {
	var repeated *protocol.Repeated
	switch {
	case err != nil:
		e.err = err
	case errors.As(outcome, &repeated):
		e.index = repeated.Index
	case outcome != nil:
		e.err = outcome
	default:
		e.index = index
	}
	close(e.done)
}

// Append implements Log. A context that ends while the write waits takes it out of the queue (ErrAbandoned). Once the
// write is being committed, Append waits for the outcome whatever the context says: a commit takes as long as an fsync,
// and afterwards the writer knows what happened.
func (q *queue) Append(ctx context.Context, w *protocol.Write) (uint64, error) {
	if err := ctx.Err(); err != nil {
		return 0, fmt.Errorf("%w: %w", ErrAbandoned, err)
	}
	e := &entry{write: w, bytes: size(w), done: make(chan struct{})}
	if err := q.push(e); err != nil {
		return 0, err
	}
	select {
	case <-e.done:
	case <-ctx.Done():
		if q.abandon(e) {
			return 0, fmt.Errorf("%w: %w", ErrAbandoned, ctx.Err())
		}
		<-e.done
	}
	return e.index, e.err
}

// push puts an entry into the queue.
func (q *queue) push(e *entry) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.mu.failed != nil:
		return q.mu.failed
	case q.mu.closed:
		return ErrClosed
	case len(q.mu.queue) >= q.o.QueueWrites, len(q.mu.queue) > 0 && q.mu.bytes+e.bytes > q.o.QueueBytes:
		return ErrFull
	}
	q.mu.queue = append(q.mu.queue, e)
	q.mu.bytes += e.bytes
	if len(q.mu.queue) >= q.mu.until || q.mu.bytes >= q.o.EntryBytes/largeShare {
		q.signal()
	}
	return nil
}

// abandon takes back an entry that is still in the queue, and tells whether it was.
func (q *queue) abandon(e *entry) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if e.taken {
		return false
	}
	i := slices.Index(q.mu.queue, e)
	q.mu.queue = slices.Delete(q.mu.queue, i, i+1)
	q.mu.bytes -= e.bytes
	return true
}

// signal lets the goroutine look at the queue again.
func (q *queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// Stats implements Log.
func (q *queue) Stats() Stats {
	q.mu.Lock()
	defer q.mu.Unlock()
	stats := q.mu.stats
	stats.Queued = len(q.mu.queue)
	return stats
}

// waiting returns how many writes are in the queue, and their bytes; of one that was shut, more than will ever be. Who
// takes them is woken when there are as many as until, or when they are large, and not by each before.
func (q *queue) waiting(until int) (writes, bytes int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.mu.closed {
		return math.MaxInt, q.mu.bytes
	}
	q.mu.until = until
	return len(q.mu.queue), q.mu.bytes
}

// shut refuses further writes.
func (q *queue) shut() {
	q.mu.Lock()
	q.mu.closed = true
	q.mu.Unlock()
	q.signal()
}

// take appends to group what becomes the next entry: the head of the queue up to the limits of an entry. more is false
// when there never will be anything again.
func (q *queue) take(group []*entry) (_ []*entry, more bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	bytes := 0
	for _, e := range q.mu.queue {
		if len(group) == q.o.EntryWrites || len(group) > 0 && bytes+e.bytes > q.o.EntryBytes {
			break
		}
		e.taken = true
		bytes += e.bytes
		group = append(group, e)
	}
	q.mu.queue = slices.Delete(q.mu.queue, 0, len(group))
	q.mu.until = 0
	q.mu.bytes -= bytes
	return group, len(group) > 0 || !q.mu.closed
}

func (q *queue) count(writes int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.mu.stats.Entries++
	q.mu.stats.Writes += uint64(writes)
}

// fail ends the queue: what waits and what comes is refused, for cause.
func (q *queue) fail(cause error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.mu.failed = fmt.Errorf("%w: %w", ErrFailed, cause)
	for _, e := range q.mu.queue {
		e.taken = true
		e.finish(0, nil, q.mu.failed)
	}
	q.mu.queue, q.mu.bytes = nil, 0
}
