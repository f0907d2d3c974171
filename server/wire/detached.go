package wire

import "context"

// Detached is a greeted connection without a socket, on an event loop of its own: it shows what a loop does between reading
// and writing, for tests and benchmarks of services.
type Detached struct{ *Conn }

// Detach returns a detached connection, which lives as long as ctx.
func (l *Listener) Detach(ctx context.Context) Detached {
	c := &Conn{l: l, loop: l.newLoop(), ctx: ctx}
	c.state = l.service.Opened(c)
	c.greeted.Store(true)
	c.woken.Store(true) // it has no socket to wake
	return Detached{c}
}

// Feed answers frames as one wake-up of a loop does. The replies are valid until the next Feed.
func (d Detached) Feed(frames []byte) (out []byte, used int, hangup bool) {
	d.loop.Began, d.loop.Budget = d.l.now(), d.l.o.LoopBudget
	out, used, hangup = d.cut(d.loop.out[:0], frames)
	d.l.service.Turned(d.loop)
	d.loop.publish(len(out))
	d.loop.out = out
	return out, used, hangup
}

// Left returns and takes what was delivered from elsewhere. It is valid until the next delivery.
func (d Detached) Left() []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	left := d.mu.pending
	d.mu.pending, d.mu.waiting = d.mu.pending[:0], 0
	d.count()
	return left
}

// InFlight returns how many requests were admitted and are not answered.
func (d Detached) InFlight() int { return int(d.l.inFlight.Load()) }
