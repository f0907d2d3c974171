package bench

import (
	"fmt"
	"sync"
	"time"

	"github.com/panjf2000/gnet/v2"
)

// loops drives a closed loop with one request in flight on each connection. Few event loops serve all connections: a
// goroutine for each would cost a system call, a timer and two switches more for every request, and a histogram that has
// left the processor's caches before it is used again. The servers would miss that time, which they share a machine with.
// Where many requests are in flight on each of a few connections (worker.closed), a wake-up moves many at once anyway.
type loops struct {
	gnet.BuiltinEventEngine
	run      *run
	client   *gnet.Client
	conns    []gnet.Conn // one for each worker of run
	start    time.Time
	finished sync.WaitGroup // of the workers

	mu      sync.Mutex
	records map[gnet.EventLoop]*record
}

// enroll hands the connections over to event loops, which wait for run.
func (r *run) enroll() (*loops, error) {
	c := &loops{run: r, records: map[gnet.EventLoop]*record{}}
	client, err := gnet.NewClient(c, gnet.WithMulticore(true), gnet.WithReadBufferCap(readBuffer), quiet())
	if err != nil {
		return nil, fmt.Errorf("event loops: %w", err)
	}
	if err := client.Start(); err != nil {
		return nil, fmt.Errorf("event loops: %w", err)
	}
	c.client = client
	for _, w := range r.workers {
		conn, err := client.EnrollContext(w.conn, w)
		if err != nil {
			c.close()
			return nil, fmt.Errorf("%s: %w", w.address, err)
		}
		c.conns = append(c.conns, conn)
	}
	return c, nil
}

// close ends the event loops and closes the connections.
func (c *loops) close() { c.client.Stop() }

// OnOpen gives a worker the record of its event loop.
func (c *loops) OnOpen(conn gnet.Conn) ([]byte, gnet.Action) {
	c.mu.Lock()
	defer c.mu.Unlock()
	on := conn.EventLoop()
	if c.records[on] == nil {
		c.records[on] = c.run.newRecord()
	}
	conn.Context().(*worker).record = c.records[on]
	return nil, gnet.None
}

// drive sends the first requests of all workers and returns when the last of their replies has come, or none has come
// for replyWait.
func (c *loops) drive(start time.Time) error {
	c.start = start
	c.finished.Add(len(c.conns))
	for _, conn := range c.conns {
		if err := conn.Wake(nil); err != nil {
			return fmt.Errorf("event loops: %w", err)
		}
	}
	finished := make(chan struct{})
	go func() { c.finished.Wait(); close(finished) }()
	tick := time.NewTicker(replyWait)
	defer tick.Stop()
	for before := int64(-1); ; {
		select {
		case <-finished:
			return c.run.failure()
		case <-tick.C:
			done := c.run.done.Load()
			if done == before {
				return fmt.Errorf("no reply within %v after %d", replyWait, done)
			}
			before = done
		}
	}
}

// OnTraffic takes the replies that came on a worker's connection and sends as many new requests. The first call comes
// from drive.
func (c *loops) OnTraffic(conn gnet.Conn) gnet.Action {
	w := conn.Context().(*worker)
	if w.finished {
		return gnet.None
	}
	n := w.run.load.Pipeline
	if w.begun {
		var err error
		if n, err = c.receive(w, conn); err != nil {
			c.finish(w, err)
			return gnet.Close
		}
	}
	w.begun = true
	if err := w.send(conn, n, c.start); err != nil {
		c.finish(w, err)
		return gnet.Close
	}
	if w.inFlight == 0 {
		c.finish(w, nil)
	}
	return gnet.None
}

// receive takes the whole replies that are there and returns how many there were.
func (c *loops) receive(w *worker, conn gnet.Conn) (int, error) {
	pending, err := conn.Peek(-1)
	if err != nil {
		return 0, err
	}
	used, n, err := w.receive(pending, int64(time.Since(c.start)))
	if err != nil || used == 0 { // gnet takes a Discard of nothing for one of everything
		return n, err
	}
	_, err = conn.Discard(used)
	return n, err
}

// OnClose is the end of a worker that was not done.
func (c *loops) OnClose(conn gnet.Conn, err error) gnet.Action {
	w := conn.Context().(*worker)
	if !w.finished {
		c.finish(w, fmt.Errorf("%d requests in flight: connection closed: %w", w.inFlight, err))
	}
	return gnet.None
}

// finish notes how a worker ended. One that failed stops all.
func (c *loops) finish(w *worker, err error) {
	w.finished = true
	if err != nil {
		w.fail(err)
	}
	c.finished.Done()
}
