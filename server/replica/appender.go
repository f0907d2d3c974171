package replica

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/raft"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// sentGroup is a group of writes that is one entry, on its way to a majority.
type sentGroup struct {
	group  []*entry
	future raft.ApplyFuture
}

// Append implements Log. Only the master orders writes: on another node the error is protocol.ErrNotMaster with the master's
// native address. A write is acknowledged when a majority has it on disk and this node has applied it. An error that is
// protocol.ErrUnknownOutcome leaves open whether it will be; every other says that nothing was written.
//
// A context that ends while the write waits takes it back. Once it is on its way Append waits for the outcome, at most
// until the node notices that it is the master no more.
func (r *Raft) Append(ctx context.Context, w *protocol.Write) (uint64, error) {
	if w.Put == nil && w.Delete == nil && w.Subjects == nil && w.Tables == nil {
		return 0, protocol.Errorf(protocol.CodeBadRequest, "a write that writes nothing")
	}
	if !r.leads() {
		return 0, r.notMaster()
	}
	if err := r.awaitFormed(ctx); err != nil {
		return 0, err
	}
	return r.queue.Append(ctx, w)
}

// leads tells whether this node believes to be the master.
func (r *Raft) leads() bool { return r.lib().State() == raft.Leader }

// awaitFormed returns when there are, or have been, as many voters as are expected.
func (r *Raft) awaitFormed(ctx context.Context) error {
	select {
	case <-r.formed:
		return nil
	default:
	}
	select {
	case <-r.formed:
		return nil
	case <-r.ctx.Done():
		return ErrClosed
	case <-ctx.Done():
		voters, _ := count(r.members())
		return fmt.Errorf("%w: %d voters are in, %d are expected: %w", ErrForming, voters, r.o.Expect, ctx.Err())
	}
}

// busy tells whether an entry is on its way, besides the one that is gathered and has its slot.
func (r *Raft) busy() bool { return len(r.slots) > 1 }

// append forms entries of all that waits and hands them to the library, until the queue is shut and empty.
func (r *Raft) append() {
	defer close(r.sent)
	for {
		r.slots <- struct{}{} // before the queue is looked at, so that what comes meanwhile joins the entry
		r.gather(r.busy)
		group, more := r.take(nil)
		switch {
		case !more:
			return
		case len(group) == 0:
			<-r.slots
			<-r.wake
		default:
			r.time = max(r.time, r.o.Log.Now().Unix())
			r.sent <- sentGroup{group, r.lib().Apply(r.encode(group), 0)}
		}
	}
}

func (r *Raft) encode(group []*entry) []byte {
	e, size := protocol.Entry{Time: r.time, Writes: make([]*protocol.Write, len(group))}, 0
	for i, one := range group {
		e.Writes[i] = one.write
		size += one.bytes
	}
	return e.AppendTo(make([]byte, 0, size))
}

// acknowledge answers the writers of each entry, in order.
func (r *Raft) acknowledge() {
	for g := range r.sent {
		err := g.future.Error()
		r.expect(len(g.group))
		<-r.slots
		r.signal()
		var res result
		if err == nil {
			res = g.future.Response().(result)
			if res.err == nil {
				r.count(len(g.group))
			} else {
				err = fmt.Errorf("%w: %w", ErrUnknown, res.err)
			}
		} else {
			err = r.refusal(err)
		}
		for i, e := range g.group {
			if err != nil {
				e.finish(0, nil, err)
			} else {
				e.finish(g.future.Index(), res.outcomes[i], nil)
			}
		}
	}
}

// refusal returns what an error of the library means to a writer.
func (r *Raft) refusal(err error) error {
	switch {
	case errors.Is(err, raft.ErrNotLeader):
		return r.notMaster()
	case errors.Is(err, raft.ErrLeadershipTransferInProgress):
		return ErrHandover
	case errors.Is(err, raft.ErrLeadershipLost):
		return ErrLeadershipLost
	}
	return fmt.Errorf("%w: %w", ErrLeadershipLost, err) // whatever it is, the entry may be in the log
}
