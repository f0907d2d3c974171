package compare

import (
	"context"

	"github.com/kamaitachi/kamaitachi/bench"
)

// warmPart is which part of the queries that pass comes before memory is looked at first.
const warmPart = 10

// passing lets distinct queries pass, all of Options.Passing in the rounds of the contest, and takes how much larger the node
// is in memory after each round than before the first.
type passing struct{}

func (passing) label() string { return "a node" }

func (passing) open(ctx context.Context, b *bout) (meter, error) {
	n, err := b.lab.node(ctx, nodeSpec{name: "passed", subjects: b.o.Subjects})
	if err != nil {
		return nil, err
	}
	load := n.load(rankings, "")
	load.Requests = max(1, b.o.Passing/warmPart)
	if _, err := bench.Run(ctx, load); err != nil {
		return nil, err
	}
	before, err := residentBytes(n.PID())
	if err != nil {
		return nil, err
	}
	load.Requests = max(1, b.o.Passing/b.o.Rounds)
	return func(ctx context.Context) (*sample, error) {
		o, err := bench.Run(ctx, load)
		if err != nil {
			return nil, err
		}
		after, err := residentBytes(n.PID())
		return &sample{Outcome: o, value: after / before}, err
	}, nil
}
