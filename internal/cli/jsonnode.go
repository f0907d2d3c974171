package cli

import (
	"context"
	"log/slog"

	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/conf"
	"github.com/kamaitachi/kamaitachi/httpcompat"
	"github.com/kamaitachi/kamaitachi/protocol"
	"github.com/kamaitachi/kamaitachi/server"
)

// jsonNode is a node as the JSON endpoints see it.
type jsonNode struct {
	*server.Node
	relay  *relay       // of a node of a cluster; else nil
	listed func() error // why others do not find the node, or nil; nil = it need not be found
}

var (
	_ httpcompat.Backend = (*jsonNode)(nil)
	_ httpcompat.Keeper  = (*jsonNode)(nil)
	_ httpcompat.Swift   = (*jsonNode)(nil)
)

// NewKept gives the endpoints a way to the replies that the node keeps.
func (n *jsonNode) NewKept() httpcompat.Kept {
	if k := n.Node.NewKept(); k != nil {
		return k
	}
	return nil
}

// Swift gives the endpoints the queries that can be answered on event loops.
func (n *jsonNode) Swift() (httpcompat.Queries, error) { return n.Node.AtOnce(), server.ErrLater }

// Health is that of a node.
func (n *jsonNode) Health() httpcompat.Health { return httpcompat.Health{} }

// Ready checks that the data are loaded and, of a node of a cluster, that it has caught up and that others find it.
func (n *jsonNode) Ready(context.Context) []httpcompat.Check {
	data, replication := n.Node.Readiness()
	checks := []httpcompat.Check{{Name: "data", Err: data}}
	if n.Clustered() {
		checks = append(checks, httpcompat.Check{Name: "replication", Err: replication})
	}
	if n.listed != nil {
		checks = append(checks, httpcompat.Check{Name: "registration", Err: n.listed()})
	}
	return checks
}

// Put writes reports through the master.
func (n *jsonNode) Put(ctx context.Context, w *protocol.Put) (uint64, error) {
	own := *w
	return through(ctx, n.relay, &own, &own.Origin, n.Node.Put, (*client.Client).Put)
}

// Delete removes the reports of subjects through the master.
func (n *jsonNode) Delete(ctx context.Context, w *protocol.Delete) (uint64, error) {
	own := *w
	return through(ctx, n.relay, &own, &own.Origin, n.Node.Delete, (*client.Client).Delete)
}

// PutSubjects creates and changes subjects through the master.
func (n *jsonNode) PutSubjects(ctx context.Context, w *protocol.PutSubjects) (uint64, error) {
	own := *w
	return through(ctx, n.relay, &own, &own.Origin, n.Node.PutSubjects, (*client.Client).PutSubjects)
}

// Breakers are none besides those of the endpoints: a node's reads ask nobody.
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
		Memo: jsonMemo, Breaker: breakerOptions(&c.Breaker), Logger: log, AccessLog: c.Log.AccessLog, SlowLog: c.Log.SlowLog, Insecure: c.Server.Insecure,
		MaxBody: int(c.Limits.MaxBody), MaxConnections: c.Limits.MaxConnections, ReadTimeout: c.Limits.HTTPReadTimeout,
		WriteTimeout: c.Limits.HTTPWriteTimeout, IdleTimeout: c.Limits.HTTPIdleTimeout,
	}
}

// jsonMemo is how many subjects a program keeps ready as JSON: some 25 MB at most.
const jsonMemo = 1 << 16

// rateOf translates a rate: the configuration's 0 is no limit.
func rateOf(r conf.Rate) httpcompat.Rate {
	if r.PerSecond == 0 {
		return httpcompat.Rate{PerSecond: httpcompat.NoLimit}
	}
	return httpcompat.Rate{PerSecond: float64(r.PerSecond), Burst: r.Burst}
}
