package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Run drives a load and returns what it saw. Requests that fail are counted; an error is returned when the load could
// not be driven at all, or a connection broke.
func Run(ctx context.Context, l Load) (*Outcome, error) {
	if err := l.Validate(); err != nil {
		return nil, err
	}
	l = l.withDefaults()
	r := &run{load: &l, quota: int64(l.Requests)}
	if err := r.connect(ctx); err != nil {
		r.close()
		return nil, err
	}
	defer r.close()
	return r.drive(ctx)
}

// run is one load being driven.
type run struct {
	load    *Load
	quota   int64 // requests that may be sent in all; 0 = no bound
	sent    atomic.Int64
	done    atomic.Int64
	stop    atomic.Bool
	workers []*worker
	records []*record // one for each goroutine that reads replies
}

// replyWait bounds how long a connection waits for any reply before the run is given up.
const replyWait = 30 * time.Second

func (r *run) connect(ctx context.Context) error {
	for i := range r.load.Conns {
		address := r.load.Addresses[i%len(r.load.Addresses)]
		d := r.load.dialect(address)
		c, err := dial(ctx, address, d)
		if err != nil {
			return err
		}
		r.workers = append(r.workers, &worker{
			run: r, address: address, conn: c, dialect: d,
			source: newSource(r.load, d), started: make([]int64, r.load.ids()),
		})
	}
	return nil
}

func (r *run) close() {
	for _, w := range r.workers {
		w.conn.Close()
	}
}

func (r *run) drive(ctx context.Context) (*Outcome, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r.prepare()
	work, end, err := r.ready()
	if err != nil {
		return nil, err
	}
	defer end()
	if r.load.Duration > 0 {
		timer := time.AfterFunc(r.load.Duration, func() { r.stop.Store(true) })
		defer timer.Stop()
	}
	context.AfterFunc(ctx, func() { r.stop.Store(true) })
	finished := make(chan struct{})
	go r.report(finished)
	used := r.serverCPU()
	start := time.Now()
	err = work(start)
	elapsed := time.Since(start)
	used = r.serverCPU() - used
	close(finished)
	if err != nil {
		return nil, err
	}
	return r.outcome(elapsed, used), nil
}

// ready returns what drives the load from its start on, and what is to be called afterwards.
func (r *run) ready() (work func(start time.Time) error, end func(), err error) {
	switch {
	case r.load.Rate > 0:
		return r.each((*worker).open), func() {}, nil
	case r.load.Pipeline > 1:
		return r.each((*worker).closed), func() {}, nil
	}
	loops, err := r.enroll()
	if err != nil {
		return nil, nil, err
	}
	return loops.drive, loops.close, nil
}

// each returns what lets all workers work, each on a goroutine.
func (r *run) each(work func(w *worker, start time.Time) error) func(start time.Time) error {
	return func(start time.Time) error {
		var wg sync.WaitGroup
		for _, w := range r.workers {
			w.record = r.newRecord()
			wg.Go(func() {
				if err := work(w, start); err != nil {
					w.fail(err)
				}
			})
		}
		wg.Wait()
		return r.failure()
	}
}

// newRecord returns what a goroutine measures.
func (r *run) newRecord() *record {
	one := newRecord()
	r.records = append(r.records, one)
	return one
}

// failure returns what made workers fail, or nil. It is for after they have finished.
func (r *run) failure() error {
	var errs []error
	for _, w := range r.workers {
		errs = append(errs, w.err)
	}
	return errors.Join(errs...)
}

// serverCPU is the CPU time of the server so far, 0 where it is not known.
func (r *run) serverCPU() time.Duration {
	if r.load.ServerPID == 0 {
		return 0
	}
	used, err := ProcessCPU(r.load.ServerPID)
	if err != nil {
		return 0
	}
	return used
}

// readySlack is how much more than its share a connection may send, of requests made beforehand: 1/readySlack.
const readySlack = 4

