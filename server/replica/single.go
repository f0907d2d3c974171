package replica

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// Single is the log of a node that is alone: one goroutine, in which everything that waits becomes one entry.
type Single struct {
	machine StateMachine
	o       Options

	wake    chan struct{} // holds one token when the queue or closed changed
	stopped chan struct{} // closed when the goroutine has ended

	mu struct {
		sync.Mutex
		queue  []*entry // in order
		bytes  int      // of the queue's writes
		closed bool
		failed error // why the log has stopped; wraps ErrFailed
		stats  Stats
	}

	// Of the goroutine alone.
	writing []*protocol.Write
	time    int64 // stamp of the newest entry
}

// entry is one write on its way. Its fields but done are guarded by Single.mu until it is taken from the queue, and are
// the goroutine's from then on, until done is closed.
type entry struct {
	write *protocol.Write
	bytes int
	taken bool
	index uint64
	err   error
	done  chan struct{}
}

var _ Log = (*Single)(nil)

// NewSingle starts a log over a state machine that nobody else applies to.
func NewSingle(machine StateMachine, o Options) (*Single, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	s := &Single{
		machine: machine,
		o:       o.withDefaults(),
		wake:    make(chan struct{}, 1),
		stopped: make(chan struct{}),
	}
	go s.run()
	return s, nil
}

// Append implements Log. A context that ends while the write waits takes it out of the queue (ErrAbandoned). Once the
// write is being committed, Append waits for the outcome whatever the context says: a commit takes as long as an fsync,
// and afterwards the writer knows what happened.
func (s *Single) Append(ctx context.Context, w *protocol.Write) (uint64, error) {
	if err := ctx.Err(); err != nil {
		return 0, fmt.Errorf("%w: %w", ErrAbandoned, err)
	}
	e := &entry{write: w, bytes: size(w), done: make(chan struct{})}
	if err := s.push(e); err != nil {
		return 0, err
	}
	select {
	case <-e.done:
	case <-ctx.Done():
		if s.abandon(e) {
			return 0, fmt.Errorf("%w: %w", ErrAbandoned, ctx.Err())
		}
		<-e.done
	}
	return e.index, e.err
}

// push puts an entry into the queue.
func (s *Single) push(e *entry) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.mu.failed != nil:
		return s.mu.failed
	case s.mu.closed:
		return ErrClosed
	case len(s.mu.queue) >= s.o.QueueWrites, len(s.mu.queue) > 0 && s.mu.bytes+e.bytes > s.o.QueueBytes:
		return ErrFull
	}
	s.mu.queue = append(s.mu.queue, e)
	s.mu.bytes += e.bytes
	s.signal()
	return nil
}

// abandon takes back an entry that is still in the queue, and tells whether it was.
func (s *Single) abandon(e *entry) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.taken {
		return false
	}
	i := slices.Index(s.mu.queue, e)
	s.mu.queue = slices.Delete(s.mu.queue, i, i+1)
	s.mu.bytes -= e.bytes
	return true
}

// signal lets the goroutine look at the queue again.
func (s *Single) signal() {
	select {
	case s.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// Barrier implements Log: what a lone node has acknowledged it has applied, so every local read sees it.
func (s *Single) Barrier(ctx context.Context) error { return ctx.Err() }

// Stats implements Log.
func (s *Single) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	stats := s.mu.stats
	stats.Queued = len(s.mu.queue)
	return stats
}

// Close implements Log. It may be called more than once.
func (s *Single) Close() error {
	s.mu.Lock()
	s.mu.closed = true
	s.mu.Unlock()
	s.signal()
	<-s.stopped
	return nil
}

// run forms entries and commits them until the log is closed and the queue is empty, or the state machine has failed.
func (s *Single) run() {
	defer close(s.stopped)
	var group []*entry
	for {
		var more bool
		if group, more = s.take(group[:0]); !more {
			return
		}
		if len(group) == 0 {
			<-s.wake
			continue
		}
		if err := s.commit(group); err != nil {
			s.fail(err)
			return
		}
		clear(group)
	}
}

// take appends to group what becomes the next entry: the head of the queue up to the limits of an entry. more is false
// when there never will be anything again.
func (s *Single) take(group []*entry) (_ []*entry, more bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	bytes := 0
	for _, e := range s.mu.queue {
		if len(group) == s.o.EntryWrites || len(group) > 0 && bytes+e.bytes > s.o.EntryBytes {
			break
		}
		e.taken = true
		bytes += e.bytes
		group = append(group, e)
	}
	s.mu.queue = slices.Delete(s.mu.queue, 0, len(group))
	s.mu.bytes -= bytes
	return group, len(group) > 0 || !s.mu.closed
}

// commit applies a group as one entry and answers its writers. The error is that of the state machine.
func (s *Single) commit(group []*entry) error {
	// A clock that was set back must not make an update older than the creation before it.
	s.time = max(s.time, s.o.Now().Unix())
	s.writing = s.writing[:0]
	for _, e := range group {
		e.write.Time = s.time
		s.writing = append(s.writing, e.write)
	}
	index := s.machine.Applied() + 1
	outcomes, err := s.apply(index)
	clear(s.writing)
	if err == nil {
		s.count(len(group))
	}
	for i, e := range group {
		switch {
		case err != nil:
			e.err = fmt.Errorf("%w: %w", ErrUnknown, err)
		case outcomes[i] != nil:
			e.err = outcomes[i]
		default:
			e.index = index
		}
		close(e.done)
	}
	return err
}

func (s *Single) count(writes int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mu.stats.Entries++
	s.mu.stats.Writes += uint64(writes)
}

// apply calls the state machine. A panic there is a failure too: nobody knows what was half done.
func (s *Single) apply(index uint64) (outcomes []error, err error) {
	defer func() {
		if p := recover(); p != nil {
			s.o.Logger.Error("panic while a log entry was applied", "index", index, "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic while entry %d was applied: %v", index, p)
		}
	}()
	outcomes, err = s.machine.Apply(index, s.writing)
	if err == nil && len(outcomes) != len(s.writing) {
		err = fmt.Errorf("%d outcomes for the %d writes of entry %d", len(outcomes), len(s.writing), index)
	}
	return outcomes, err
}

// fail stops the log: what waits and what comes is refused.
func (s *Single) fail(cause error) {
	s.o.Logger.Error("the log has stopped; restart the node", "error", cause)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mu.failed = fmt.Errorf("%w: %w", ErrFailed, cause)
	for _, e := range s.mu.queue {
		e.taken = true
		e.err = s.mu.failed
		close(e.done)
	}
	s.mu.queue, s.mu.bytes = nil, 0
}
