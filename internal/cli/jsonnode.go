package cli

import (
	"context"
	"errors"
	"log/slog"

	"github.com/kamaitachi/kamaitachi/conf"
	"github.com/kamaitachi/kamaitachi/httpcompat"
	"github.com/kamaitachi/kamaitachi/server"
)

// jsonNode is a node as the JSON endpoints see it.
type jsonNode struct {
	*server.Node
}

var (
	_ httpcompat.Backend = (*jsonNode)(nil)
	_ httpcompat.Keeper  = (*jsonNode)(nil)
)

// NewKept gives the endpoints a way to the replies that the node keeps.
func (n *jsonNode) NewKept() httpcompat.Kept {
	if k := n.Node.NewKept(); k != nil {
		return k
	}
	return nil
}

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

// Stats are the node's figures.
func (n *jsonNode) Stats(ctx context.Context) (httpcompat.Stats, error) {
	figures, err := n.Node.Stats(ctx)
	return httpcompat.Stats{Figures: figures}, err
}

// ResetCache starts the counters anew.
func (n *jsonNode) ResetCache(ctx context.Context) error { return n.Node.ResetCounters(ctx) }

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
