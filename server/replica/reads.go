package replica

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/raft"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// A linearizable read must see every write that was acknowledged, by whichever node, before the read was asked for. The
// master knows an index that is far enough: what it has applied itself, provided that it has applied an entry of its own
// term (so everything that masters before it acknowledged is applied too), and that a majority confirms, after that index
// was read, that it is still the master (so that no other acknowledges anything). A slave asks the master for the index and
// waits until it has applied as much.

// Barrier implements Log.
func (r *Raft) Barrier(ctx context.Context) error {
	if r.leads() {
		_, err := r.readIndex(ctx)
		return err
	}
	index, err := r.ahead.do(ctx, r.workers.spawn, r.askMaster)
	if err != nil {
		return err
	}
	return r.o.Machine.WaitApplied(ctx, index)
}

// readIndex returns, on the master, an index up to which a linearizable read must see the log.
func (r *Raft) readIndex(ctx context.Context) (uint64, error) {
	if err := r.awaitMark(ctx); err != nil {
		return 0, err
	}
	return r.verify.do(ctx, r.workers.spawn, func() (uint64, error) {
		index := r.o.Machine.Applied()
		err := r.lib().VerifyLeader().Error()
		switch {
		case err == nil:
			return index, nil
		case errors.Is(err, raft.ErrNotLeader):
			return 0, r.notMaster()
		}
		return 0, fmt.Errorf("%w: %w", ErrNoQuorum, err)
	})
}

// askMaster asks the master for the index.
func (r *Raft) askMaster() (uint64, error) {
	address, _ := r.leader()
	if address == "" {
		return 0, fmt.Errorf("%w: there is no master", ErrNoQuorum)
	}
	answer, err := r.control.ask(r.ctx, address, askIndex, nil)
	if err == nil && len(answer) != 8 {
		err = fmt.Errorf("an index of %d bytes", len(answer))
	}
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrNoQuorum, err)
	}
	return binary.BigEndian.Uint64(answer), nil
}

// Lead returns nil once this node is the master and has applied all that masters before it acknowledged. On another node it
// returns protocol.ErrNotMaster with the master's native address.
func (r *Raft) Lead(ctx context.Context) error {
	if r.leads() && r.marked.Load() == r.lib().CurrentTerm() {
		return nil
	}
	return r.awaitMark(ctx)
}

// awaitMark returns on a master that has applied an entry of its own term.
func (r *Raft) awaitMark(ctx context.Context) error {
	for {
		rung := r.bell.rings()
		if !r.leads() {
			return r.notMaster()
		}
		if r.marked.Load() == r.lib().CurrentTerm() {
			return nil
		}
		r.mark()
		select {
		case <-rung:
		case <-time.After(r.o.Lease): // it may have ceased to be the master
		case <-r.ctx.Done():
			return ErrClosed
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// mark makes a master apply an entry of its own: one without writes. It does not wait.
func (r *Raft) mark() {
	term := r.lib().CurrentTerm()
	if r.marked.Load() == term || !r.marking.CompareAndSwap(false, true) {
		return
	}
	started := r.workers.spawn(func() {
		defer r.bell.ring()
		defer r.marking.Store(false)
		future := r.lib().Apply((&protocol.Entry{}).AppendTo(nil), r.o.Election)
		if err := future.Error(); err != nil {
			return // no master any more, or soon tried again
		}
		if res := future.Response().(result); res.err == nil && r.lib().CurrentTerm() == term {
			r.marked.Store(term)
		}
	})
	if !started {
		r.marking.Store(false)
	}
}
