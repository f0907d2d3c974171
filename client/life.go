package client

import (
	"context"
	"fmt"
	"time"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// life is what the keeper of a connection knows about its being alive. Only the keeper's goroutine uses it.
type life struct {
	reads  uint64    // of the connection, when it was last looked at
	heard  time.Time // when reads was last seen to grow
	busy   bool      // something was in flight then
	pinged time.Time // when the peer was asked; zero = it was not
}

// tickPeriod returns how often the connection's deadlines and its life are looked at.
func (c *conn) tickPeriod(o *Options) time.Duration {
	period := 500 * time.Millisecond
	if o.RequestTimeout > 0 {
		period = min(period, o.RequestTimeout/16)
	}
	if o.IdlePing > 0 {
		period = min(period, o.IdlePing/4, o.DialTimeout/4)
	}
	if c.stall > 0 {
		period = min(period, c.stall/4)
	}
	if o.TryTimeout > 0 {
		period = min(period, o.TryTimeout/4)
	}
	return max(period, 5*time.Millisecond)
}

// tend looks after the connection until it is lost or ctx ends, whose cause breaks it. It returns why it broke.
func (c *conn) tend(ctx context.Context, o *Options) error {
	t := time.NewTicker(c.tickPeriod(o))
	defer t.Stop()
	c.life.heard = time.Now()
	for {
		select {
		case <-c.lost:
			return c.cause()
		case <-ctx.Done():
			c.fail(context.Cause(ctx))
		case now := <-t.C:
			c.sweep(now, o)
			c.nudge()
			c.checkLife(now, o)
		}
	}
}

// sweep ends the calls whose deadline is not that of a context, and the tries that are to be made elsewhere.
func (c *conn) sweep(now time.Time, o *Options) {
	c.mu.Lock()
	defer c.unlock()
	end := func(k *call) {
		switch {
		case k.swept && now.After(k.deadline):
			stage, unsent := c.remove(k)
			k.fail(stage, fmt.Errorf("RequestTimeout of %v, or the deadline of a raw request: %w", o.RequestTimeout,
				context.DeadlineExceeded), unsent)
		case !k.cut.IsZero() && now.After(k.cut):
			stage, unsent := c.remove(k)
			k.fail(stage, fmt.Errorf("%w within TryTimeout of %v", errSlowTry, o.TryTimeout), unsent)
		}
	}
	for k := c.waiting.first; k != nil; {
		next := k.next
		end(k)
		k = next
	}
	for i := range c.table.entries {
		if k := c.table.entries[i].call; k != nil {
			end(k)
		}
	}
}

// silence returns how long the peer may be silent before it is asked whether it lives, and how long it may take to answer.
// 0 = it is never asked.
func (c *conn) silence(o *Options) (idle, answer time.Duration) {
	if c.stall > 0 && c.busy.Load() > 0 {
		return c.stall / 2, c.stall / 2
	}
	return max(o.IdlePing, 0), o.DialTimeout
}

// checkLife pings a peer that has been silent for too long and breaks the connection when it stays silent.
func (c *conn) checkLife(now time.Time, o *Options) {
	if reads := c.reads.Load(); reads != c.life.reads {
		c.life = life{reads: reads, heard: now}
		return
	}
	idle, answer := c.silence(o)
	if busy := c.busy.Load() > 0; c.stall > 0 && busy != c.life.busy {
		c.life.heard, c.life.busy = now, busy // it has been asked only now
	}
	switch {
	case idle == 0:
	case c.life.pinged.IsZero() && now.Sub(c.life.heard) >= idle:
		if c.sendPing() {
			c.life.pinged = now
		}
	case !c.life.pinged.IsZero() && now.Sub(c.life.pinged) >= answer:
		c.fail(fmt.Errorf("the node has sent nothing for %v, and did not answer PING within %v",
			now.Sub(c.life.heard).Round(time.Millisecond), answer))
	}
}

// sendPing sends a PING that nobody waits for, past those who wait for room. It returns false where not even that has a
// place: then a call is in flight on a node that takes one at a time.
func (c *conn) sendPing() bool {
	c.mu.Lock()
	defer c.unlock()
	if c.table.used() >= c.hardRoom || c.err != nil {
		return false
	}
	c.admit(&call{done: make(chan struct{}, 1), op: protocol.OpPing, ping: true, buf: empty.AppendTo(nil)})
	return true
}
