package engine

import (
	"errors"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// Reader answers queries. Every one resets the Result that it is given and fills it with what belongs to one moment.
// Subjects and texts in it are immutable and may be kept; IDs borrow from the query; the slices are the Result's own.
type Reader struct {
	e      *Engine
	memory bool
}

// Memory returns a Reader that never touches the store, for those who must not wait: a query that needs history from
// there gets ErrCold.
func (e *Engine) Memory() Reader { return Reader{e: e, memory: true} }

// Snapshot answers one report per subject, ranked and paged.
func (rd Reader) Snapshot(q *protocol.Snapshot, r *protocol.Result) error {
	return rd.answer(r, func(rt *root, sc *scratch) error { return rd.e.answerSnapshot(rt, sc, q, r) })
}

// Period answers all reports of the subjects within a range, one group per subject that has any, newest first.
func (rd Reader) Period(q *protocol.Period, r *protocol.Result) error {
	return rd.answer(r, func(rt *root, sc *scratch) error { return rd.e.answerPeriod(rt, sc, q, r) })
}

// Recent answers the newest reports of each subject, grouped like Period: as many as the limit, or those of the asked
// period ends.
func (rd Reader) Recent(q *protocol.Recent, r *protocol.Result) error {
	return rd.answer(r, func(rt *root, sc *scratch) error { return rd.e.answerRecent(rt, sc, q, r) })
}

// SelectSnapshot ranks the subjects that a selection picks.
func (rd Reader) SelectSnapshot(q *protocol.SelectSnapshot, r *protocol.Result) error {
	return rd.answer(r, func(rt *root, sc *scratch) error { return rd.e.answerSelectSnapshot(rt, sc, q, r) })
}

// SelectPeriod answers, per UTC day within the range and days descending, a ranked and paged row per picked subject.
func (rd Reader) SelectPeriod(q *protocol.SelectPeriod, r *protocol.Result) error {
	return rd.answer(r, func(rt *root, sc *scratch) error { return rd.e.answerSelectPeriod(rt, sc, q, r) })
}

// Get answers all rows of one subject in a table, in full table width (semantics 20).
func (rd Reader) Get(q *protocol.Get, r *protocol.Result) error {
	return rd.answer(r, func(rt *root, sc *scratch) error { return rd.e.answerGet(rt, sc, q, r) })
}

// Search answers the rows of several subjects within a range, a page of subjects in key order (semantics 21).
func (rd Reader) Search(q *protocol.Search, r *protocol.Result) error {
	return rd.answer(r, func(rt *root, sc *scratch) error { return rd.e.answerSearch(rt, sc, q, r) })
}

// Execute answers a prepared query with a change, as Prepared.Execute does.
func (rd Reader) Execute(p *Prepared, c *protocol.Change, r *protocol.Result) error {
	return rd.answer(r, func(rt *root, sc *scratch) error { return p.at(rt, sc, c, r) })
}

// maxTries is how often a query that writes overtake starts again before it holds them up.
const maxTries = 4

// answer asks a query of the newest moment, and of the next one when a series that it needs from the store is no longer
// there as it was, so that an answer is always of one moment.
func (rd Reader) answer(r *protocol.Result, ask func(rt *root, sc *scratch) error) error {
	e := rd.e
	sc := e.working(rd.memory)
	defer e.end(sc)
	for range maxTries {
		r.Reset()
		sc.shelf.reset()
		if err := ask(e.root.Load(), sc); err == nil || !errors.Is(err, errMoved) {
			return err
		}
	}
	e.applying.Lock() // nothing moves now
	defer e.done()
	r.Reset()
	sc.shelf.reset()
	return ask(e.root.Load(), sc)
}

// working returns working memory. With memory the store is not to be read.
func (e *Engine) working(memory bool) *scratch {
	sc := e.scratch.Get().(*scratch)
	sc.memory, sc.waited = memory, false
	return sc
}

// end counts, and gives the scratch back. References to reports are dropped so that an old root's memory can go, and the
// lists are emptied: else every query would clear again what one large query left.
func (e *Engine) end(sc *scratch) {
	if sc.found+sc.lost > 0 {
		sc.shard.found.Add(sc.found)
		sc.shard.lost.Add(sc.lost)
	}
	if sc.read {
		e.history.misses.Add(1)
	}
	sc.found, sc.lost, sc.read = 0, 0, false
	clear(sc.refs)
	clear(sc.dayRefs)
	clear(sc.near)
	clear(sc.runs)
	sc.refs, sc.dayRefs, sc.near, sc.runs = sc.refs[:0], sc.dayRefs[:0], sc.near[:0], sc.runs[:0]
	sc.shelf.trim()
	e.scratch.Put(sc)
}
