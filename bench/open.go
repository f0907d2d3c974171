package bench

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"time"
)

// maxBurst bounds the requests that an open loop sends at once after a stall.
const maxBurst = 1_024

// open sends at the load's rate whatever the replies do, and counts latency from when a request should have left.
// One goroutine sends, this one reads.
func (w *worker) open(start time.Time) error {
	sent := make(chan int64, 1) // total of requests, once all are sent
	failed := make(chan error, 1)
	go func() {
		total, err := w.sendOnTime(start)
		if err != nil {
			failed <- err
		}
		sent <- total
	}()
	reader := newFrameReader(w.conn)
	total, got := int64(-1), int64(0)
	for total < 0 || got < total {
		select {
		case total = <-sent:
			continue
		case err := <-failed:
			return err
		default:
		}
		w.conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		if err := reader.more(); err != nil {
			var timeout net.Error
			if !errors.As(err, &timeout) || !timeout.Timeout() || errors.Is(err, os.ErrClosed) {
				return err
			}
			if total >= 0 && time.Since(start) > w.lastSent(start)+replyWait {
				return fmt.Errorf("%d of %d requests were not answered within %s", total-got, total, replyWait)
			}
			continue
		}
		used, n, err := w.receive(reader.pending(), int64(time.Since(start)))
		if err != nil {
			return err
		}
		reader.consume(used)
		got += int64(n)
	}
	return nil
}

// lastSent is when the newest request should have left.
func (w *worker) lastSent(start time.Time) time.Duration {
	if w.source.next == 0 {
		return 0
	}
	return time.Duration(atomic.LoadInt64(w.at(w.source.next - 1)))
}

// sendOnTime sends each request when its time has come, those that are late all at once.
func (w *worker) sendOnTime(start time.Time) (int64, error) {
	interval := float64(time.Second) * float64(w.run.load.Conns) / w.run.load.Rate
	var total int64
	var out []byte
	for {
		due := int64(float64(time.Since(start))/interval) + 1 - total
		if due <= 0 {
			if w.run.stop.Load() {
				return total, nil
			}
			time.Sleep(time.Duration(float64(total)*interval) - time.Since(start))
			continue
		}
		n := w.run.claim(int(min(due, maxBurst)))
		if n == 0 {
			return total, nil
		}
		out = out[:0]
		for range n {
			var id uint64
			out, id = w.source.append(out)
			atomic.StoreInt64(w.at(id), int64(float64(total)*interval))
			total++
		}
		if _, err := w.conn.Write(out); err != nil {
			return total, err
		}
	}
}
