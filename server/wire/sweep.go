package wire

import (
	"time"

	"github.com/kamaitachi/kamaitachi/protocol"
)

const (
	lingerTimeout = time.Second            // for a peer to read why its connection closes
	maxSweep      = 250 * time.Millisecond // between two looks at all connections
	minSweep      = 5 * time.Millisecond
)

// sweepEvery returns the time between two sweeps: a fraction of the shortest timeout.
func (l *Listener) sweepEvery() time.Duration {
	every := maxSweep
	for _, d := range []time.Duration{l.limits.HelloTimeout, l.limits.HalfFrameTimeout, l.limits.IdleTimeout} {
		if d > 0 {
			every = min(every, d/4)
		}
	}
	return max(every, minSweep)
}

// verdict is what the sweep does with a connection.
type verdict uint8

const (
	keep   verdict = iota
	look           // wake it: what gnet still holds of its replies is only known on its loop
	hurry          // it has not said HELLO in time
	half           // the rest of a frame does not come
	silent         // it asks nothing
	gone           // it was told why it closes
)

// sweep enforces the timeouts of all connections; gnet has none.
func (l *Listener) sweep(now int64) {
	for _, c := range l.open(nil) {
		switch l.judge(c, now) {
		case look:
			c.Wake()
		case hurry:
			l.dismiss(c, "no HELLO came within %s", l.limits.HelloTimeout)
		case half:
			l.dismiss(c, "the rest of a frame did not come within %s", l.limits.HalfFrameTimeout)
		case silent:
			l.late.Add(1)
			l.engine.Close(c.gc)
		case gone:
			l.engine.Close(c.gc)
		}
	}
}

// judge decides about one connection.
func (l *Listener) judge(c *Conn, now int64) verdict {
	over := func(since int64, limit time.Duration) bool { return limit > 0 && now-since > int64(limit) }
	switch partial := c.partial.Load(); {
	case c.lingering.Load() != 0:
		if over(c.lingering.Load(), lingerTimeout) {
			return gone
		}
	case !c.greeted.Load():
		if over(c.opened, l.limits.HelloTimeout) {
			return hurry
		}
	case partial != 0 && over(partial, l.limits.HalfFrameTimeout):
		return half
	case c.inFlight.Load() == 0 && over(c.asked.Load(), l.limits.IdleTimeout):
		return silent
	case c.queued.Load() > 0:
		return look
	}
	return keep
}

// dismiss tells a peer that it was too slow, and closes the connection.
func (l *Listener) dismiss(c *Conn, format string, limit time.Duration) {
	l.late.Add(1)
	c.deliver(&Room{}, l.AppendError(nil, &l.shared, 0, protocol.Errorf(protocol.CodeProtocol, format, limit)), true)
}
