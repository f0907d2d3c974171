package engine_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/kamaitachi/kamaitachi/protocol"
	"github.com/kamaitachi/kamaitachi/server/engine"
)

// topicBy is a ranking of the whole market by one indicator.
func topicBy(indicator int) *protocol.Snapshot {
	q := &protocol.Snapshot{Topic: marketTopic}
	q.IDs = []string{fmt.Sprintf("indicator_%d", indicator)}
	return q
}

func ask(t *testing.T, e *engine.Engine, q *protocol.Snapshot) {
	t.Helper()
	if err := e.Snapshot(q, &protocol.Result{}); err != nil {
		t.Fatal(err)
	}
}

func stands(e *engine.Engine, q *protocol.Snapshot) bool { return e.Standing(q, &protocol.Change{}) }

func TestAnOrderStandsOnceItIsAskedForAgain(t *testing.T) {
	e := openMarket(t, 2000, 1)
	q := topicBy(1)
	ask(t, e, q)
	if stands(e, q) {
		t.Fatal("asked for once, and it stands")
	}
	if err := e.Memory().Snapshot(q, &protocol.Result{}); !errors.Is(err, engine.ErrCold) {
		t.Errorf("who must not wait is told %v, want ErrCold", err)
	}
	ask(t, e, q)
	if !stands(e, q) || stands(e, topicBy(2)) {
		t.Errorf("stands: by 1 %v, by 2 %v; want only by 1", stands(e, q), stands(e, topicBy(2)))
	}
	put(t, e, marketKey(7), 1, 2, 3, 4, 5, 6)
	s := e.Stats()
	if !stands(e, q) || s.Orders != 1 || s.OrdersBuilt != 1 || s.OrderBytes < 4*2000 || s.OrderBytes > s.OrderMax {
		t.Errorf("after a write: stands %v, %+v", stands(e, q), s)
	}
	if err := e.Memory().Snapshot(q, &protocol.Result{}); err != nil {
		t.Errorf("who must not wait is told %v of an order that stands", err)
	}
}

func TestSmallTopicsHaveNoOrders(t *testing.T) {
	e := openMarket(t, 60, 1)
	for range 3 {
		ask(t, e, topicBy(1))
	}
	if s := e.Stats(); s.OrdersBuilt != 0 {
		t.Errorf("%d orders were built of 60 subjects", s.OrdersBuilt)
	}
}

func TestAnOrderIsBuiltOnceForAllWhoWait(t *testing.T) {
	e := openMarket(t, 5000, 1)
	for indicator := 1; indicator <= 6; indicator++ {
		q := topicBy(indicator)
		ask(t, e, q)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() { ask(t, e, q) })
		}
		wg.Wait()
		if s := e.Stats(); s.OrdersBuilt != uint64(indicator) || s.Orders != indicator {
			t.Errorf("%d orders, %d were built; want %d", s.Orders, s.OrdersBuilt, indicator)
		}
	}
}

// An order that writes change and nobody reads is not kept up for ever, and comes back when it is asked for.
func TestAnOrderThatNobodyAsksForIsLetGo(t *testing.T) {
	e := openMarket(t, 200, 1)
	q := topicBy(1)
	ask(t, e, q)
	ask(t, e, q)
	rnd := rand.New(rand.NewPCG(1, 1))
	writes := func(n int) {
		for i := range n {
			apply(t, e, &protocol.Write{Put: &protocol.Put{Reports: []protocol.Report{randomReport(rnd, marketKey(i%200), 1<<30)}}})
		}
	}
	for range 3 {
		writes(60)
		if ask(t, e, q); !stands(e, q) {
			t.Fatal("it was asked for now and then, and is gone")
		}
	}
	writes(120)
	if stands(e, q) {
		t.Error("it is still kept up")
	}
	if ask(t, e, q); !stands(e, q) {
		t.Error("it does not come back")
	}
}

