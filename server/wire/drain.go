package wire

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	drainPause = 10 * time.Millisecond // between two looks at all connections
	drainQuiet = 2                     // looks in a row that must find nothing new
	drainGrace = time.Second           // for clients that go on asking though they are only refused
)

// errStopped is returned by a drain that finds the engine gone.
var errStopped = errors.New("the listener had stopped by itself")

// Shutdown drains the listener and stops it. Everything that was read before is answered and sent unless ctx ends first,
// which is the error then.
func (l *Listener) Shutdown(ctx context.Context) error {
	l.draining.Store(true)
	l.engine.Ends()
	l.stopWaits()
	err := l.drain(ctx)
	if err != nil {
		err = fmt.Errorf("drain the listener at %s: %d requests were in flight and %d bytes of replies not sent: %w",
			l.Addr(), l.inFlight.Load(), l.queued.Load(), err)
	}
	l.engine.Stop()
	l.stopService()
	return err
}

// Abort stops the listener at once, as accepting does that fails: what is under way is lost.
func (l *Listener) Abort(ctx context.Context) error { return l.engine.Abort(ctx) }

// drain returns when nothing is owed to any client: no request in flight, no reply unsent, and no new request between
// several looks, so that what had arrived when the drain began is answered too.
func (l *Listener) drain(ctx context.Context) error {
	var settledSince time.Time
	requests := l.requests()
	for quiet := 0; quiet < drainQuiet; {
		open, settled, err := l.lookAround(ctx)
		if err != nil || open == 0 {
			return err
		}
		now := l.requests()
		switch {
		case !settled:
			quiet, settledSince = 0, time.Time{}
		case settledSince.IsZero():
			quiet, settledSince = 0, time.Now()
		case time.Since(settledSince) > drainGrace:
			return nil
		case now != requests:
			quiet = 0
		default:
			quiet++
		}
		requests = now
		select {
		case <-time.After(drainPause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// requests returns how many requests have come so far.
func (l *Listener) requests() uint64 {
	t := l.Totals()
	return t.Sum()
}

// lookAround lets every loop run once more, and those connections be looked at that had replies unsent. It tells how
// many connections are open and whether all are settled.
func (l *Listener) lookAround(ctx context.Context) (open int, settled bool, err error) {
	conns := l.open(nil)
	looked := make(chan struct{}, len(conns))
	asked, loops := 0, map[*Loop]bool{}
	for _, c := range conns {
		if (c.queued.Load() > 0 || !loops[c.loop]) && l.look(c, looked) {
			loops[c.loop] = true
			asked++
		}
	}
	for range asked {
		select {
		case <-looked:
		case <-l.Done():
			return len(conns), false, errStopped
		case <-ctx.Done():
			return len(conns), false, ctx.Err()
		}
	}
	settled = l.inFlight.Load() == 0
	for _, c := range conns {
		settled = settled && c.settled()
	}
	return len(conns), settled, nil
}

// look wakes a connection and puts a token into looked once its loop has looked at it; it tells whether that will come.
func (l *Listener) look(c *Conn, looked chan<- struct{}) bool {
	return l.engine.Look(c.gc, func() { looked <- struct{}{} })
}
