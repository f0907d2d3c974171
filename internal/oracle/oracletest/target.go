package oracletest

import (
	"fmt"
	"io"
	"math"

	"github.com/kamaitachi/kamaitachi/internal/oracle"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// Reader answers every query. The model is one, and so is the engine.
type Reader interface {
	Snapshot(q *protocol.Snapshot, r *protocol.Result) error
	Period(q *protocol.Period, r *protocol.Result) error
	Recent(q *protocol.Recent, r *protocol.Result) error
	SelectSnapshot(q *protocol.SelectSnapshot, r *protocol.Result) error
	SelectPeriod(q *protocol.SelectPeriod, r *protocol.Result) error
	Get(q *protocol.Get, r *protocol.Result) error
	Search(q *protocol.Search, r *protocol.Result) error
	Subjects(q *protocol.ListSubjects, l *protocol.SubjectList) error
	Catalog() *protocol.Catalog
}

// Target is what is held against a model. It starts empty: no tables, no subjects.
//
// A Target that is also an io.Closer is closed at the end of its run. One that is also a Reopener is reopened now and
// then.
type Target interface {
	// Apply orders and applies one write and returns its index, which is greater than those before; answers show it in
	// Applied from then on. Refused writes may return the index that they used up, or 0. Nothing of w may be kept: the
	// harness overwrites it when Apply returns.
	Apply(w *protocol.Write) (index uint64, err error)
	Reader
}

// Reopener is a Target that can be closed and opened again over the same data, as after a restart.
type Reopener interface {
	Reopen() error
}

// Sparse is a Target in whose order not every index is that of a write: a cluster's log has entries of its own between them.
type Sparse interface {
	// Sparse does nothing.
	Sparse()
}

// cleaner is what *testing.T and *rapid.T have in common here.
type cleaner interface {
	Cleanup(func())
	Errorf(format string, args ...any)
}

// closeAfter closes a target that can be closed when the test is over.
func closeAfter(t cleaner, target Target) {
	c, ok := target.(io.Closer)
	if !ok {
		return
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("close the target: %v", err)
		}
	})
}

// Query is one question: a *protocol.Snapshot, *protocol.Period, *protocol.Recent, *protocol.SelectSnapshot,
// *protocol.SelectPeriod, *protocol.Get, *protocol.Search, *protocol.ListSubjects or CatalogQuery.
type Query any

// CatalogQuery asks for the catalog.
type CatalogQuery struct{}

// Answer is the answer to a Query; exactly one field is set.
type Answer struct {
	Err     error
	Result  *protocol.Result
	List    *protocol.SubjectList
	Catalog *protocol.Catalog
}

// Ask asks one query. r is the result to reuse where the query has one, nil = a new one; the answer lives as long as it.
func Ask(reader Reader, query Query, r *protocol.Result) Answer {
	if r == nil {
		r = &protocol.Result{}
	}
	var err error
	switch q := query.(type) {
	case *protocol.Snapshot:
		err = reader.Snapshot(q, r)
	case *protocol.Period:
		err = reader.Period(q, r)
	case *protocol.Recent:
		err = reader.Recent(q, r)
	case *protocol.SelectSnapshot:
		err = reader.SelectSnapshot(q, r)
	case *protocol.SelectPeriod:
		err = reader.SelectPeriod(q, r)
	case *protocol.Get:
		err = reader.Get(q, r)
	case *protocol.Search:
		err = reader.Search(q, r)
	case *protocol.ListSubjects:
		var l protocol.SubjectList
		if err = reader.Subjects(q, &l); err == nil {
			return Answer{List: &l}
		}
	case CatalogQuery:
		return Answer{Catalog: reader.Catalog()}
	default:
		panic(fmt.Sprintf("oracletest: %T is no query", query))
	}
	if err != nil {
		return Answer{Err: err}
	}
	return Answer{Result: r}
}

// applied returns the applied index that an answer shows; an error shows none.
func (a Answer) applied() (index uint64, ok bool) {
	switch {
	case a.Result != nil:
		return a.Result.Applied, true
	case a.List != nil:
		return a.List.Applied, true
	case a.Catalog != nil:
		return a.Catalog.Applied, true
	}
	return 0, false
}

// DiffAnswers tells how got differs from want, or returns "".
func DiffAnswers(want, got Answer) string {
	if diff := oracle.DiffErrors(want.Err, got.Err); diff != "" || want.Err != nil {
		return diff
	}
	switch {
	case want.Result != nil:
		return oracle.Diff(want.Result, got.Result)
	case want.List != nil:
		return oracle.DiffSubjects(want.List, got.List)
	}
	return oracle.DiffCatalogs(want.Catalog, got.Catalog)
}

// Compare asks the model and the target the same and tells how the target's answer differs, or returns "". The target
// gets a result that has been used before, for an answer must not show what was in it.
func Compare(model *oracle.Model, target Reader, query Query) string {
	return DiffAnswers(Ask(model, query, nil), Ask(target, query, usedResult()))
}

// usedResult returns a result full of what no answer may show.
func usedResult() *protocol.Result {
	ghost := protocol.NewSubject("ghost of an earlier answer")
	return &protocol.Result{
		Applied:  math.MaxUint64,
		With:     protocol.WithReports | protocol.WithSubjects,
		IDs:      []string{"ghost"},
		Subjects: []*protocol.Subject{&ghost, &ghost},
		Heads:    []protocol.Head{{Type: "ghost"}, {Type: "ghost"}},
		Values:   []float64{666, 667},
		Groups:   []int32{1, 2},
		Stamps:   []protocol.Stamp{{Create: 666, Update: 667}},
		Total:    666,
	}
}
