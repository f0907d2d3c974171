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
)

// meter warms a server up with a load and returns what measures it: as many requests as take about the time of a
// measurement, made before the clock starts.
func (b *bout) meter(ctx context.Context, load bench.Load) (meter, *bench.Outcome, error) {
	b.opened = load
	warmup := load
	warmup.Duration = max(b.o.Time/3, leastWarmup)
	warm, err := bench.Run(ctx, warmup)
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

// or returns n, or the default where it is 0.
func or(n, standby int) int {
	if n == 0 {
		return standby
	}
	return n
}
