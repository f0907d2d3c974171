package replica

import (
	"context"
	"fmt"
	"runtime/debug"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// Single is the log of a node that is alone: one goroutine, in which everything that waits becomes one entry.
type Single struct {
	queue
	machine StateMachine
	stopped chan struct{} // closed when the goroutine has ended

	// Of the goroutine alone.
	writing []*protocol.Write
	time    int64 // stamp of the newest entry
}

var _ Log = (*Single)(nil)

// NewSingle starts a log over a state machine that nobody else applies to.
func NewSingle(machine StateMachine, o Options) (*Single, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	s := &Single{
		queue:   newQueue(o),
		machine: machine,
		stopped: make(chan struct{}),
	}
	go s.run()
	return s, nil
}

// Barrier implements Log: what a lone node has acknowledged it has applied, so every local read sees it.
func (s *Single) Barrier(ctx context.Context) error { return ctx.Err() }

// Close implements Log. It may be called more than once.
func (s *Single) Close() error {
	s.shut()
	<-s.stopped
	return nil
}

// idle is what a log is that has no entry on its way while it forms the next.
func idle() bool { return false }

// run forms entries and commits them until the log is closed and the queue is empty, or the state machine has failed.
func (s *Single) run() {
	defer close(s.stopped)
	var group []*entry
	for {
		s.gather(idle)
		var more bool
		if group, more = s.take(group[:0]); !more {
			return
		}
		if len(group) == 0 {
			<-s.wake
			continue
		}
		if err := s.commit(group); err != nil {
			s.o.Logger.Error("the log has stopped; restart the node", "error", err)
			s.fail(err)
			return
		}
		clear(group)
	}
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
	s.expect(len(group))
	for i, e := range group {
		if err != nil {
			e.finish(0, nil, fmt.Errorf("%w: %w", ErrUnknown, err))
		} else {
			e.finish(index, outcomes[i], nil)
		}
	}
	return err
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
