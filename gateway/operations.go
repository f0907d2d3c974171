package gateway

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/httpcompat"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// Health names the nodes, whether they answer or not.
func (g *Gateway) Health() httpcompat.Health {
	h := httpcompat.Health{Gateway: true, Nodes: []string{}}
	for _, p := range g.members.all() {
		h.Nodes = append(h.Nodes, p.name)
	}
	return h
}

// errClosing is what a check says of a gateway that is shut down.
var errClosing = errors.New("the gateway is shutting down")

// Ready has one check: a gateway is of use while at least one node answers. What the others are like is in /stats.
func (g *Gateway) Ready(context.Context) []httpcompat.Check {
	check := httpcompat.Check{Name: "nodes"}
	if g.closed.Load() {
		check.Err = errClosing
		return []httpcompat.Check{check}
	}
	peers := g.members.all()
	_, check.Err = g.link.get()
	var faults []error
	for _, p := range peers {
		if err := p.err(); err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", p.name, err))
		}
	}
	if check.Err == nil && len(faults) == len(peers) {
		check.Err = fmt.Errorf("none of %d answers: %w", len(faults), oneLine(faults))
	}
	return []httpcompat.Check{check}
}

// readyEvery is the pause between two looks of AwaitReady.
const readyEvery = 10 * time.Millisecond

// AwaitReady returns when Ready has nothing to complain of, or with what it complains of when ctx has ended.
func (g *Gateway) AwaitReady(ctx context.Context) error {
	t := time.NewTicker(readyEvery)
	defer t.Stop()
	for {
		err := g.Ready(ctx)[0].Err
		if err == nil {
			return nil
		}
		select {
		case <-t.C:
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ctx.Err(), err)
		}
	}
}

// oneLine joins errors on one line.
func oneLine(faults []error) error {
	format := strings.Repeat("; %w", len(faults))
	args := make([]any, len(faults))
	for i, err := range faults {
		args[i] = err
	}
	return fmt.Errorf(strings.TrimPrefix(format, "; "), args...)
}

// Breakers are those of each node and operation that was asked for: "localhost:8081 snapshot".
func (g *Gateway) Breakers() []httpcompat.Breaker {
	sdk, err := g.link.get()
	if err != nil {
		return nil
	}
	var all []httpcompat.Breaker
	for _, n := range sdk.Nodes() {
		for _, b := range n.Breakers {
			name := g.members.nameOf(n.Addr) + " " + strings.ToLower(b.Op.String())
			all = append(all, httpcompat.ShownBreaker(name, b.BreakerStatus))
		}
	}
	return all
}

// ResetCache resets the counters of every node. It fails, naming them, if some could not be reset.
func (g *Gateway) ResetCache(ctx context.Context) error {
	var faults []error
	peers := g.members.all()
	reset := func(_ int, p *peer) error { return g.ask(ctx, p, (*client.Client).ResetCounters) }
	for i, err := range askAll(peers, reset) {
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", peers[i].name, err))
		}
	}
	if len(faults) == 0 {
		return nil
	}
	return &protocol.Error{Code: protocol.CodeUnavailable,
		Message: fmt.Sprintf("%d of %d nodes were not reset: %v", len(faults), len(peers), oneLine(faults))}
}
