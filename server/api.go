package server

import (
	"context"

	"github.com/kamaitachi/kamaitachi/protocol"
	"github.com/kamaitachi/kamaitachi/server/engine"
)

// Reader answers queries: *engine.Engine in a real node, and engine.Reader where the store must not be read.
type Reader interface {
	Snapshot(q *protocol.Snapshot, r *protocol.Result) error
	Period(q *protocol.Period, r *protocol.Result) error
	Recent(q *protocol.Recent, r *protocol.Result) error
	SelectSnapshot(q *protocol.SelectSnapshot, r *protocol.Result) error
	SelectPeriod(q *protocol.SelectPeriod, r *protocol.Result) error
	Get(q *protocol.Get, r *protocol.Result) error
	Search(q *protocol.Search, r *protocol.Result) error
	Prepare(q protocol.Message, r *protocol.Result) (*engine.Prepared, error)
	Execute(p *engine.Prepared, c *protocol.Change, r *protocol.Result) error
}

// Engine is what a node needs of the engine: *engine.Engine in a real one.
type Engine interface {
	Reader
	Applied() uint64
	WaitApplied(ctx context.Context, index uint64) error
	Check(w *protocol.Write) error
	Subjects(q *protocol.ListSubjects, l *protocol.SubjectList) error
	Catalog() *protocol.Catalog
	Stats() engine.Stats
	HistoryStats() engine.HistoryStats
	TopicSize(topic string) int
	Standing(q protocol.Message, c *protocol.Change) bool
	AppendDependencies(dst []engine.Dependency, topic string, subjects []string) []engine.Dependency
	Unchanged(on []engine.Dependency, since uint64) bool
}

var _ Engine = (*engine.Engine)(nil)

// The methods below are what other fronts of the node (JSON over HTTP) call. They are safe for concurrent use. Reads
// fill the result that they are given, which borrows as protocol.Result says; the query may be reused once they return,
// the result's IDs then no more. Errors are *protocol.Error, or a context's.

// open tells why a call cannot be served, or nil.
func (n *Node) open(ctx context.Context) error {
	if n.closed.Load() {
		return ErrClosed
	}
	return ctx.Err()
}

// readable tells why a query cannot be answered, or nil.
func (n *Node) readable(ctx context.Context) error {
	if err := n.open(ctx); err != nil {
		return err
	}
	if n.unready.Load() {
		return ErrStarting
	}
	return nil
}

// Applied returns the index of the newest write that reads see.
func (n *Node) Applied() uint64 { return n.engine.Applied() }

// WaitApplied returns when reads see the write of that index, or with the context's error.
func (n *Node) WaitApplied(ctx context.Context, index uint64) error {
	if err := n.open(ctx); err != nil {
		return err
	}
	return n.engine.WaitApplied(ctx, index)
}

// Barrier returns when reads see every write that any node had acknowledged before.
func (n *Node) Barrier(ctx context.Context) error {
	if err := n.open(ctx); err != nil {
		return err
	}
	return n.log.Barrier(ctx)
}

// Snapshot answers scenarios 3 and 4.
func (n *Node) Snapshot(ctx context.Context, q *protocol.Snapshot, r *protocol.Result) error {
	if err := n.query(ctx); err != nil {
		return err
	}
	return n.engine.Snapshot(q, r)
}

// Period answers scenario 1.
func (n *Node) Period(ctx context.Context, q *protocol.Period, r *protocol.Result) error {
	if err := n.query(ctx); err != nil {
		return err
	}
	return n.engine.Period(q, r)
}

// Recent answers scenario 2.
func (n *Node) Recent(ctx context.Context, q *protocol.Recent, r *protocol.Result) error {
	if err := n.query(ctx); err != nil {
		return err
	}
	return n.engine.Recent(q, r)
}

// SelectSnapshot answers a Snapshot over the subjects of a selection.
func (n *Node) SelectSnapshot(ctx context.Context, q *protocol.SelectSnapshot, r *protocol.Result) error {
	if err := n.query(ctx); err != nil {
		return err
	}
	return n.engine.SelectSnapshot(q, r)
}

// SelectPeriod answers the reports of a selection, day by day.
func (n *Node) SelectPeriod(ctx context.Context, q *protocol.SelectPeriod, r *protocol.Result) error {
	if err := n.query(ctx); err != nil {
		return err
	}
	return n.engine.SelectPeriod(q, r)
}

// Get answers all rows of one subject in a table.
func (n *Node) Get(ctx context.Context, q *protocol.Get, r *protocol.Result) error {
	if err := n.query(ctx); err != nil {
		return err
	}
	return n.engine.Get(q, r)
}

// Search answers rows of several subjects.
func (n *Node) Search(ctx context.Context, q *protocol.Search, r *protocol.Result) error {
	if err := n.query(ctx); err != nil {
		return err
	}
	return n.engine.Search(q, r)
}

// Subjects lists subjects with their attributes.
func (n *Node) Subjects(ctx context.Context, q *protocol.ListSubjects, l *protocol.SubjectList) error {
	if err := n.readable(ctx); err != nil {
		return err
	}
	return n.engine.Subjects(q, l)
}

// Catalog answers which tables there are. What c points to is immutable.
func (n *Node) Catalog(ctx context.Context, c *protocol.Catalog) error {
	if err := n.readable(ctx); err != nil {
		return err
	}
	*c = *n.engine.Catalog()
	return nil
}

// Put writes reports and returns the index at which reads see them. So do the three below; none keeps anything of p.
func (n *Node) Put(ctx context.Context, p *protocol.Put) (uint64, error) {
	return n.write(ctx, &protocol.Write{Put: p})
}

// Delete removes the reports of subjects.
func (n *Node) Delete(ctx context.Context, p *protocol.Delete) (uint64, error) {
	return n.write(ctx, &protocol.Write{Delete: p})
}

// PutSubjects creates and changes subjects.
func (n *Node) PutSubjects(ctx context.Context, p *protocol.PutSubjects) (uint64, error) {
	return n.write(ctx, &protocol.Write{Subjects: p})
}

// PutTables creates tables and appends indicators to them.
func (n *Node) PutTables(ctx context.Context, p *protocol.PutTables) (uint64, error) {
	return n.write(ctx, &protocol.Write{Tables: p})
}

// write orders a write. One that would be refused never enters the log.
func (n *Node) write(ctx context.Context, w *protocol.Write) (uint64, error) {
	if err := n.open(ctx); err != nil {
		return 0, err
	}
	if n.raft != nil {
		if err := n.raft.Lead(ctx); err != nil { // what is not applied here yet would be held against the write
			return 0, err
		}
	}
	if err := n.engine.Check(w); err != nil {
		return 0, err
	}
	return n.log.Append(ctx, w)
}
