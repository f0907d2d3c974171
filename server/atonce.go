package server

import (
	"context"
	"errors"

	"github.com/kamaitachi/kamaitachi/protocol"
	"github.com/kamaitachi/kamaitachi/server/engine"
)

// AtOnce is the queries of a node for the event loops of another front. What would read the store, or hold up others for long,
// is ErrLater: it is to be asked through the node.
type AtOnce struct{ *Node }

// AtOnce returns the node's queries for event loops.
func (n *Node) AtOnce() AtOnce { return AtOnce{n} }

// maxTextCost is the most that a query may cost on a loop which prints the answer as text, which takes about as long again.
const maxTextCost = maxLoopCost / 2

// atOnce asks a query unless it costs too much.
func atOnce[Q protocol.Message](n AtOnce, ctx context.Context, q Q, r *protocol.Result, ask func(Reader, Q, *protocol.Result) error) error {
	if err := n.readable(ctx); err != nil {
		return err
	}
	if costOf(n.engine, q, &noChange) > maxTextCost {
		return ErrLater
	}
	err := ask(n.warm, q, r)
	if errors.Is(err, engine.ErrCold) {
		return ErrLater
	}
	n.hits.direct.Add(1)
	return err
}

// Snapshot answers scenarios 3 and 4.
func (n AtOnce) Snapshot(ctx context.Context, q *protocol.Snapshot, r *protocol.Result) error {
	return atOnce(n, ctx, q, r, Reader.Snapshot)
}

// Period answers scenario 1.
func (n AtOnce) Period(ctx context.Context, q *protocol.Period, r *protocol.Result) error {
	return atOnce(n, ctx, q, r, Reader.Period)
}

// Recent answers scenario 2.
func (n AtOnce) Recent(ctx context.Context, q *protocol.Recent, r *protocol.Result) error {
	return atOnce(n, ctx, q, r, Reader.Recent)
}

// SelectSnapshot answers a Snapshot over the subjects of a selection.
func (n AtOnce) SelectSnapshot(ctx context.Context, q *protocol.SelectSnapshot, r *protocol.Result) error {
	return atOnce(n, ctx, q, r, Reader.SelectSnapshot)
}

// SelectPeriod answers the reports of a selection, day by day.
func (n AtOnce) SelectPeriod(ctx context.Context, q *protocol.SelectPeriod, r *protocol.Result) error {
	return atOnce(n, ctx, q, r, Reader.SelectPeriod)
}

// Search is never answered at once: it is long.
func (n AtOnce) Search(context.Context, *protocol.Search, *protocol.Result) error { return ErrLater }
