package compare

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/kamaitachi/kamaitachi/bench"
	"github.com/kamaitachi/kamaitachi/protocol"
)

var (
	topics     = shape{scenario: bench.TopicRanking}
	oneAtADate = shape{scenario: bench.TopicAtDate, conns: 1, pipeline: 1}
)

// P7: a whole topic by any field, from any offset.
var p7 = []*contest{
	{
		id: "P7", what: "rank a whole topic by any field at any offset, no request ever repeated, 8 x 16",
		sides: []side{ours{shape: topics}, redisZset{topics}, ours{shape: topics, name: "500,000 subjects", large: true}},
		lines: []line{
			{of: serverCPU, a: "500,000 subjects", b: "kamaitachi", must: 3, aim: 1.5, atMost: true},
			{of: throughput, a: "kamaitachi", b: "redis-zset", must: 3, aim: 10},
		},
	},
	{
		id: "P7", what: "the first ranking of a topic after a write, one at a time",
		sides: []side{afterWrite{name: "5,000 subjects"}, afterWrite{name: "500,000 subjects", large: true}},
		lines: []line{
			{of: medianTime, a: "5,000 subjects", must: 1, aim: 0.1, atMost: true, unit: "ms"},
			{of: medianTime, a: "500,000 subjects", must: 10, aim: 1, atMost: true, unit: "ms"},
		},
	},
	{
		id: "P7", what: "rank a whole topic as of a date, no request ever repeated, one at a time",
		sides: []side{ours{shape: oneAtADate}},
		lines: []line{{of: medianTime, a: "kamaitachi", must: 1, aim: 0.1, atMost: true, unit: "ms"}},
	},
}

// afterWrite writes one report, waits until it is acknowledged, and ranks the whole topic; only the ranking is measured.
type afterWrite struct {
	name  string
	large bool
}

func (s afterWrite) label() string { return s.name }

// leastWrites is how often one measurement writes, at least.
const leastWrites = 5

func (s afterWrite) open(ctx context.Context, b *bout) (meter, error) {
	side := ours{own: "written"}
	if s.large {
		side = ours{large: true} // the only one: two would not fit everywhere, and nothing is measured on it after this
	}
	n, err := side.node(ctx, b)
	if err != nil {
		return nil, err
	}
	rnd := rand.New(rand.NewPCG(7, 7))
	queries := bench.Queries(bench.TopicRanking, n.market, 7, n.deck(bench.TopicRanking))
	var r protocol.Result
	once := func(ctx context.Context) (time.Duration, error) {
		if _, err := n.sdk.Put(ctx, restatement(n, rnd)); err != nil {
			return 0, err
		}
		q := &queries().Snapshot
		began := time.Now()
		err := n.sdk.Snapshot(ctx, q, &r)
		return time.Since(began), err
	}
	return func(ctx context.Context) (*sample, error) {
		o := &bench.Outcome{Latency: bench.NewLatency()}
		for began := time.Now(); o.Requests < leastWrites || time.Since(began) < b.o.Time; o.Requests++ {
			took, err := once(ctx)
			if err != nil {
				return nil, err
			}
			o.Elapsed += took
			o.Latency.RecordValue(max(1, took.Microseconds()))
		}
		return &sample{Outcome: o}, nil
	}, nil
}
