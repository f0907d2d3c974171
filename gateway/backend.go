package gateway

import (
	"context"

	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// read asks the nodes for what fills an answer.
func read[Q, A any](ctx context.Context, g *Gateway, q Q, a A, ask func(*client.Client, context.Context, Q, A) error) error {
	c, err := g.link.get()
	if err != nil {
		return err
	}
	return answered(ask(c, ctx, q, a))
}

// fill asks the nodes for a result, whose subjects are those of earlier results as far as they are equal.
func fill[Q any](ctx context.Context, g *Gateway, q Q, r *protocol.Result,
	call func(*client.Client, context.Context, Q, *protocol.Result) error) error {
	if err := read(ctx, g, q, r, call); err != nil {
		return err
	}
	g.familiar.recognize(r.Subjects)
	return nil
}

// write sends a write to the node that orders writes.
func write[W any](ctx context.Context, g *Gateway, w W, send func(*client.Client, context.Context, W) (uint64, error)) (uint64, error) {
	c, err := g.link.get()
	if err != nil {
		return 0, err
	}
	index, err := send(c, ctx, w)
	return index, answered(err)
}

// Snapshot answers scenarios 3 and 4.
func (g *Gateway) Snapshot(ctx context.Context, q *protocol.Snapshot, r *protocol.Result) error {
	return fill(ctx, g, q, r, (*client.Client).Snapshot)
}

// Period answers scenario 1.
func (g *Gateway) Period(ctx context.Context, q *protocol.Period, r *protocol.Result) error {
	return fill(ctx, g, q, r, (*client.Client).Period)
}

// Recent answers scenario 2.
func (g *Gateway) Recent(ctx context.Context, q *protocol.Recent, r *protocol.Result) error {
	return fill(ctx, g, q, r, (*client.Client).Recent)
}

// SelectSnapshot answers a Snapshot over the subjects of a selection.
func (g *Gateway) SelectSnapshot(ctx context.Context, q *protocol.SelectSnapshot, r *protocol.Result) error {
	return fill(ctx, g, q, r, (*client.Client).SelectSnapshot)
}

// SelectPeriod answers the reports of a selection, day by day.
func (g *Gateway) SelectPeriod(ctx context.Context, q *protocol.SelectPeriod, r *protocol.Result) error {
	return fill(ctx, g, q, r, (*client.Client).SelectPeriod)
}

// Get answers all rows of one subject in a table.
func (g *Gateway) Get(ctx context.Context, q *protocol.Get, r *protocol.Result) error {
	return fill(ctx, g, q, r, (*client.Client).Get)
}

// Search answers rows of several subjects.
func (g *Gateway) Search(ctx context.Context, q *protocol.Search, r *protocol.Result) error {
	return fill(ctx, g, q, r, (*client.Client).Search)
}

// Subjects lists subjects with their attributes.
func (g *Gateway) Subjects(ctx context.Context, q *protocol.ListSubjects, l *protocol.SubjectList) error {
	return read(ctx, g, q, l, (*client.Client).Subjects)
}

// Catalog answers which tables there are.
func (g *Gateway) Catalog(ctx context.Context, c *protocol.Catalog) error {
	sdk, err := g.link.get()
	if err != nil {
		return err
	}
	return answered(sdk.Catalog(ctx, c))
}

// Put writes reports and returns the index at which reads see them.
func (g *Gateway) Put(ctx context.Context, w *protocol.Put) (uint64, error) {
	return write(ctx, g, w, (*client.Client).Put)
}

// Delete removes the reports of subjects.
func (g *Gateway) Delete(ctx context.Context, w *protocol.Delete) (uint64, error) {
	return write(ctx, g, w, (*client.Client).Delete)
}

// PutSubjects creates and changes subjects.
func (g *Gateway) PutSubjects(ctx context.Context, w *protocol.PutSubjects) (uint64, error) {
	return write(ctx, g, w, (*client.Client).PutSubjects)
}
