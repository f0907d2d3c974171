package e2e_test

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/kamaitachi/kamaitachi/conf"
	"github.com/kamaitachi/kamaitachi/internal/dataset"
	"github.com/kamaitachi/kamaitachi/internal/dataset/bundled"
	"github.com/kamaitachi/kamaitachi/internal/oracle"
	"github.com/kamaitachi/kamaitachi/internal/oracle/oracletest"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// both imports into a node and into the model.
type both struct {
	node  oracletest.Target
	model *oracle.Model
}

func (b both) write(w *protocol.Write) error {
	w.Time = 1_500_000_000
	index, err := b.node.Apply(w)
	if err != nil {
		return err
	}
	return b.model.Apply(index, w)
}

func (b both) PutTables(_ context.Context, w *protocol.PutTables) error {
	return b.write(&protocol.Write{Tables: w})
}

func (b both) PutSubjects(_ context.Context, w *protocol.PutSubjects) error {
	return b.write(&protocol.Write{Subjects: w})
}

func (b both) Put(_ context.Context, w *protocol.Put) error { return b.write(&protocol.Write{Put: w}) }

// TestRealReportsAreAnsweredAsTheOracle loads all of us-reports over the wire and compares hundreds of queries about
// its real subjects, indicators and days.
func TestRealReportsAreAnsweredAsTheOracle(t *testing.T) {
	node := openWired().(*wired)
	defer node.Close()
	b := both{node, oracle.New()}
	tables, err := conf.LoadCatalog("")
	if err != nil {
		t.Fatal(err)
	}
	if err := b.write(&protocol.Write{Tables: &protocol.PutTables{Tables: tables}}); err != nil {
		t.Fatal(err)
	}
	src, err := bundled.Reports(tables[0])
	if err != nil {
		t.Fatal(err)
	}
	sum, err := dataset.Import(context.Background(), src, b, dataset.ImportOptions{Table: tables[0]})
	if err != nil {
		t.Fatal(err)
	}
	if sum.Rows != 31_729 || sum.Subjects != 4_540 || sum.Rejected != 0 {
		t.Fatalf("imported %+v", sum)
	}
	asker := newReportAsker(b.model)
	for i := range 400 {
		q := asker.query(i)
		if diff := oracletest.Compare(b.model, node, q); diff != "" {
			t.Fatalf("query %d\n  %s\nis answered differently:\n%.2000s", i, oracletest.Describe(q), diff)
		}
	}
}

// reportAsker makes queries about what us-reports holds.
type reportAsker struct {
	rnd  *rand.Rand
	keys []string
	ids  []string
}

func newReportAsker(m *oracle.Model) *reportAsker {
	a := &reportAsker{rnd: rand.New(rand.NewPCG(20, 17)), ids: []string{"operating_revenue", "operating_income",
		"parent_holder_net_profit", "eps_basic", "assets", "cash", "1001", "1002"}}
	var l protocol.SubjectList
	for after := ""; ; after = a.keys[len(a.keys)-1] {
		m.Subjects(&protocol.ListSubjects{After: after, Limit: protocol.MaxLimit}, &l)
		for _, s := range l.Subjects {
			a.keys = append(a.keys, s.Key)
		}
		if len(l.Subjects) < protocol.MaxLimit {
			return a
		}
	}
}

func (a *reportAsker) subjects(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = a.keys[a.rnd.IntN(len(a.keys))]
	}
	return out
}

// day returns a day in 2013 to 2017.
func (a *reportAsker) day() protocol.Instant {
	return protocol.At((15_706 + a.rnd.Int64N(5*365)) * protocol.SecondsPerDay)
}

func (a *reportAsker) view() protocol.View {
	v := protocol.View{With: protocol.With(a.rnd.IntN(4))}
	for range 1 + a.rnd.IntN(5) {
		v.IDs = append(v.IDs, a.ids[a.rnd.IntN(len(a.ids))])
	}
	if types := [][]string{nil, nil, {"annual"}, {"quarter"}, {"quarter", "annual"}}; a.rnd.IntN(2) == 0 {
		v.ReportTypes = types[a.rnd.IntN(len(types))]
	}
	if a.rnd.IntN(3) == 0 {
		v.KnownAt = a.day()
	}
	return v
}

func (a *reportAsker) ranking() protocol.Ranking {
	r := protocol.Ranking{Order: protocol.Order(a.rnd.IntN(2)), Offset: a.rnd.IntN(60), Limit: 1 + a.rnd.IntN(50)}
	if a.rnd.IntN(4) > 0 {
		r.Field = append(a.ids, protocol.ReportDateField)[a.rnd.IntN(len(a.ids)+1)]
	}
	return r
}

func (a *reportAsker) span() (r protocol.Range) {
	if a.rnd.IntN(2) == 0 {
		r.From = a.day()
		r.To = protocol.At(r.From.Seconds + a.rnd.Int64N(700)*protocol.SecondsPerDay)
	}
	return r
}

func (a *reportAsker) query(i int) oracletest.Query {
	switch i % 6 {
	case 0:
		q := &protocol.Snapshot{View: a.view(), Ranking: a.ranking(), Subjects: a.subjects(1 + a.rnd.IntN(120)), Range: a.span()}
		if a.rnd.IntN(2) == 0 {
			q.Timestamp = a.day()
		}
		return q
	case 1:
		q := &protocol.Snapshot{View: a.view(), Ranking: a.ranking(), Topic: "us_listed"}
		q.Offset = a.rnd.IntN(5_000)
		return q
	case 2:
		return &protocol.Period{View: a.view(), Subjects: a.subjects(1 + a.rnd.IntN(20)), Range: a.span()}
	case 3:
		return &protocol.Recent{View: a.view(), Subjects: a.subjects(1 + a.rnd.IntN(3)), Limit: a.rnd.IntN(12)}
	case 4:
		return &protocol.Search{Subjects: a.subjects(a.rnd.IntN(30)), Range: a.span(), Offset: a.rnd.IntN(10), Limit: a.rnd.IntN(20)}
	}
	return &protocol.Get{Subject: a.subjects(1)[0]}
}
