package replica

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/raft"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// members returns the newest configuration.
func (r *Raft) members() raft.Configuration { return r.lib().GetConfiguration().Configuration() }

// count returns how many voters and how many others there are.
func count(c raft.Configuration) (voters, others int) {
	for _, s := range c.Servers {
		if s.Suffrage == raft.Voter {
			voters++
		} else {
			others++
		}
	}
	return voters, others
}

// Join takes a node into the cluster, without a vote; it gets one when it has caught up and did not ask to be a read copy.
// address is where the other nodes reach it. A member that joins again with another address has moved. Only the master can
// do it; errors are those of Append, or wrap ErrMember.
func (r *Raft) Join(ctx context.Context, node, address string) error {
	if _, err := parseID(node); err != nil {
		return fmt.Errorf("%w: %w", ErrMember, err)
	}
	if address == "" || len(address) > maxAddress {
		return fmt.Errorf("%w: the address of node %s has %d bytes, must have 1 to %d", ErrMember, node, len(address), maxAddress)
	}
	if !r.leads() {
		return r.notMaster()
	}
	for _, s := range r.members().Servers {
		switch {
		case string(s.ID) == node && string(s.Address) == address:
			return nil
		case string(s.ID) != node && string(s.Address) == address:
			return fmt.Errorf("%w: %s is the address of node %s; remove that first if it will not come back", ErrMember, address, s.ID)
		}
	}
	return r.change(ctx, func() raft.Future {
		return r.lib().AddNonvoter(raft.ServerID(node), raft.ServerAddress(address), 0, controlTimeout)
	})
}

// Remove takes a node out of the cluster, and tells it so if it is there: it then shows what it has to nobody any more. A node
// that lost its data comes back under a new id. Errors are as with Join.
func (r *Raft) Remove(ctx context.Context, node string) error {
	if !r.leads() {
		return r.notMaster()
	}
	for _, s := range r.members().Servers {
		if string(s.ID) == node {
			err := r.change(ctx, func() raft.Future { return r.lib().RemoveServer(s.ID, 0, controlTimeout) })
			if err == nil {
				r.tellRemoved(s)
			}
			return err
		}
	}
	return fmt.Errorf("%w: there is no node %q", ErrMember, node)
}

// tellRemoved tells a node that it is no member any more: the log says so to those only who are.
func (r *Raft) tellRemoved(s raft.Server) {
	node, err := parseID(string(s.ID))
	if err != nil {
		return // never: it has joined
	}
	if node == r.node {
		r.leave()
		return
	}
	r.workers.spawn(func() {
		ctx, cancel := context.WithTimeout(r.ctx, controlTimeout)
		defer cancel()
		if _, err := r.control.ask(ctx, string(s.Address), askRemoved, node[:]); err != nil {
			r.o.Logger.Info("the node that was removed is not there to be told", "node", s.ID, "error", err)
		}
	})
}

// leave notes that this node is no member any more.
func (r *Raft) leave() {
	r.gone.Do(func() {
		r.o.Logger.Warn("the node was removed from its cluster; started again it joins anew")
		r.ready.Store(false)
		close(r.removed)
	})
}

// Removed is closed when this node learns that it was removed from its cluster. What it has grows old from then on.
func (r *Raft) Removed() <-chan struct{} { return r.removed }

// isMember tells whether this node has not learned that it was removed.
func (r *Raft) isMember() bool {
	select {
	case <-r.removed:
		return false
	default:
		return true
	}
}

// change changes the configuration and waits until a majority knows.
func (r *Raft) change(ctx context.Context, begin func() raft.Future) error {
	done := make(chan error, 1)
	if !r.workers.spawn(func() { done <- begin().Error() }) {
		return ErrClosed
	}
	select {
	case err := <-done:
		switch {
		case err == nil:
			return nil
		case errors.Is(err, raft.ErrNotLeader), errors.Is(err, raft.ErrLeadershipLost),
			errors.Is(err, raft.ErrLeadershipTransferInProgress):
			return r.refusal(err)
		}
		return fmt.Errorf("%w: %w", ErrMember, err)
	case <-ctx.Done():
		return protocol.Errorf(protocol.CodeUnknownOutcome, "the change of the members was begun and not finished in time")
	}
}

// JoinBy asks the nodes at the addresses (those for other nodes) to take this one in, one after the other and whom they
// name as the master, until one has. A node that is a member already may call it again, for example after it has moved.
func (r *Raft) JoinBy(ctx context.Context, addresses ...string) error {
	question := append(append([]byte{}, r.node[:]...), flags(r.o.Learner, r.o.Prefer))
	question = append(question, r.Addr()...)
	errs := []error{ErrMember}
	for _, address := range addresses {
		if ctx.Err() != nil {
			break
		}
		for range 2 { // once the one that was named, once the master that it names
			_, err := r.control.ask(ctx, address, askJoin, question)
			if err == nil {
				return nil
			}
			errs = append(errs, err)
			var elsewhere *notMaster
			if !errors.As(err, &elsewhere) || elsewhere.address == "" || elsewhere.address == address {
				break
			}
			address = elsewhere.address
		}
	}
	return errors.Join(errs...)
}

// correctAddress tells the others when this node, the master, has another address than they know.
func (r *Raft) correctAddress(servers raft.Configuration) {
	for _, s := range servers.Servers {
		if string(s.ID) == r.node.String() && string(s.Address) != r.Addr() {
			if err := r.lib().AddVoter(s.ID, raft.ServerAddress(r.Addr()), 0, controlTimeout).Error(); err != nil {
				r.o.Logger.Warn("the other nodes do not know this one's address yet", "error", err)
			}
		}
	}
}

// promote gives a vote to one node that has earned it.
func (r *Raft) promote(servers raft.Configuration) {
	for _, s := range servers.Servers {
		if s.Suffrage == raft.Voter || !r.peers.caughtUp(string(s.ID), r.o.PromoteAfter) {
			continue
		}
		r.o.Logger.Info("a node has caught up and gets a vote", "node", s.ID)
		if err := r.lib().AddVoter(s.ID, s.Address, 0, controlTimeout).Error(); err != nil {
			r.o.Logger.Warn("the node did not get its vote", "node", s.ID, "error", err)
		}
		return // the next one when all know of this one
	}
}

// yield hands leadership over to a node that prefers it. A node that has become the master leads for TransferEvery at least,
// so that there is at most one handover in that time, whoever leads.
func (r *Raft) yield(servers raft.Configuration) {
	if r.o.Prefer || time.Since(r.ledSince) < r.o.TransferEvery {
		return
	}
	for _, s := range servers.Servers {
		if s.Suffrage != raft.Voter || !r.peers.prefers(string(s.ID)) {
			continue
		}
		r.ledSince = time.Now()
		r.o.Logger.Info("leadership is handed over to a node that prefers it", "node", s.ID)
		if err := r.lib().LeadershipTransferToServer(s.ID, s.Address).Error(); err != nil {
			r.o.Logger.Warn("leadership could not be handed over", "node", s.ID, "error", err)
		}
		return
	}
}

// HandOver gives leadership to another voter, if this node leads and there is one: before it leaves. It returns when that
// is done, or was in vain.
func (r *Raft) HandOver() {
	if voters, _ := count(r.members()); !r.leads() || voters < 2 {
		return
	}
	if err := r.lib().LeadershipTransfer().Error(); err != nil {
		r.o.Logger.Info("leadership could not be handed over; the others will elect", "error", err)
	}
}
