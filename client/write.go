package client

import (
	"context"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// The writes return once the write is durable, with the applied index that shows it: hand it to AtLeast to read it on
// any node. Nothing of a request is kept. One that is greater than the node's MaxRequest fails before anything is sent.
// After an error of StageWrite or StageRead it is unknown whether the write took place, unless Error.Unsent is set.

// Put writes reports into one table, all or none.
func (c *Client) Put(ctx context.Context, w *protocol.Put) (index uint64, err error) {
	return c.do(ctx, &request{op: protocol.OpPut, lane: laneWrite, in: w, out: &empty})
}

// Delete removes all reports of subjects in a table.
func (c *Client) Delete(ctx context.Context, w *protocol.Delete) (index uint64, err error) {
	return c.do(ctx, &request{op: protocol.OpDelete, lane: laneWrite, in: w, out: &empty})
}

// PutSubjects creates and changes subjects, all or none.
func (c *Client) PutSubjects(ctx context.Context, w *protocol.PutSubjects) (index uint64, err error) {
	return c.do(ctx, &request{op: protocol.OpPutSubjects, lane: laneWrite, in: w, out: &empty})
}

// PutTables creates tables and appends indicators, all or none.
func (c *Client) PutTables(ctx context.Context, w *protocol.PutTables) (index uint64, err error) {
	return c.do(ctx, &request{op: protocol.OpPutTables, lane: laneWrite, in: w, out: &empty})
}
