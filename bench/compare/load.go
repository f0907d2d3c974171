package compare

import (
	"context"
	"time"

	"github.com/kamaitachi/kamaitachi/bench"
)

// shape is how sides are loaded: a closed loop of conns connections with pipeline requests in flight on each.
type shape struct {
	scenario        bench.Scenario
	conns, pipeline int // default 8 x 16
	repeat          int // distinct requests that are sent over and over; 0 = no request is ever repeated
}

// load returns the load of a shape.
func (s shape) load(m *bench.Market, deck *bench.Deck) bench.Load {
	return bench.Load{Scenario: s.scenario, Market: m, Conns: s.conns, Pipeline: s.pipeline, Repeat: s.repeat,
		Seed: uint64(s.repeat), Deck: deck}
}

// Bounds of a measurement.
const (
	leastWarmup  = 50 * time.Millisecond
	mostRequests = 400_000 // which are made beforehand, about a kilobyte each
	leastCycles  = 4       // of all requests in flight
	mostWarmups  = 12
	stillWarming = 1.25 // a warm-up that did so many times as much as the one before is followed by another
)

// meter warms a server up with a load and returns what measures it: as many requests as take about the time of a
// measurement, made before the clock starts.
func (b *bout) meter(ctx context.Context, load bench.Load) (meter, *bench.Outcome, error) {
	b.opened = load
	warmup := load
	warmup.Duration = max(b.o.Time/3, leastWarmup)
	warm, err := settled(ctx, warmup)
	if err != nil {
		return nil, nil, err
	}
	inFlight := or(load.Conns, bench.DefaultConns) * or(load.Pipeline, bench.DefaultPipeline)
	load.Requests = min(mostRequests, max(leastCycles*inFlight, int(warm.QPS()*b.o.Time.Seconds())))
	load.Ready = true
	return func(ctx context.Context) (*sample, error) {
		o, err := bench.Run(ctx, load)
		if err != nil {
			return nil, err
		}
		return &sample{Outcome: o}, nil
	}, warm, nil
}

// settled loads a server until that makes it no quicker any more, and returns the last outcome.
//
// What is built when it is first asked for (the orders of a topic of 500,000 take as long as a whole warm-up) must not say how
// many requests are a measurement: after a single warm-up those of P7 were 512, done in 5 ms, so that what was measured was a
// processor with cold caches, at 7.6 us of CPU a request against 4.9 in a second of them.
func settled(ctx context.Context, warmup bench.Load) (*bench.Outcome, error) {
	last, err := bench.Run(ctx, warmup)
	for range mostWarmups - 1 {
		if err != nil {
			return nil, err
		}
		before := last.QPS()
		if last, err = bench.Run(ctx, warmup); err == nil && last.QPS() < stillWarming*before {
			break
		}
	}
	return last, err
}

// or returns n, or the default where it is 0.
func or(n, standby int) int {
	if n == 0 {
		return standby
	}
	return n
}
