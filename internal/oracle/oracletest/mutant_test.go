package oracletest

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// mutant is a target that breaks one rule. Its hooks get copies that they may change.
type mutant struct {
	name   string
	write  func(w *protocol.Write)                                      // changes a write before it is applied
	query  func(q Query)                                                // changes a query before it is asked
	answer func(m *mutant, q Query, r *protocol.Result)                 // changes a result
	err    func(q Query, err error) error                               // changes an error
	list   func(q *protocol.ListSubjects, l *protocol.SubjectList)      // changes a listing
	apply  func(m *mutant, w *protocol.Write) (index uint64, err error) // replaces Apply
	ask    func(m *mutant, q Query, r *protocol.Result) error           // replaces asking for a result
	before func(m *mutant)                                              // runs before any read

	Target
	kept any // what the hooks want to remember
}

func (m *mutant) Apply(w *protocol.Write) (uint64, error) {
	if m.apply != nil {
		return m.apply(m, w)
	}
	own := lend(w).write
	if m.write != nil {
		m.write(own)
	}
	return m.Target.Apply(own)
}

// read asks the target behind the mutant and lets the hooks change what goes in and what comes out.
func (m *mutant) read(q Query, r *protocol.Result) error {
	if m.before != nil {
		m.before(m)
	}
	if m.ask != nil {
		return m.ask(m, q, r)
	}
	changed := cloneQuery(q)
	if m.query != nil {
		m.query(changed)
	}
	if err := Ask(m.Target, changed, r).Err; err != nil {
		if m.err != nil {
			r.Reset()
			return m.err(q, err)
		}
		return err
	}
	if m.answer != nil {
		m.answer(m, q, r)
	}
	return nil
}

func (m *mutant) Snapshot(q *protocol.Snapshot, r *protocol.Result) error { return m.read(q, r) }
func (m *mutant) Period(q *protocol.Period, r *protocol.Result) error     { return m.read(q, r) }
func (m *mutant) Recent(q *protocol.Recent, r *protocol.Result) error     { return m.read(q, r) }
func (m *mutant) SelectSnapshot(q *protocol.SelectSnapshot, r *protocol.Result) error {
	return m.read(q, r)
}
func (m *mutant) SelectPeriod(q *protocol.SelectPeriod, r *protocol.Result) error {
	return m.read(q, r)
}
func (m *mutant) Get(q *protocol.Get, r *protocol.Result) error       { return m.read(q, r) }
func (m *mutant) Search(q *protocol.Search, r *protocol.Result) error { return m.read(q, r) }

func (m *mutant) Subjects(q *protocol.ListSubjects, l *protocol.SubjectList) error {
	if m.before != nil {
		m.before(m)
	}
	changed := cloneQuery(q).(*protocol.ListSubjects)
	if m.query != nil {
		m.query(changed)
	}
	err := m.Target.Subjects(changed, l)
	if err != nil && m.err != nil {
		return m.err(q, err)
	}
	if err == nil && m.list != nil {
		m.list(q, l)
	}
	return err
}

// cloneQuery copies a query as far as hooks change it.
func cloneQuery(query Query) Query {
	switch q := query.(type) {
	case *protocol.Snapshot:
		c := *q
		c.View, c.Subjects = cloneView(c.View), slices.Clone(c.Subjects)
		return &c
	case *protocol.Period:
		c := *q
		c.View, c.Subjects = cloneView(c.View), slices.Clone(c.Subjects)
		return &c
	case *protocol.Recent:
		c := *q
		c.View, c.Subjects, c.Periods = cloneView(c.View), slices.Clone(c.Subjects), slices.Clone(c.Periods)
		return &c
	case *protocol.SelectSnapshot:
		c := *q
		c.View = cloneView(c.View)
		return &c
	case *protocol.SelectPeriod:
		c := *q
		c.View = cloneView(c.View)
		return &c
	case *protocol.Search:
		c := *q
		c.Subjects = slices.Clone(c.Subjects)
		return &c
	case *protocol.ListSubjects:
		c := *q
		c.Tags = slices.Clone(c.Tags)
		return &c
	}
	return query // no hook changes the others
}

func cloneView(v protocol.View) protocol.View {
	v.IDs, v.ReportTypes = slices.Clone(v.IDs), slices.Clone(v.ReportTypes)
	return v
}

// viewOf, rankingOf, spanOf and selectionOf return the part of a query, or nil.
func viewOf(query Query) *protocol.View {
	switch q := query.(type) {
	case *protocol.Snapshot:
		return &q.View
	case *protocol.Period:
		return &q.View
	case *protocol.Recent:
		return &q.View
	case *protocol.SelectSnapshot:
		return &q.View
	case *protocol.SelectPeriod:
		return &q.View
	}
	return nil
}

func rankingOf(query Query) *protocol.Ranking {
	switch q := query.(type) {
	case *protocol.Snapshot:
		return &q.Ranking
	case *protocol.SelectSnapshot:
		return &q.Ranking
	case *protocol.SelectPeriod:
		return &q.Ranking
	}
	return nil
}

func spanOf(query Query) *protocol.Range {
	switch q := query.(type) {
	case *protocol.Snapshot:
		return &q.Range
	case *protocol.Period:
		return &q.Range
	case *protocol.SelectSnapshot:
		return &q.Range
	case *protocol.SelectPeriod:
		return &q.Range
	case *protocol.Search:
		return &q.Range
	}
	return nil
}

func selectionOf(query Query) *protocol.Selection {
	switch q := query.(type) {
	case *protocol.SelectSnapshot:
		return &q.Selection
	case *protocol.SelectPeriod:
		return &q.Selection
	}
	return nil
}

// mutantRuns is within how many random histories each mutant must be caught; few need more than 30. Seeds count from 0,
// so that the test says the same every time.
const mutantRuns = 200

// allMutants returns every mutant, each with a model of its own behind it when opened.
func allMutants() []mutant {
	return slices.Concat(queryMutants, writeMutants, answerMutants, stateMutants)
}

// open returns the mutant over an empty model.
func (m mutant) open() Target {
	m.Target, m.kept = newModelTarget(), nil
	return &m
}

func TestEveryMutantIsCaught(t *testing.T) {
	if raceDetector {
		t.Skip("mutants have one goroutine: the race detector finds nothing here and takes minutes")
	}
	for _, m := range allMutants() {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			run := rapid.Custom(func(t *rapid.T) string { return Run(t, m.open()) })
			for seed := range mutantRuns {
				if run.Example(seed) != "" {
					t.Logf("caught by history %d", seed+1)
					return
				}
			}
			t.Errorf("%d random histories did not notice this mutant", mutantRuns)
		})
	}
}

// TestAMutantWithoutHooksIsNotCaught shows that mutants are caught for what they break, not for being wrapped.
func TestAMutantWithoutHooksIsNotCaught(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		Check(t, mutant{}.open)
	})
}
