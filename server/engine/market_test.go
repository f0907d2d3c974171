package engine_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/kamaitachi/kamaitachi/protocol"
	"github.com/kamaitachi/kamaitachi/server/engine"
	"github.com/kamaitachi/kamaitachi/server/store"
)

// marketTopic is the topic of every subject of a made-up market.
const marketTopic = "all"

// openMarket returns an engine with subjects x quarters reports of six indicators, some values missing.
func openMarket(t testing.TB, subjects, quarters int) *engine.Engine {
	return openMarketWith(t, subjects, quarters, engine.Options{NoSync: true})
}

func openMarketWith(t testing.TB, subjects, quarters int, o engine.Options) *engine.Engine {
	st, err := store.Open("data", store.Options{FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	e, err := engine.Open(st, o)
	if err != nil {
		t.Fatal(err)
	}
	finance := protocol.Table{Number: 1, Name: "finance"}
	for i := range 6 {
		finance.Indicators = append(finance.Indicators, protocol.Indicator{ID: fmt.Sprintf("indicator_%d", i+1)})
	}
	apply(t, e, &protocol.Write{Tables: &protocol.PutTables{Tables: []protocol.Table{finance}}})
	rnd := rand.New(rand.NewPCG(1, 2))
	const batch = 500
	for from := 0; from < subjects; from += batch {
		var p protocol.Put
		var s protocol.PutSubjects
		for i := from; i < min(from+batch, subjects); i++ {
			key := marketKey(i)
			u := protocol.SubjectUpdate{Subject: protocol.Subject{Key: key, Topics: []string{marketTopic}}, Set: protocol.FieldTopics}
			s.Subjects = append(s.Subjects, u)
			for q := range quarters {
				p.Reports = append(p.Reports, randomReport(rnd, key, int64(q)*91*protocol.SecondsPerDay))
			}
		}
		apply(t, e, &protocol.Write{Subjects: &s})
		apply(t, e, &protocol.Write{Put: &p})
	}
	return e
}

func marketKey(i int) string { return fmt.Sprintf("33:%08d", i) }

func randomReport(rnd *rand.Rand, key string, date int64) protocol.Report {
	r := protocol.Report{Subject: key, ReportDate: date, Values: make([]float64, 6)}
	for i := range r.Values {
		if r.Values[i] = rnd.Float64() * 1e9; rnd.IntN(50) == 0 {
			r.Values[i] = protocol.Missing
		}
	}
	return r
}

func apply(t testing.TB, e *engine.Engine, w *protocol.Write) {
	t.Helper()
	w.Time = 1
	outcomes, err := e.Apply(e.Applied()+1, []*protocol.Write{w})
	if err != nil {
		t.Fatal(err)
	}
	if outcomes[0] != nil {
		t.Fatal(outcomes[0])
	}
}

// rankings returns scenario 3 in many variants: 50 random subjects, four indicators, a page of 20.
func rankings(n, subjects int) []protocol.Snapshot {
	rnd := rand.New(rand.NewPCG(3, 4))
	out := make([]protocol.Snapshot, n)
	for i := range out {
		q := &out[i]
		q.IDs = []string{"indicator_1", "indicator_2", "indicator_3", "indicator_4"}
		q.Field, q.Limit, q.Order = q.IDs[rnd.IntN(4)], 20, protocol.Order(rnd.IntN(2))
		for range 50 {
			q.Subjects = append(q.Subjects, marketKey(rnd.IntN(subjects)))
		}
	}
	return out
}
