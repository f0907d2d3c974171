package compare

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kamaitachi/kamaitachi/protocol"
)

const (
	writesPerSecond = 1_000 // reports, each a durable write of its own
	writesInFlight  = 64
	leastWritten    = 0.9 // of them must be acknowledged in time, else the node fails
	writeTick       = time.Millisecond
)

// writer writes reports of random subjects to a node at a rate, until it is stopped.
type writer struct {
	node   *node
	due    chan struct{}
	done   atomic.Int64
	begun  time.Time
	cancel context.CancelFunc
	wg     sync.WaitGroup
	mu     sync.Mutex
	err    error
}

func startWriter(ctx context.Context, n *node) *writer {
	w := &writer{node: n, due: make(chan struct{}, writesPerSecond), begun: time.Now()}
	ctx, w.cancel = context.WithCancel(ctx)
	w.wg.Go(func() { w.pace(ctx) })
	for i := range writesInFlight {
		w.wg.Go(func() { w.write(uint64(i)) })
	}
	return w
}

// pace lets so many writes go that the rate is kept since the beginning; those that nobody takes are lost.
func (w *writer) pace(ctx context.Context) {
	defer close(w.due)
	tick := time.NewTicker(writeTick)
	defer tick.Stop()
	for let := 0; ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for ; let < int(time.Since(w.begun).Seconds()*writesPerSecond); let++ {
			select {
			case w.due <- struct{}{}:
			default:
			}
		}
	}
}

// write writes a report whenever one is due. What is begun is ended.
func (w *writer) write(stream uint64) {
	rnd := rand.New(rand.NewPCG(uint64(w.begun.UnixNano()), stream))
	for range w.due {
		if _, err := w.node.sdk.Put(context.Background(), restatement(w.node, rnd)); err != nil {
			w.mu.Lock()
			w.err = errors.Join(w.err, err)
			w.mu.Unlock()
			return
		}
		w.done.Add(1)
	}
}

// restatement is a new declaration of a subject's newest report.
func restatement(n *node, rnd *rand.Rand) *protocol.Put {
	declared := n.market.To + (1+rnd.Int64N(400))*protocol.SecondsPerDay
	report := protocol.Report{Subject: n.market.Keys[rnd.IntN(len(n.market.Keys))], ReportDate: n.market.To,
		Type: protocol.DefaultReportType, DeclareDate: protocol.At(declared), Period: "596001", Year: 2023}
	for range n.market.IDs {
		report.Values = append(report.Values, 1e9*rnd.Float64())
	}
	return &protocol.Put{IDs: n.market.IDs, Reports: []protocol.Report{report}}
}

// stop ends the writing and returns how many reports a second were acknowledged.
func (w *writer) stop() (float64, error) {
	perSecond := float64(w.done.Load()) / time.Since(w.begun).Seconds()
	w.cancel()
	w.wg.Wait()
	return perSecond, w.err
}

// whileWritten measures while reports are written to the node. A node that does not acknowledge them at their rate fails.
func whileWritten(n *node, m meter) meter {
	return func(ctx context.Context) (*sample, error) {
		w := startWriter(ctx, n)
		s, err := m(ctx)
		perSecond, fault := w.stop()
		if err = errors.Join(err, fault); err != nil {
			return nil, err
		}
		if perSecond < leastWritten*writesPerSecond {
			s.fault = fmt.Sprintf("only %.0f of %d reports a second were acknowledged", perSecond, writesPerSecond)
		}
		return s, nil
	}
}
