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
	pinged time.Time // when the peer was asked; zero = it was not
}

// tickPeriod returns how often a connection's deadlines and its life are looked at.
func tickPeriod(o *Options) time.Duration {
	period := 500 * time.Millisecond
	if o.RequestTimeout > 0 {
		period = min(period, o.RequestTimeout/16)
	}
	if o.IdlePing > 0 {
		period = min(period, o.IdlePing/4, o.DialTimeout/4)
	}
	return max(period, 5*time.Millisecond)
}

// tend looks after the connection until it is lost or ctx ends, whose cause breaks it. It returns why it broke.
func (c *conn) tend(ctx context.Context, o *Options) error {
	t := time.NewTicker(tickPeriod(o))
	defer t.Stop()
	c.life.heard = time.Now()
	for {
		select {
		case <-c.lost:
			return c.cause()
		case <-ctx.Done():
			c.fail(context.Cause(ctx))
		case now := <-t.C:
			c.sweep(now, o.RequestTimeout)
			if o.IdlePing > 0 {
				c.checkLife(now, o)
			}
		}
	}
}

// sweep ends the calls whose deadline is not that of a context.
func (c *conn) sweep(now time.Time, timeout time.Duration) {
	c.mu.Lock()
	defer c.unlock()
	end := func(k *call) {
		if k.swept && now.After(k.deadline) {
			stage, unsent := c.remove(k)
			k.fail(stage, fmt.Errorf("RequestTimeout of %v: %w", timeout, context.DeadlineExceeded), unsent)
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

// checkLife pings a peer that has been silent for IdlePing and breaks the connection when it stays silent.
func (c *conn) checkLife(now time.Time, o *Options) {
	if reads := c.reads.Load(); reads != c.life.reads {
		c.life = life{reads: reads, heard: now}
		return
	}
	switch {
	case c.life.pinged.IsZero() && now.Sub(c.life.heard) >= o.IdlePing:
		if c.sendPing() {
			c.life.pinged = now
		}
	case !c.life.pinged.IsZero() && now.Sub(c.life.pinged) >= o.DialTimeout:
		c.fail(fmt.Errorf("the node has sent nothing for %v, and did not answer PING within %v",
			now.Sub(c.life.heard).Round(time.Millisecond), o.DialTimeout))
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
