package cli

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"

	"github.com/kamaitachi/kamaitachi/conf"
	"github.com/kamaitachi/kamaitachi/httpcompat"
	"github.com/kamaitachi/kamaitachi/protocol"
	"github.com/kamaitachi/kamaitachi/server"
)

// jsonNode is a node as the JSON endpoints see it.
type jsonNode struct {
	*server.Node
	queries atomic.Uint64 // answered through this front
	reset   atomic.Uint64 // queries of both fronts when the counters were reset
}

var _ httpcompat.Backend = (*jsonNode)(nil)

// errNotReady is what a check says of a node that does not answer queries.
var errNotReady = errors.New("the node is starting or draining")

// Health is that of a node.
func (n *jsonNode) Health() httpcompat.Health { return httpcompat.Health{} }

// Ready has one check: the data is loaded before a node listens, so it is well until the node drains.
func (n *jsonNode) Ready(context.Context) []httpcompat.Check {
	check := httpcompat.Check{Name: "data"}
	if !n.Node.Ready() {
		check.Err = errNotReady
	}
	return []httpcompat.Check{check}
}

// Breakers are none: a node calls nobody.
func (n *jsonNode) Breakers() []httpcompat.Breaker { return nil }

// nativeQueries are the figures that count queries of the native protocol.
var nativeQueries = map[string]bool{
	"requests_snapshot": true, "requests_period": true, "requests_recent": true, "requests_select_snapshot": true,
	"requests_select_period": true, "requests_get": true, "requests_search": true,
}

// Stats are the node's figures and those of the cache. Every query is answered from memory, so each is a hit
// (semantics 24), and there are no entries besides the columns.
func (n *jsonNode) Stats(ctx context.Context) (httpcompat.Stats, error) {
	figures, err := n.Node.Stats(ctx)
	if err != nil {
		return httpcompat.Stats{}, err
	}
	hits, requests := n.count(figures), float64(n.queries.Load())
	out := make([]protocol.Stat, 0, len(figures)+8)
	for _, f := range figures {
		if f.Name == "total_requests" {
			requests += f.Number
			continue
		}
		out = append(out, f)
	}
	hits -= n.reset.Load()
	return httpcompat.Stats{Figures: append(out,
		protocol.Stat{Name: "total_requests", Number: requests},
		protocol.Stat{Name: "cache_hit_rate", Number: httpcompat.HitRate(hits, 0)},
		protocol.Stat{Name: "cache_hits", Number: float64(hits)},
		protocol.Stat{Name: "cache_misses"},
		protocol.Stat{Name: "cache_entries"},
		protocol.Stat{Name: "cache_bytes"},
		protocol.Stat{Name: "cache_max_bytes"},
	)}, nil
}

// count returns the queries of both fronts since the start.
func (n *jsonNode) count(figures []protocol.Stat) uint64 {
	total := n.queries.Load()
	for _, f := range figures {
		if nativeQueries[f.Name] {
			total += uint64(f.Number)
		}
	}
	return total
}

// ResetCache starts the counters anew.
func (n *jsonNode) ResetCache(ctx context.Context) error {
	figures, err := n.Node.Stats(ctx)
	if err != nil {
		return err
	}
	n.reset.Store(n.count(figures))
	return nil
}

// Snapshot counts and answers; so do the other queries.
func (n *jsonNode) Snapshot(ctx context.Context, q *protocol.Snapshot, r *protocol.Result) error {
	n.queries.Add(1)
	return n.Node.Snapshot(ctx, q, r)
}

// Period counts and answers.
func (n *jsonNode) Period(ctx context.Context, q *protocol.Period, r *protocol.Result) error {
	n.queries.Add(1)
	return n.Node.Period(ctx, q, r)
}

// Recent counts and answers.
func (n *jsonNode) Recent(ctx context.Context, q *protocol.Recent, r *protocol.Result) error {
	n.queries.Add(1)
	return n.Node.Recent(ctx, q, r)
}

// SelectSnapshot counts and answers.
func (n *jsonNode) SelectSnapshot(ctx context.Context, q *protocol.SelectSnapshot, r *protocol.Result) error {
	n.queries.Add(1)
	return n.Node.SelectSnapshot(ctx, q, r)
}

// SelectPeriod counts and answers.
func (n *jsonNode) SelectPeriod(ctx context.Context, q *protocol.SelectPeriod, r *protocol.Result) error {
	n.queries.Add(1)
	return n.Node.SelectPeriod(ctx, q, r)
}

// Get counts and answers.
func (n *jsonNode) Get(ctx context.Context, q *protocol.Get, r *protocol.Result) error {
	n.queries.Add(1)
	return n.Node.Get(ctx, q, r)
}

// Search counts and answers.
func (n *jsonNode) Search(ctx context.Context, q *protocol.Search, r *protocol.Result) error {
	n.queries.Add(1)
	return n.Node.Search(ctx, q, r)
}

// jsonOptions translates the configuration.
func jsonOptions(c *conf.Config, log *slog.Logger) httpcompat.Options {
	return httpcompat.Options{
		Rates: httpcompat.Rates{
			Default: rateOf(c.RateLimit.Default), Snapshot: rateOf(c.RateLimit.Snapshot), Period: rateOf(c.RateLimit.Period),
			Recent: rateOf(c.RateLimit.Recent), Selection: rateOf(c.RateLimit.Selection), Rows: rateOf(c.RateLimit.Rows),
		},
		Memo: jsonMemo, Logger: log, AccessLog: c.Log.AccessLog, SlowLog: c.Log.SlowLog, Insecure: c.Server.Insecure,
		MaxBody: int(c.Limits.MaxBody), MaxConnections: c.Limits.MaxConnections, ReadTimeout: c.Limits.HTTPReadTimeout,
		WriteTimeout: c.Limits.HTTPWriteTimeout, IdleTimeout: c.Limits.HTTPIdleTimeout,
	}
}

// jsonMemo is how many subjects a node keeps ready as JSON: some 25 MB at most.
const jsonMemo = 1 << 16

// rateOf translates a rate: the configuration's 0 is no limit.
func rateOf(r conf.Rate) httpcompat.Rate {
	if r.PerSecond == 0 {
		return httpcompat.Rate{PerSecond: httpcompat.NoLimit}
	}
	return httpcompat.Rate{PerSecond: float64(r.PerSecond), Burst: r.Burst}
}
