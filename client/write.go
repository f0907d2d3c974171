package client

import (
	"context"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// The writes return once the write is durable, with the applied index that shows it: hand it to AtLeast to read it on
// any node. Nothing of a request is kept. One that is greater than the node's MaxRequest fails before anything is sent.
//
// Each write carries an Origin, by which the cluster carries it out once however often it is sent: a write whose answer
// was lost is sent again like a read, with the same origin. A caller who sends writes on for others sets the origin
// itself; it is kept as it is. When an error of StageWrite or StageRead or one that is protocol.ErrUnknownOutcome comes
// back nevertheless, it is unknown whether the write took place, unless Error.Unsent is set.

// Put writes reports into one table, all or none.
func (c *Client) Put(ctx context.Context, w *protocol.Put) (index uint64, err error) {
	own := *w
	return c.write(ctx, protocol.OpPut, &own, &own.Origin)
}

// Delete removes all reports of subjects in a table.
func (c *Client) Delete(ctx context.Context, w *protocol.Delete) (index uint64, err error) {
	own := *w
	return c.write(ctx, protocol.OpDelete, &own, &own.Origin)
}

// PutSubjects creates and changes subjects, all or none.
func (c *Client) PutSubjects(ctx context.Context, w *protocol.PutSubjects) (index uint64, err error) {
	own := *w
	return c.write(ctx, protocol.OpPutSubjects, &own, &own.Origin)
}

// PutTables creates tables and appends indicators, all or none.
func (c *Client) PutTables(ctx context.Context, w *protocol.PutTables) (index uint64, err error) {
	own := *w
	return c.write(ctx, protocol.OpPutTables, &own, &own.Origin)
}

// write sends a write, whose origin lies in m, and gives it one if it has none.
func (c *Client) write(ctx context.Context, op protocol.Op, m protocol.Message, origin *protocol.Origin) (uint64, error) {
	if !origin.Given() {
		*origin = protocol.Origin{Client: c.id, Sequence: c.sequence.Add(1)}
	}
	return c.do(ctx, &request{op: op, lane: laneWrite, in: m, out: &empty, origin: origin, writeOf: *origin})
}
