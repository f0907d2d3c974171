package client

import (
	"context"
	"slices"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// The reads fill a Result (or list) that the caller owns and may use again; after an error it is empty. Queries are not kept, but the
// strings of their IDs are, as the names of the result's columns.

// Snapshot asks for one report per subject, ranked and paged (scenarios 3 and 4).
func (c *Client) Snapshot(ctx context.Context, q *protocol.Snapshot, r *protocol.Result) error {
	return c.read(ctx, protocol.OpSnapshot, q, q.IDs, r)
}

// Period asks for all reports of subjects within a range, newest first (scenario 1).
func (c *Client) Period(ctx context.Context, q *protocol.Period, r *protocol.Result) error {
	return c.read(ctx, protocol.OpPeriod, q, q.IDs, r)
}

// Recent asks for the newest reports of each subject (scenario 2).
func (c *Client) Recent(ctx context.Context, q *protocol.Recent, r *protocol.Result) error {
	return c.read(ctx, protocol.OpRecent, q, q.IDs, r)
}

// SelectSnapshot ranks the subjects that a criterion picks.
func (c *Client) SelectSnapshot(ctx context.Context, q *protocol.SelectSnapshot, r *protocol.Result) error {
	return c.read(ctx, protocol.OpSelectSnapshot, q, q.IDs, r)
}

// SelectPeriod ranks, day by day, the subjects that a criterion picks.
func (c *Client) SelectPeriod(ctx context.Context, q *protocol.SelectPeriod, r *protocol.Result) error {
	return c.read(ctx, protocol.OpSelectPeriod, q, q.IDs, r)
}

// Get asks for all reports of one subject in a table, in full table width.
func (c *Client) Get(ctx context.Context, q *protocol.Get, r *protocol.Result) error {
	return c.read(ctx, protocol.OpGet, q, nil, r)
}

// Search asks for the reports of several subjects, or of all, in key order.
func (c *Client) Search(ctx context.Context, q *protocol.Search, r *protocol.Result) error {
	return c.read(ctx, protocol.OpSearch, q, nil, r)
}

// Subjects asks for subjects with their attributes.
func (c *Client) Subjects(ctx context.Context, q *protocol.ListSubjects, l *protocol.SubjectList) error {
	applied, err := c.do(ctx, &request{op: protocol.OpSubjects, lane: subjectsLane(q), in: q, out: l})
	if err != nil {
		*l = protocol.SubjectList{}
	}
	l.Applied = applied
	return err
}

// Catalog asks for all tables.
func (c *Client) Catalog(ctx context.Context, t *protocol.Catalog) error {
	applied, err := c.do(ctx, &request{op: protocol.OpTables, in: &empty, out: t})
	if err != nil {
		*t = protocol.Catalog{}
	}
	t.Applied = applied
	return err
}

// Stats asks a node for its figures: the one of At, or any.
func (c *Client) Stats(ctx context.Context) (protocol.StatList, error) {
	var l protocol.StatList
	if _, err := c.do(ctx, &request{op: protocol.OpStats, in: &empty, out: &l}); err != nil {
		return nil, err
	}
	return l, nil
}

// ResetCounters lets the figures of the node's caches count from zero again.
func (c *Client) ResetCounters(ctx context.Context) error {
	_, err := c.do(ctx, &request{op: protocol.OpResetCounters, in: &empty, out: &empty})
	return err
}

// Ping asks a node for an empty answer: the one of At, or any.
func (c *Client) Ping(ctx context.Context) error {
	_, err := c.do(ctx, &request{op: protocol.OpPing, in: &empty, out: &empty})
	return err
}

// read sends a query. The result's columns have the names ids, or bring their own where there are none.
func (c *Client) read(ctx context.Context, op protocol.Op, m protocol.Message, ids []string, r *protocol.Result) error {
	q := request{op: op, in: m, ids: ids}
	q.lane, q.key = routeOf(m)
	return c.view(ctx, &q, r)
}

// view sends a read that a Result answers.
func (c *Client) view(ctx context.Context, q *request, r *protocol.Result) error {
	q.out = r
	applied, err := c.do(ctx, q)
	if err != nil {
		r.Reset()
	}
	r.Applied = applied
	return err
}

// appendDistinct appends the ids, each once, in the order of their first places (semantics 7).
func appendDistinct(dst, ids []string) []string {
	if len(ids) > 32 {
		seen := make(map[string]struct{}, len(ids))
		for _, id := range ids {
			if _, ok := seen[id]; !ok {
				seen[id] = struct{}{}
				dst = append(dst, id)
			}
		}
		return dst
	}
	for _, id := range ids {
		if !slices.Contains(dst, id) {
			dst = append(dst, id)
		}
	}
	return dst
}
