package compare

import (
	"context"
	"time"

	"github.com/kamaitachi/kamaitachi/bench"
	"github.com/kamaitachi/kamaitachi/internal/child"
)

// P13: how soon a node answers after it was stopped.
var p13 = []*contest{{
	id: "P13", what: "restart to ready with 10 million values on disk", runs: fullOnly,
	sides: []side{restart{}},
	lines: []line{{of: toReady, a: "a node", must: 5, aim: 1, atMost: true, unit: "s"}},
}}

// restart starts a node over a data directory, waits until it answers, and stops it.
type restart struct{}

func (restart) label() string { return "a node" }

func (restart) open(ctx context.Context, b *bout) (meter, error) {
	dir, err := b.importMarket(ctx, b.o.Restart/valuesOfSubject)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) (*sample, error) {
		began := time.Now()
		p, err := child.Start(ctx, child.Options{Err: b.o.Err, Wait: startWait}, b.o.Program, nodeArgs(dir)...)
		if err != nil {
			return nil, err
		}
		took := time.Since(began)
		o := &bench.Outcome{Latency: bench.NewLatency()}
		return &sample{Outcome: o, value: took.Seconds()}, p.Stop()
	}, nil
}
