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

// retryOf returns whether, and after which pause, a fault is worth another try.
func (c *Client) retryOf(k *call, fault *Error, last *attempt) (pause time.Duration, ok bool) {
	var refused *protocol.Error
	switch {
	case errors.Is(fault.Err, errRemoved) && fault.Unsent:
		return 0, true // the topology has changed already
	case fault.Stage == StageNode && errors.As(fault.Err, &refused) && refused.Code == protocol.CodeNotMaster:
		return c.redirect(k, refused, last)
	}
	if last.retries >= c.o.Retries || k.op.Writes() && uncertain(fault) && !last.repeatable {
		return 0, false
	}
	pauses := backoff{c.o.RetryBackoff, c.o.BackoffMax}
	switch {
	case errors.Is(fault.Err, ErrConnLost) && fault.Stage != StageDial:
		if last.retries > 0 && !c.others(k, last) {
			pause = pauses.pause(last.retries - 1)
		}
	case refused != nil && mayRepeat(k.op, refused.Code):
		pause = pauses.pause(last.retries)
	case fault.Stage == StageDial && errors.Is(fault.Err, ErrUnreachable) && c.others(k, last):
		// The node is away, another is there.
	default:
		return 0, false
	}
	last.retries++
	return pause, true
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
// out, this too.
func (a *attempt) worst(fault *Error) *Error {
	if a.begun == nil || a.begun == fault || uncertain(fault) {
		return fault
	}
	both := *a.begun
	both.Err = fmt.Errorf("%w; sent again: %w", a.begun.Err, fault.Err)
	return &both
}

// redirect follows a node that does not take writes to the one that it names. Where it names none, an election goes on:
// the call is tried again until its deadline. Such an answer says that nothing was carried out.
func (c *Client) redirect(k *call, refused *protocol.Error, last *attempt) (pause time.Duration, ok bool) {
	if k.node != "" || k.deadline.IsZero() && last.redirects >= maxRedirects {
		return 0, false
	}
	c.master.CompareAndSwap(last.node, nil)
	if refused.Detail != "" {
		n, err := c.guest(refused.Detail)
		if err != nil {
			c.o.Logger.Warn("a node names a master that cannot be", "addr", last.node.addr, "err", err)
			return 0, false
		}
		c.master.Store(n)
		last.next = n
	}
	if refused.Detail == "" || last.redirects > 0 {
		pause = backoff{c.o.RetryBackoff, c.o.BackoffMax}.pause(last.redirects)
	}
	last.redirects++
	return pause, true
}

// maxRedirects bounds how often a call without a deadline looks for the master.
const maxRedirects = 32
