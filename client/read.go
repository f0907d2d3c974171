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
	rows := limitRows(q.Limit)
	if q.Topic == "" {
		rows = min(rows, len(q.Subjects))
	}
	return c.view(ctx, protocol.OpSnapshot, laneOf(rows, len(q.IDs)), q, q.IDs, r)
}

// Period asks for all reports of subjects within a range, newest first (scenario 1).
func (c *Client) Period(ctx context.Context, q *protocol.Period, r *protocol.Result) error {
	return c.view(ctx, protocol.OpPeriod, laneOf(len(q.Subjects)*guessedReports, len(q.IDs)), q, q.IDs, r)
}

// Recent asks for the newest reports of each subject (scenario 2).
func (c *Client) Recent(ctx context.Context, q *protocol.Recent, r *protocol.Result) error {
	each := q.Limit
	switch {
	case len(q.Periods) > 0:
		each = len(q.Periods)
	case each == 0:
		each = protocol.DefaultRecentLimit
	}
	return c.view(ctx, protocol.OpRecent, laneOf(len(q.Subjects)*each, len(q.IDs)), q, q.IDs, r)
}

// SelectSnapshot ranks the subjects that a criterion picks.
func (c *Client) SelectSnapshot(ctx context.Context, q *protocol.SelectSnapshot, r *protocol.Result) error {
	return c.view(ctx, protocol.OpSelectSnapshot, laneOf(limitRows(q.Limit), len(q.IDs)), q, q.IDs, r)
}

// SelectPeriod ranks, day by day, the subjects that a criterion picks.
func (c *Client) SelectPeriod(ctx context.Context, q *protocol.SelectPeriod, r *protocol.Result) error {
	return c.view(ctx, protocol.OpSelectPeriod, laneBulk, q, q.IDs, r)
}

// Get asks for all reports of one subject in a table, in full table width.
func (c *Client) Get(ctx context.Context, q *protocol.Get, r *protocol.Result) error {
	return c.view(ctx, protocol.OpGet, laneQuick, q, nil, r)
}

// Search asks for the reports of several subjects, or of all, in key order.
func (c *Client) Search(ctx context.Context, q *protocol.Search, r *protocol.Result) error {
	return c.view(ctx, protocol.OpSearch, laneBulk, q, nil, r)
}

// Subjects asks for subjects with their attributes.
func (c *Client) Subjects(ctx context.Context, q *protocol.ListSubjects, l *protocol.SubjectList) error {
	lane := laneQuick
	if q.Limit*guessedSubject > bulkReply {
		lane = laneBulk
	}
	applied, err := c.do(ctx, &request{op: protocol.OpSubjects, lane: lane, in: q, out: l})
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

// Stats asks the node for its figures.
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

// Ping asks the node for an empty answer.
func (c *Client) Ping(ctx context.Context) error {
	_, err := c.do(ctx, &request{op: protocol.OpPing, in: &empty, out: &empty})
	return err
}

// view sends a read that a Result answers. The result's columns have the names ids, or bring their own where there are none.
func (c *Client) view(ctx context.Context, op protocol.Op, lane int, q protocol.Message, ids []string, r *protocol.Result) error {
	applied, err := c.do(ctx, &request{op: op, lane: lane, in: q, out: r, ids: ids})
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

// What decides whether a read may answer much. Sizes are guesses; they only choose the lane.
const (
	bulkReply      = 64 << 10 // bytes
	guessedReports = 16       // of a subject in a period
	guessedSubject = 128      // bytes of a subject with its attributes
	guessedRow     = 32       // bytes of a row besides its values
)

// laneOf returns the lane of a read with an answer of so many rows and columns.
func laneOf(rows, columns int) int {
	if rows*(guessedRow+8*columns) > bulkReply {
		return laneBulk
	}
	return laneQuick
}

// limitRows returns the rows of a ranking's limit.
func limitRows(limit int) int {
	if limit == 0 {
		return protocol.DefaultLimit
	}
	return limit
}
