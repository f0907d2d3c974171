package compare

import (
	"context"
	"errors"
	"strings"

	"github.com/kamaitachi/kamaitachi/bench"
)

// againAsked is how many queries are asked over and over, the same after each restart.
const againAsked = 1_000

// restarted fills a node, asks it, restarts it for each measurement, and takes the percentage of the queries after that which
// read nothing from disk: first queries that were asked before, then new ones.
type restarted struct {
	name string
	set  string // of the node's configuration: section.key=value
}

func (s restarted) label() string { return s.name }

func (s restarted) open(ctx context.Context, b *bout) (meter, error) {
	dir, err := b.importMarket(ctx, b.o.Subjects)
	if err != nil {
		return nil, err
	}
	deck := &bench.Deck{}
	if _, err := s.round(ctx, b, dir, deck); err != nil { // what is asked before the first restart
		return nil, err
	}
	return func(ctx context.Context) (*sample, error) {
		sample, err := s.round(ctx, b, dir, deck)
		if err == nil && sample.warmed == 0 {
			sample.fault = "the node began without the replies of before"
		}
		return sample, err
	}, nil
}

// round starts the node, asks it, and stops it.
func (s restarted) round(ctx context.Context, b *bout, dir string, deck *bench.Deck) (_ *sample, err error) {
	var ends []func() error
	defer func() { err = errors.Join(err, closeAll(&ends)) }()
	n, err := b.startNode(ctx, &ends, dir, strings.Fields(s.set)...)
	if err != nil {
		return nil, err
	}
	if err := n.sdk.ResetCounters(ctx); err != nil {
		return nil, err
	}
	var o *bench.Outcome
	for _, repeat := range []int{againAsked, 0} {
		load := shape{scenario: bench.RecentOfOne, repeat: repeat}.load(n.market, deck)
		load.Addresses, load.ServerPID, load.Duration = []bench.Address{n.address("")}, n.PID(), b.o.Time
		if o, err = bench.Run(ctx, load); err != nil {
			return nil, err
		}
	}
	rate, err := n.stat(ctx, "cache_hit_rate")
	if err != nil {
		return nil, err
	}
	warmed, err := n.stat(ctx, "reply_cache_warmed")
	return &sample{Outcome: o, value: rate, warmed: warmed}, err
}