func TestOrdersTakeNoMoreThanTheyMay(t *testing.T) {
	const limit = 30_000 // three orders of 600 subjects, perhaps
	e := openMarketWith(t, 600, 1, engine.Options{NoSync: true, OrderBytes: limit})
	ask(t, e, topicBy(6))
	for range 3 {
		for indicator := 1; indicator <= 6; indicator++ {
			ask(t, e, topicBy(6)) // always asked for: it stays
			ask(t, e, topicBy(indicator))
			if s := e.Stats(); s.OrderBytes > limit || s.OrderMax != limit {
				t.Fatalf("%d orders take %d bytes of %d, want at most %d", s.Orders, s.OrderBytes, s.OrderMax, limit)
			}
		}
	}
	if s := e.Stats(); s.Orders < 2 || !stands(e, topicBy(6)) {
		t.Errorf("%d orders stand, that which is asked for most %v", s.Orders, stands(e, topicBy(6)))
	}
	none := openMarketWith(t, 600, 1, engine.Options{NoSync: true, OrderBytes: -1})
	for range 3 {
		ask(t, none, topicBy(1))
	}
	if s := none.Stats(); s.OrdersBuilt != 0 {
		t.Errorf("%d orders were built where none may be", s.OrdersBuilt)
	}
}

func TestAPastStandsForAllTimesUntilTheNextReportDate(t *testing.T) {
	const quarter = 91 * protocol.SecondsPerDay
	e := openMarket(t, 2000, 8)
	at := func(seconds int64) *protocol.Snapshot {
		q := topicBy(1)
		q.Timestamp = protocol.At(seconds)
		return q
	}
	ask(t, e, at(3*quarter))
	if err := e.Memory().Snapshot(at(3*quarter), &protocol.Result{}); !errors.Is(err, engine.ErrCold) {
		t.Errorf("who must not wait is told %v, want ErrCold", err)
	}
	for i := range int64(4) {
		ask(t, e, at(3*quarter+i))
	}
	if s := e.Stats(); s.Pasts != 1 || s.Orders != 1 || s.OrdersBuilt != 2 || s.OrderBytes < 2000*8*7 {
		t.Errorf("%+v, want one past and one order of it", s)
	}
	if !stands(e, at(4*quarter-1)) || stands(e, at(4*quarter)) || stands(e, topicBy(1)) || !stands(e, at(-1)) {
		t.Error("want it to stand until the next report date, and nothing before the first")
	}
	var r protocol.Result
	low := at(3*quarter + 5)
	low.Order = protocol.Ascending
	apply(t, e, &protocol.Write{Put: &protocol.Put{Reports: []protocol.Report{
		{Subject: marketKey(7), ReportDate: 3*quarter + 9, Values: []float64{-1}}}}})
	if err := e.Snapshot(low, &r); err != nil || r.Subjects[0].Key == marketKey(7) {
		t.Errorf("error %v, first is %s: its report is of a later second", err, r.Subjects[0].Key)
	}
	apply(t, e, &protocol.Write{Put: &protocol.Put{Reports: []protocol.Report{
		{Subject: marketKey(8), ReportDate: 3 * quarter, Values: []float64{-2}}}}})
	if err := e.Snapshot(low, &r); err != nil || r.Subjects[0].Key != marketKey(8) || r.Values[0] != -2 {
		t.Errorf("error %v, first is %s with %v, want what was written again", err, r.Subjects[0].Key, r.Values[0])
	}
	if s := e.Stats(); s.Pasts != 1 || s.OrdersBuilt != 2 {
		t.Errorf("%+v: it was built anew", s)
	}
}

// A query as of now, or of what is known now, is one of the newest reports, and shares their order.
func TestTheNewestReportsAreNoPast(t *testing.T) {
	e := openMarket(t, 200, 4)
	ask(t, e, topicBy(1))
	ask(t, e, topicBy(1))
	now := topicBy(1)
	now.Timestamp, now.KnownAt = protocol.At(protocol.MaxTime), protocol.At(3*91*protocol.SecondsPerDay)
	if !stands(e, now) {
		t.Error("as of now nothing stands")
	}
	now.KnownAt.Seconds--
	if stands(e, now) {
		t.Error("what was not known a second before the last report stands")
	}
}
