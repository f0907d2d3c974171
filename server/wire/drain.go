package wire

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/panjf2000/gnet/v2"
)

const (
	drainPause = 10 * time.Millisecond // between two looks at all connections
	drainQuiet = 2                     // looks in a row that must find nothing new
	drainGrace = time.Second           // for clients that go on asking though they are only refused

	stopPatience = time.Second // until an engine that does not stop by itself is told to
)

// errStopped is returned by a drain that finds the engine gone.
var errStopped = errors.New("the listener had stopped by itself")

// Shutdown drains the listener and stops it. Everything that was read before is answered and sent unless ctx ends first,
// which is the error then.
func (l *Listener) Shutdown(ctx context.Context) error {
	l.draining.Store(true)
	l.stopWaits()
	err := l.drain(ctx)
	if err != nil {
		err = fmt.Errorf("drain the listener at %s: %d requests were in flight and %d bytes of replies not sent: %w",
			l.addr, l.inFlight.Load(), l.queued.Load(), err)
	}
	l.stop()
	l.stopService()
	return err
}

// stop ends the engine by taking away what it accepts from, over which it stops by itself. Told to stop, gnet ends its
// loops first and goes on accepting for a moment; such a connection has no loop, and would neither be served nor closed
// for as long as the process lives.
func (l *Listener) stop() {
	if err := stopAccepting(l.socket); err == nil {
		select {
		case <-l.ended:
			return
		case <-time.After(stopPatience):
		}
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	// Stop looks only twice a second whether all has ended, and we are told: given a context that has ended, it begins
	// to stop and returns.
	if err := l.engine.Stop(ended); !errors.Is(err, context.Canceled) {
		l.log.Debug("the engine had stopped before", "error", err)
	}
	<-l.ended
}

// Abort stops the listener at once, as accepting does that fails: what is under way is lost.
func (l *Listener) Abort(ctx context.Context) error { return l.engine.Stop(ctx) }

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
		case <-l.ended:
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
	l.life.RLock()
	defer l.life.RUnlock()
	if l.stopped {
		return false
	}
	return c.gc.Wake(func(gnet.Conn, error) error {
		looked <- struct{}{}
		return nil
	}) == nil
}
