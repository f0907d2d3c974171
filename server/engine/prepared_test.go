package engine_test

import (
	"errors"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/kamaitachi/kamaitachi/internal/oracle/oracletest"
	"github.com/kamaitachi/kamaitachi/protocol"
	"github.com/kamaitachi/kamaitachi/server/engine"
	"github.com/kamaitachi/kamaitachi/server/store"
)

// Prepare makes target an oracletest.Preparer.
func (t *target) Prepare(q protocol.Message) (oracletest.Prepared, error) {
	return t.Engine.Prepare(q, &protocol.Result{})
}

func openPreparer() oracletest.Preparer { return open().(*target) }

func TestPreparedQueriesAnswerAsTheOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { oracletest.CheckPrepared(t, openPreparer) })
}

func TestExecutionsSeeOneMomentWhileWritesAreApplied(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		oracletest.CheckRacing(t, 2, func() oracletest.Target { return oracletest.Preparing(openPreparer()) })
	})
}

func prepare(t testing.TB, e *engine.Engine, q protocol.Message) *engine.Prepared {
	t.Helper()
	p, err := e.Prepare(q, &protocol.Result{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// executions prepares a ranking and returns executions of it that differ in all that can.
func executions(t testing.TB, e *engine.Engine, q *protocol.Snapshot, r *protocol.Result) func() error {
	p, n := prepare(t, e, q), 0
	return func() error {
		n++
		c := protocol.Change{Offset: protocol.Some(n % 5), Limit: protocol.Some(10 + n%10), Order: protocol.Some(protocol.Order(n % 2)),
			Field: protocol.Some(q.IDs[n%len(q.IDs)])}
		if q.Timestamp.Given {
			c.Timestamp = protocol.At(q.Timestamp.Seconds + int64(n%3))
		}
		return p.Execute(&c, r)
	}
}

// shown is what an answer shows: keys and values.
func shown(t *testing.T, p *engine.Prepared) (keys []string, values []float64) {
	t.Helper()
	var r protocol.Result
	if err := p.Execute(&protocol.Change{}, &r); err != nil {
		t.Fatal(err)
	}
	for _, s := range r.Subjects {
		keys = append(keys, s.Key)
	}
	return keys, r.Values
}

func put(t *testing.T, e *engine.Engine, key string, values ...float64) {
	t.Helper()
	apply(t, e, &protocol.Write{Put: &protocol.Put{Reports: []protocol.Report{{Subject: key, ReportDate: 1, Type: "0409", Values: values}}}})
}

func TestAPreparedQueryIsResolvedAgainWhenItsNamesMayMeanMore(t *testing.T) {
	st, err := store.Open("data", store.Options{FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	e, err := engine.Open(st, engine.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	finance := protocol.Table{Number: 1, Name: "finance", Indicators: []protocol.Indicator{{ID: "a"}}}
	apply(t, e, &protocol.Write{Tables: &protocol.PutTables{Tables: []protocol.Table{finance}}})
	put(t, e, "one", 1)
	view := protocol.View{IDs: []string{"a"}}
	list := prepare(t, e, &protocol.Snapshot{View: view, Subjects: []string{"two", "one"}})
	typed := prepare(t, e, &protocol.Snapshot{View: protocol.View{IDs: []string{"a"}, ReportTypes: []string{"0410"}}, Subjects: []string{"one"}})
	if keys, _ := shown(t, list); !cmp.Equal(keys, []string{"one"}) {
		t.Errorf("before the second subject exists %v is shown", keys)
	}
	put(t, e, "two", 2)
	if keys, values := shown(t, list); !cmp.Equal(keys, []string{"two", "one"}) || !cmp.Equal(values, []float64{2, 1}) {
		t.Errorf("once the second subject exists %v, %v is shown", keys, values)
	}
	if keys, _ := shown(t, typed); keys != nil {
		t.Errorf("before there is a report of the type %v is shown", keys)
	}
	apply(t, e, &protocol.Write{Put: &protocol.Put{Reports: []protocol.Report{{Subject: "one", ReportDate: 0, Type: "0410", Values: []float64{7}}}}})
	if keys, values := shown(t, typed); !cmp.Equal(keys, []string{"one"}) || !cmp.Equal(values, []float64{7}) {
		t.Errorf("once there is a report of the type %v, %v is shown", keys, values)
	}
	field := &protocol.Change{Field: protocol.Some("b")}
	if err := list.Execute(field, &protocol.Result{}); !errors.Is(err, protocol.ErrUnknownIndicator) {
		t.Errorf("ranked by an indicator that does not exist: %v", err)
	}
	finance.Indicators = append(finance.Indicators, protocol.Indicator{ID: "b"})
	apply(t, e, &protocol.Write{Tables: &protocol.PutTables{Tables: []protocol.Table{finance}}})
	if err := list.Execute(field, &protocol.Result{}); err != nil {
		t.Errorf("ranked by an indicator that exists now: %v", err)
	}
}

// After a Swap subjects may have other numbers, though their count and the catalog's version are the same.
func TestAPreparedQueryIsResolvedAgainAfterASwap(t *testing.T) {
	stores := [2]*store.Store{}
	for i, first := range []string{"one", "two"} {
		st, err := store.Open("data", store.Options{FS: vfs.NewMem()})
		if err != nil {
			t.Fatal(err)
		}
		defer st.Close()
		e, err := engine.Open(st, engine.Options{NoSync: true})
		if err != nil {
			t.Fatal(err)
		}
		apply(t, e, &protocol.Write{Tables: &protocol.PutTables{Tables: []protocol.Table{
			{Number: 1, Name: "finance", Indicators: []protocol.Indicator{{ID: "a"}}}}}})
		put(t, e, first, float64(i))
		stores[i] = st
	}
	e, err := engine.Open(stores[0], engine.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	p := prepare(t, e, &protocol.Snapshot{View: protocol.View{IDs: []string{"a"}}, Subjects: []string{"one"}})
	if keys, _ := shown(t, p); !cmp.Equal(keys, []string{"one"}) {
		t.Fatalf("%v is shown", keys)
	}
	if err := e.Swap(stores[1]); err != nil {
		t.Fatal(err)
	}
	if keys, _ := shown(t, p); keys != nil {
		t.Errorf("the other store has no such subject, and %v is shown", keys)
	}
	if err := e.Swap(stores[0]); err != nil {
		t.Fatal(err)
	}
	if keys, _ := shown(t, p); !cmp.Equal(keys, []string{"one"}) {
		t.Errorf("back on the first store %v is shown", keys)
	}
}

func TestWhatIsNoQueryCannotBePrepared(t *testing.T) {
	e := openMarket(t, 1, 1)
	if _, err := e.Prepare(&protocol.Get{Subject: marketKey(0)}, &protocol.Result{}); !errors.Is(err, protocol.ErrBadRequest) {
		t.Errorf("GET is prepared: %v", err)
	}
}
