package server

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kamaitachi/kamaitachi/internal/oracle"
	"github.com/kamaitachi/kamaitachi/protocol"
	"github.com/kamaitachi/kamaitachi/server/cache"
	"github.com/kamaitachi/kamaitachi/server/engine"
)

// figures returns the figures that STATS answers.
func figures(t testing.TB, p *peer) map[string]float64 {
	t.Helper()
	var l protocol.StatList
	p.ask(protocol.OpStats, protocol.Empty{}).decode(t, &l)
	out := map[string]float64{}
	for _, s := range l {
		out[s.Name] = s.Number
	}
	return out
}

// coldQueries are queries of every kind that need history.
func coldQueries() map[string]protocol.Message {
	view := protocol.View{IDs: []string{"operating_income", "assets"}, With: protocol.WithReports}
	list := []string{subject(3), subject(1), "no:body", subject(9)}
	known := view
	known.KnownAt = protocol.At(protocol.MaxTime)
	selection := protocol.Selection{Kind: "concept", Topic: "all"}
	return map[string]protocol.Message{
		"snapshot":        &protocol.Snapshot{View: view, Subjects: list, Timestamp: protocol.At(day(2023))},
		"topic":           &protocol.Snapshot{View: view, Topic: "all", Timestamp: protocol.At(day(2022))},
		"known at":        &protocol.Snapshot{View: known, Subjects: list},
		"period":          &protocol.Period{View: view, Subjects: list},
		"recent":          &protocol.Recent{View: view, Subjects: list, Limit: 1},
		"select snapshot": &protocol.SelectSnapshot{View: view, Selection: selection, Timestamp: protocol.At(day(2022))},
		"select period":   &protocol.SelectPeriod{View: view, Selection: selection},
		"get":             &protocol.Get{Subject: subject(4)},
		"search":          &protocol.Search{Subjects: list},
	}
}

var historicOps = map[string]protocol.Op{"get": protocol.OpGet, "search": protocol.OpSearch}

func opOf(name string, q protocol.Message) protocol.Op {
	if op, ok := historicOps[name]; ok {
		return op
	}
	op, _ := protocol.QueryOp(q)
	return op
}

// A query that needs the store is answered as one that does not, wherever it was first tried.
func TestColdHistoryIsAnsweredOffTheLoop(t *testing.T) {
	still := func() Options { // else two nodes that are filled in two seconds differ by their stamps
		o := memory()
		o.Log.Now = func() time.Time { return time.Unix(1_700_000_000, 0) }
		return o
	}
	warm, _ := startNode(t, still())
	for name, blocks := range map[string]engine.Blocks{"without blocks": nil, "with blocks": cache.NewStore(cache.MinBytes)} {
		o := still()
		o.Engine.HistoryBytes, o.Engine.Blocks = 1, blocks
		cold, _ := startNode(t, o)
		a, b := connect(t, warm), connect(t, cold)
		for kind, q := range coldQueries() {
			for try := range 3 {
				var want, got protocol.Result
				a.ask(opOf(kind, q), q).decode(t, &want)
				b.ask(opOf(kind, q), q).decode(t, &got)
				if diff := oracle.Diff(&want, &got); diff != "" || got.Rows() == 0 {
					t.Errorf("%s %s, asked %d times before: %d rows, %s", kind, name, try, got.Rows(), diff)
				}
			}
			if op, ok := protocol.QueryOp(q); ok {
				var want, got protocol.Result
				a.ask(op, q).decode(t, &want)
				b.ask(protocol.OpExecute, &protocol.Execute{Handle: b.handle(q)}).decode(t, &got)
				if diff := oracle.Diff(&want, &got); diff != "" {
					t.Errorf("%s %s, prepared: %s", kind, name, diff)
				}
			}
		}
	}
}

func TestAQueryThatReadTheStoreIsAMissAndTheNextIsNot(t *testing.T) {
	o := memory()
	o.Engine.HistoryBytes, o.Engine.Blocks = 1, &emptied{Store: cache.NewStore(cache.MinBytes)}
	n, _ := startNode(t, o)
	p := connect(t, n)
	o.Engine.Blocks.(*emptied).opened.Store(true)
	q := coldQueries()["period"]
	ask := func(wantMisses, wantHits float64) {
		t.Helper()
		p.ask(protocol.OpPeriod, q).decode(t, &protocol.Result{})
		f := figures(t, p)
		if f["cache_misses"] != wantMisses || f["cache_hits"] != wantHits || f["cache_hit_rate"] != 100*wantHits/(wantHits+wantMisses) {
			t.Errorf("%v misses, %v hits, rate %v; want %v and %v", f["cache_misses"], f["cache_hits"], f["cache_hit_rate"], wantMisses, wantHits)
		}
	}
	ask(1, 0)
	handed := figures(t, p)["disk_reads"]
	ask(1, 1)
	if again := figures(t, p)["disk_reads"]; again != handed || handed == 0 {
		t.Errorf("%v series were read for the first query and %v for the second, want some and none", handed, again-handed)
	}
	p.ask(protocol.OpResetCounters, protocol.Empty{}).decode(t, &protocol.Empty{})
	if f := figures(t, p); f["cache_misses"] != 0 || f["cache_hits"] != 0 || f["cache_hit_rate"] != 100 {
		t.Errorf("after RESET_COUNTERS: %v misses, %v hits, rate %v", f["cache_misses"], f["cache_hits"], f["cache_hit_rate"])
	}
}

// emptied keeps nothing until it is opened.
type emptied struct {
	*cache.Store
	opened atomic.Bool
}

func (e *emptied) Set(key, value []byte) {
	if e.opened.Load() {
		e.Store.Set(key, value)
	}
}

func TestABudgetThatCannotHoldTheColumnsIsRefused(t *testing.T) {
	o := memory()
	o.Listen = ""
	n, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	fill(t, n)
	o.MemoryBytes = 1 << 20
	if _, err := Open(o); !errors.Is(err, ErrMemory) {
		t.Errorf("1 MiB beside 128 MiB of replies: error is %v, want ErrMemory", err)
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	o.ReplyBytes, o.BlockBytes, o.MemoryBytes = -1, -1, 6900<<10
	m, err := o.Memory()
	if err != nil {
		t.Fatal(err)
	}
	if m.Heap != o.MemoryBytes || m.Store+m.Working+m.Engine != m.Heap || m.OffHeap != 0 {
		t.Errorf("the budget is divided into %+v", m)
	}
	_, err = Open(o)
	if !errors.Is(err, engine.ErrHeapBytes) || !strings.Contains(err.Error(), "MemoryBytes is 7065600") {
		t.Errorf("%d bytes for the data of %d subjects: error is %v, want ErrHeapBytes", m.Engine, subjects, err)
	}
	o.MemoryBytes = 32 << 20
	n, err = Open(o)
	if err != nil {
		t.Fatal(err)
	}
	if s := n.engine.Stats(); s.HistoryMax == 0 || s.HistoryBytes == 0 || s.ColumnBytes == 0 {
		t.Errorf("figures are %+v", s)
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
}
