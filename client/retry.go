package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// again tells whether the call is to be tried again after a fault, and pauses before that where it makes sense.
func (c *Client) again(ctx context.Context, k *call, fault *Error, last *attempt) bool {
	pause, ok := c.retryOf(k, fault, last)
	if !ok {
		return false
	}
	if !k.deadline.IsZero() && time.Until(k.deadline) <= pause {
		return false
	}
	if pause > 0 && !sleep(ctx, c.closing, pause) {
		if err := ctx.Err(); err != nil {
			fault.Err = fmt.Errorf("%w before it was tried again after: %w", err, fault.Err)
		}
		return false
	}
	return true
}

// maxUnbound is how many connections may have forgotten a prepared query until a request gives up: after a node forgot them
// all, the next try may go to another one of its connections.
const maxUnbound = 8

// retryOf returns whether, and after which pause, a fault is worth another try.
func (c *Client) retryOf(k *call, fault *Error, last *attempt) (pause time.Duration, ok bool) {
	var refused *protocol.Error
	if fault.Stage == StageNode {
		errors.As(fault.Err, &refused)
	}
	pauses := backoff{c.o.RetryBackoff, c.o.BackoffMax}
	others := c.others(k, last)
	switch {
	case fault.Unsent && errors.Is(fault.Err, errRemoved) && k.node == "":
		return 0, true // the topology has changed already
	case refused != nil && refused.Code == protocol.CodeNotMaster:
		return c.redirect(k, refused, last)
	case refused != nil && refused.Code == protocol.CodeUnknownHandle && last.unbound < maxUnbound:
		last.unbound++
		return 0, true // it will be prepared again
	case k.op.Writes() && others && notDone(fault, refused):
		return c.election(k, last)
	case last.retries >= c.o.Retries || k.op.Writes() && uncertain(fault) && !last.repeatable:
		return 0, false
	case errors.Is(fault.Err, ErrConnLost) && fault.Stage != StageDial:
		if last.retries > 0 && !others {
			pause = pauses.pause(last.retries - 1)
		}
	case refused != nil && mayRepeat(k.op, refused.Code):
		if last.retries > 0 || !others {
			pause = pauses.pause(last.retries)
		}
	case errors.Is(fault.Err, errSlowTry):
	case fault.Stage == StageDial && errors.Is(fault.Err, ErrUnreachable) && others:
		// The node is away, another is there.
	default:
		return 0, false
	}
	if !fault.Unsent && !c.budget.take(c.now()) {
		c.overSpent.Add(1)
		fault.Err = fmt.Errorf("%w; %w", fault.Err, ErrRetryBudget)
		return 0, false
	}
	last.retries++
	return pause, true
}

// notDone tells whether a write certainly was not carried out because its node was not there or had no quorum.
func notDone(fault *Error, refused *protocol.Error) bool {
	if refused != nil {
		return refused.Code == protocol.CodeUnavailable
	}
	return fault.Unsent && (errors.Is(fault.Err, ErrConnLost) || errors.Is(fault.Err, ErrUnreachable))
}

// mayRepeat tells whether what the node refused with that code may be asked again.
func mayRepeat(op protocol.Op, code protocol.Code) bool {
	if op.Writes() {
		return code == protocol.CodeUnknownOutcome
	}
	return code.Retryable()
}

// uncertain tells whether a write may have been carried out although it failed.
func uncertain(fault *Error) bool {
	return !fault.Unsent && (fault.Stage != StageNode || errors.Is(fault.Err, protocol.ErrUnknownOutcome))
}

// worst returns what to say of a call whose last try failed with fault: of a write that an earlier try may have carried
// out, this too; and that it waited for a master.
func (a *attempt) worst(fault *Error) *Error {
	if a.refused != nil && !errors.Is(fault.Err, protocol.ErrNotMaster) {
		fault.Err = fmt.Errorf("%w; before that: %w", fault.Err, a.refused)
	}
	if a.begun == nil || a.begun == fault || uncertain(fault) {
		return fault
	}
	both := *a.begun
	both.Err = fmt.Errorf("%w; sent again: %w", a.begun.Err, fault.Err)
	return &both
}

// redirect follows a node that does not take writes to the one that it names. Where it names none, or one that is not
// there, an election is to come. Such an answer says that nothing was carried out.
func (c *Client) redirect(k *call, refused *protocol.Error, last *attempt) (pause time.Duration, ok bool) {
	c.redirects.Add(1)
	last.refused = refused
	if k.node != "" {
		return 0, false
	}
	c.master.CompareAndSwap(last.node, nil)
	if refused.Detail == "" {
		return c.election(k, last)
	}
	n, err := c.guest(refused.Detail)
	if err != nil {
		c.o.Logger.Warn("a node names a master that cannot be", "addr", last.node.addr, "err", err)
		return 0, false
	}
	if _, _, lost := n.lanes[laneWrite].news(); lost != nil && !n.ready() {
		return c.election(k, last)
	}
	c.master.Store(n)
	last.next = n
	if last.redirects++; last.redirects > 1 { // nodes may point at each other for a while
		return c.election(k, last)
	}
	return 0, true
}

// Waiting for a master.
const (
	electionPause = 250 * time.Millisecond // between tries, at most
	maxElections  = 64                     // tries of a call without a deadline
)

// election lets a call that wants the master wait, and try again until its deadline.
func (c *Client) election(k *call, last *attempt) (pause time.Duration, ok bool) {
	last.elections++
	if k.deadline.IsZero() && last.elections > maxElections {
		return 0, false
	}
	return backoff{c.o.RetryBackoff, max(electionPause, c.o.RetryBackoff)}.pause(last.elections), true
}
