package compare

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"

	"github.com/kamaitachi/kamaitachi/bench"
	"github.com/kamaitachi/kamaitachi/bench/redis"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// caller is one goroutine's way to call a server through an SDK; each call returns when it has its answer.
type caller func(ctx context.Context) error

// callers measures so many goroutines that call, each as soon as it has its answer, for about the given time.
func callers(ctx context.Context, goroutines int, d time.Duration, pids []int, next func() caller) (*bench.Outcome, error) {
	o := &bench.Outcome{Latency: bench.NewLatency()}
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		stop atomic.Bool
		errs []error
	)
	used, known := cpuOf(pids)
	start := time.Now()
	timer := time.AfterFunc(d, func() { stop.Store(true) })
	defer timer.Stop()
	for range goroutines {
		call := next()
		wg.Go(func() {
			latency, done := bench.NewLatency(), 0
			var err error
			for began := start; err == nil && !stop.Load() && ctx.Err() == nil; done++ {
				err = call(ctx)
				now := time.Now()
				latency.RecordValue(max(1, now.Sub(began).Microseconds()))
				began = now
			}
			mu.Lock()
			defer mu.Unlock()
			o.Requests += done
			o.Latency.Merge(latency)
			if err != nil {
				errs = append(errs, err)
			}
		})
	}
	wg.Wait()
	o.Elapsed = time.Since(start)
	if after, still := cpuOf(pids); known && still {
		o.ServerCPU = after - used
	}
	return o, errors.Join(append(errs, ctx.Err())...)
}

// cpuOf is the CPU time of processes so far; known tells whether the system says it of all.
func cpuOf(pids []int) (used time.Duration, known bool) {
	for _, pid := range pids {
		one, err := bench.ProcessCPU(pid)
		if err != nil {
			return 0, false
		}
		used += one
	}
	return used, len(pids) > 0
}

// sdkCallers are goroutines that ask for the recent reports of a subject (scenario 2) through our SDK.
type sdkCallers struct{ goroutines int }

func (sdkCallers) label() string { return "kamaitachi SDK" }

func (s sdkCallers) open(ctx context.Context, b *bout) (meter, error) {
	n, err := b.lab.node(ctx, nodeSpec{subjects: b.o.Subjects})
	if err != nil {
		return nil, err
	}
	// What the answers weigh is asked beforehand, over the wire.
	load := shape{scenario: bench.RecentOfOne}.load(n.market, n.deck(bench.RecentOfOne))
	load.Addresses = []bench.Address{n.address("")}
	_, warm, err := b.meter(ctx, load)
	if err != nil {
		return nil, err
	}
	b.node, b.replySize = n, warm.ReplySize
	next := func() caller {
		queries := bench.Queries(bench.RecentOfOne, n.market, 0, n.deck(bench.RecentOfOne))
		var r protocol.Result
		return func(ctx context.Context) error {
			if err := n.sdk.Recent(ctx, &queries().Recent, &r); err != nil {
				return err
			}
			if r.Rows() == 0 {
				return fmt.Errorf("an answer without rows")
			}
			return nil
		}
	}
	return b.callersMeter(ctx, s.goroutines, []int{n.PID()}, next)
}

// rueidisCallers are goroutines that GET payloads of as many bytes through rueidis.
type rueidisCallers struct{ goroutines int }

func (rueidisCallers) label() string { return "rueidis" }

func (s rueidisCallers) open(ctx context.Context, b *bout) (meter, error) {
	p, err := b.startRedis(ctx)
	if err != nil {
		return nil, err
	}
	size := int(b.replySize)
	if err := p.fillReady(ctx, size); err != nil {
		return nil, err
	}
	c, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{p.Addr()}, DisableCache: true})
	if err != nil {
		return nil, fmt.Errorf("rueidis: %w", err)
	}
	b.ends = append(b.ends, func() error { c.Close(); return nil })
	next := func() caller {
		i := 0
		return func(ctx context.Context) error {
			i++
			payload, err := c.Do(ctx, c.B().Get().Key(redis.ReadyKey(size, i)).Build()).AsBytes()
			if err == nil && len(payload) != size {
				err = fmt.Errorf("a payload of %d bytes, want %d", len(payload), size)
			}
			return err
		}
	}
	return b.callersMeter(ctx, s.goroutines, []int{p.PID()}, next)
}

// callersMeter warms up and returns what measures.
func (b *bout) callersMeter(ctx context.Context, goroutines int, pids []int, next func() caller) (meter, error) {
	if _, err := callers(ctx, goroutines, max(b.o.Time/3, leastWarmup), pids, next); err != nil {
		return nil, err
	}
	return func(ctx context.Context) (*sample, error) {
		o, err := callers(ctx, goroutines, b.o.Time, pids, next)
		if err != nil {
			return nil, err
		}
		o.ReplySize = b.replySize
		return &sample{Outcome: o}, nil
	}, nil
}
