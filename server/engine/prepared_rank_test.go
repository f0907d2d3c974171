package engine_test

import (
	"math/rand/v2"
	"testing"

	"github.com/kamaitachi/kamaitachi/internal/oracle"
	"github.com/kamaitachi/kamaitachi/protocol"
	"github.com/kamaitachi/kamaitachi/server/engine"
)

// randomChange changes all that a ranking of a list can change, now and then.
func randomChange(rnd *rand.Rand, ids []string) (c protocol.Change) {
	fields := append([]string{protocol.ReportDateField}, ids...)
	if rnd.IntN(4) > 0 {
		c.Field = protocol.Some(fields[rnd.IntN(len(fields))])
	}
	if rnd.IntN(2) > 0 {
		c.Order = protocol.Some(protocol.Order(rnd.IntN(2)))
	}
	if rnd.IntN(2) > 0 {
		c.Offset, c.Limit = protocol.Some(rnd.IntN(25)), protocol.Some(1+rnd.IntN(25))
	}
	if rnd.IntN(8) == 0 {
		c.Timestamp = protocol.At(int64(rnd.IntN(8)) * 91 * protocol.SecondsPerDay)
	}
	return c
}

// What is asked again between two writes is answered from orders that are kept; it must be what the query would answer.
func TestAPreparedListThatIsRankedAgainAnswersAsTheQuery(t *testing.T) {
	const subjects = 30
	e := openMarket(t, subjects, 6)
	q := &protocol.Snapshot{View: protocol.View{IDs: []string{"indicator_1", "indicator_3"}}}
	for i := range 24 {
		q.Subjects = append(q.Subjects, marketKey((i*7)%(subjects+2))) // two of whom are not there yet
	}
	p := prepare(t, e, q)
	rnd := rand.New(rand.NewPCG(7, 7))
	kept := 0
	for range 60 {
		switch rnd.IntN(4) {
		case 0:
			apply(t, e, &protocol.Write{Delete: &protocol.Delete{Subjects: []string{marketKey(rnd.IntN(subjects))}}})
		default:
			r := randomReport(rnd, marketKey(rnd.IntN(subjects+2)), int64(rnd.IntN(8))*91*protocol.SecondsPerDay)
			apply(t, e, &protocol.Write{Put: &protocol.Put{Reports: []protocol.Report{r}}})
		}
		for range 6 {
			c := randomChange(rnd, []string{"indicator_1", "indicator_2", "indicator_6"})
			for range 3 {
				kept += compareExecution(t, e, p, q, &c)
			}
		}
	}
	if kept == 0 {
		t.Error("no order was ever kept: this says nothing")
	}
}

// compareExecution holds an execution against the query that it is, and returns how many orders are kept.
func compareExecution(t *testing.T, e *engine.Engine, p *engine.Prepared, q *protocol.Snapshot, c *protocol.Change) int {
	t.Helper()
	changed := *q
	changed.Ranking, changed.Timestamp = c.Ranking(q.Ranking), c.When(q.Timestamp)
	var want, got protocol.Result
	if err := e.Snapshot(&changed, &want); err != nil {
		t.Fatal(err)
	}
	if err := p.Execute(c, &got); err != nil {
		t.Fatal(err)
	}
	if diff := oracle.Diff(&want, &got); diff != "" {
		t.Fatalf("%+v: %s", changed.Ranking, diff)
	}
	return p.KeptOrders()
}