// prepare makes the requests beforehand where the load says so. Connections that answer faster send more than their
// share; those beyond the slack are made while the clock runs.
func (r *run) prepare() {
	if !r.load.Ready || r.load.Requests == 0 || r.load.Rate > 0 {
		return
	}
	share := r.load.Requests/r.load.Conns + r.load.Pipeline
	var wg sync.WaitGroup
	for _, w := range r.workers {
		wg.Go(func() { w.source.prepare(share + share/readySlack) })
	}
	wg.Wait()
	runtime.GC() // what earlier runs left shall not be collected while the clock runs
}

// report calls Progress until the run is over.
func (r *run) report(finished chan struct{}) {
	if r.load.Progress == nil {
		return
	}
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			r.load.Progress(int(r.done.Load()))
		case <-finished:
			return
		}
	}
}

// claim takes the right to send up to n requests.
func (r *run) claim(n int) int {
	if r.stop.Load() {
		return 0
	}
	if r.quota == 0 {
		return n
	}
	if over := r.sent.Add(int64(n)) - r.quota; over > 0 {
		n = max(0, n-int(over))
	}
	return n
}

// worker drives one connection.
type worker struct {
	run      *run
	address  Address
	conn     net.Conn
	dialect  Dialect
	source   *source
	inFlight int
	begun    bool
	finished bool
	err      error   // why it failed
	started  []int64 // nanoseconds since the run's start, by the lowest bits of the request id
	record   *record // of the goroutine that reads the connection
}

// startRing is how many request ids apart two requests in flight on a connection can be, a power of two.
const startRing = 1 << 14

// ids returns how many requests of a connection have their start noted.
func (l *Load) ids() int {
	if l.Pipeline == 1 && l.Rate == 0 {
		return 1
	}
	return startRing
}

// at returns where the start of a request is noted.
func (w *worker) at(id uint64) *int64 { return &w.started[id&uint64(len(w.started)-1)] }

// closed keeps as many requests in flight as the load says: each reply that is read makes room for a new request, and
// all those of one read leave in one write.
func (w *worker) closed(start time.Time) error {
	reader := newFrameReader(w.conn)
	if err := w.send(w.conn, w.run.load.Pipeline, start); err != nil {
		return err
	}
	for w.inFlight > 0 {
		w.conn.SetReadDeadline(time.Now().Add(replyWait))
		if err := reader.more(); err != nil {
			return fmt.Errorf("%d requests in flight: %w", w.inFlight, err)
		}
		used, n, err := w.receive(reader.pending(), int64(time.Since(start)))
		if err != nil {
			return err
		}
		reader.consume(used)
		if err := w.send(w.conn, n, start); err != nil {
			return err
		}
	}
	return nil
}

// fail notes why a worker cannot go on, and stops all.
func (w *worker) fail(err error) {
	w.err = fmt.Errorf("%s: %w", w.address, err)
	w.run.stop.Store(true)
}

// send writes up to n new requests at once.
func (w *worker) send(to io.Writer, n int, start time.Time) error {
	n = w.run.claim(n)
	if n == 0 {
		return nil
	}
	first := w.source.next
	requests := w.source.batch(n)
	now := int64(time.Since(start))
	for id := first; id < w.source.next; id++ {
		*w.at(id) = now
	}
	w.inFlight += n
	_, err := to.Write(requests)
	return err
}

// receive takes all whole replies at the start of pending and returns how many bytes and how many replies it took.
func (w *worker) receive(pending []byte, now int64) (used, n int, err error) {
	for {
		size, id, ok, err := w.dialect.Reply(pending[used:])
		if err != nil {
			return used, n, err
		}
		if size == 0 {
			w.inFlight -= n
			w.run.done.Add(int64(n))
			return used, n, nil
		}
		w.record.add(now-atomic.LoadInt64(w.at(id)), ok)
		w.record.bytes += int64(size)
		used += size
		n++
	}
}
