package server

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// sameResult compares what came over the wire with what the node itself answers: of subjects the keys.
func sameResult(t *testing.T, want, got *protocol.Result) {
	t.Helper()
	keys := cmp.Comparer(func(a, b *protocol.Subject) bool { return a.Key == b.Key })
	if d := cmp.Diff(want, got, keys, cmpopts.IgnoreUnexported(protocol.Result{}), cmpopts.EquateEmpty(), cmpopts.EquateNaNs(),
		cmpopts.IgnoreFields(protocol.Result{}, "IDs", "Disk", "Applied", "With")); d != "" {
		t.Errorf("over the wire the answer differs (-node +wire):\n%s", d)
	}
}

func TestEveryReadAnswersOverTheWireWhatTheNodeAnswers(t *testing.T) {
	n, _ := startNode(t, memory())
	p := connect(t, n)
	ctx := t.Context()
	view := protocol.View{IDs: []string{"operating_income", "assets"}}
	selection := protocol.Selection{Kind: "concept", Topic: "all", Keyword: "x"}
	list := []string{subject(3), subject(1), "no:body"}
	snapshot := &protocol.Snapshot{View: view, Subjects: list}
	topic := &protocol.Snapshot{View: view, Topic: "all", Ranking: protocol.Ranking{Field: "assets", Offset: 5, Limit: 7}}
	period := &protocol.Period{View: view, Subjects: list, Range: protocol.Range{From: protocol.At(day(2023))}}
	recent := &protocol.Recent{View: view, Subjects: list, Limit: 1}
	selectSnapshot := &protocol.SelectSnapshot{View: view, Selection: selection}
	selectPeriod := &protocol.SelectPeriod{View: view, Selection: selection, Ranking: protocol.Ranking{Limit: 2}}
	get := &protocol.Get{Subject: subject(7)}
	search := &protocol.Search{Subjects: list, Limit: 2}
	for _, tt := range []struct {
		name string
		op   protocol.Op
		q    protocol.Message
		ask  func(*protocol.Result) error
	}{
		{"SNAPSHOT", protocol.OpSnapshot, snapshot, func(r *protocol.Result) error { return n.Snapshot(ctx, snapshot, r) }},
		{"SNAPSHOT of a topic", protocol.OpSnapshot, topic, func(r *protocol.Result) error { return n.Snapshot(ctx, topic, r) }},
		{"PERIOD", protocol.OpPeriod, period, func(r *protocol.Result) error { return n.Period(ctx, period, r) }},
		{"RECENT", protocol.OpRecent, recent, func(r *protocol.Result) error { return n.Recent(ctx, recent, r) }},
		{"SELECT_SNAPSHOT", protocol.OpSelectSnapshot, selectSnapshot, func(r *protocol.Result) error { return n.SelectSnapshot(ctx, selectSnapshot, r) }},
		{"SELECT_PERIOD", protocol.OpSelectPeriod, selectPeriod, func(r *protocol.Result) error { return n.SelectPeriod(ctx, selectPeriod, r) }},
		{"GET", protocol.OpGet, get, func(r *protocol.Result) error { return n.Get(ctx, get, r) }},
		{"SEARCH", protocol.OpSearch, search, func(r *protocol.Result) error { return n.Search(ctx, search, r) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var want, got protocol.Result
			if err := tt.ask(&want); err != nil {
				t.Fatal(err)
			}
			if want.Rows() == 0 {
				t.Fatal("the node answers nothing, so nothing is compared")
			}
			r := p.ask(tt.op, tt.q)
			r.decode(t, &got)
			sameResult(t, &want, &got)
			if r.h.Applied != want.Applied {
				t.Errorf("the reply shows index %d, want %d", r.h.Applied, want.Applied)
			}
		})
	}
}

func TestListsAnswerOverTheWireWhatTheNodeAnswers(t *testing.T) {
	n, _ := startNode(t, memory())
	p := connect(t, n)
	var want, got protocol.SubjectList
	q := &protocol.ListSubjects{Topic: "all", After: subject(4), Limit: 3}
	if err := n.Subjects(t.Context(), q, &want); err != nil {
		t.Fatal(err)
	}
	p.ask(protocol.OpSubjects, q).decode(t, &got)
	if d := cmp.Diff(want.Subjects, got.Subjects, cmpopts.EquateEmpty()); d != "" || len(got.Subjects) != 3 {
		t.Errorf("SUBJECTS (-node +wire):\n%s", d)
	}
	var tables, wireTables protocol.Catalog
	if err := n.Catalog(t.Context(), &tables); err != nil {
		t.Fatal(err)
	}
	p.ask(protocol.OpTables, protocol.Empty{}).decode(t, &wireTables)
	if d := cmp.Diff(tables.Tables, wireTables.Tables, cmpopts.EquateEmpty()); d != "" || len(wireTables.Tables) != 1 {
		t.Errorf("TABLES (-node +wire):\n%s", d)
	}
	var stats protocol.StatList
	p.ask(protocol.OpStats, protocol.Empty{}).decode(t, &stats)
	figures := map[string]protocol.Stat{}
	for _, s := range stats {
		figures[s.Name] = s
	}
	for name, want := range map[string]float64{"subjects": subjects, "reports": 2 * subjects, "tables": 1, "connections": 1,
		"in_flight": 1, "requests_tables": 1, "requests_subjects": 1, "errors": 0} {
		if got := figures[name]; got.Number != want || got.Name == "" {
			t.Errorf("STATS says %s = %v, want %v", name, got.Number, want)
		}
	}
	if figures["role"].Text != "standalone" || figures["cluster"].Text != n.ClusterID() {
		t.Errorf("STATS says role %q, cluster %q", figures["role"].Text, figures["cluster"].Text)
	}
}

func TestWritesAreSeenByReadsThatAskForTheirIndex(t *testing.T) {
	n, _ := startNode(t, memory())
	p := connect(t, n)
	before := n.Applied()
	put := &protocol.Put{Reports: []protocol.Report{{Subject: "new", ReportDate: day(2024), Values: []float64{42}}}}
	r := p.ask(protocol.OpPut, put)
	r.decode(t, &protocol.Empty{})
	if r.h.Applied != before+1 {
		t.Errorf("PUT shows index %d, want %d", r.h.Applied, before+1)
	}
	var got protocol.Result
	q := &protocol.Snapshot{View: protocol.View{IDs: []string{"1001"}}, Subjects: []string{"new"}}
	p.askWith(protocol.RequestHeader{Op: protocol.OpSnapshot, Flags: protocol.FlagAtLeast, MinIndex: r.h.Applied}, q).decode(t, &got)
	if d := cmp.Diff([]float64{42}, got.Values); d != "" {
		t.Errorf("values (-want +got):\n%s", d)
	}
	for _, w := range []struct {
		op protocol.Op
		m  protocol.Message
	}{
		{protocol.OpPutSubjects, &protocol.PutSubjects{Subjects: []protocol.SubjectUpdate{{Subject: protocol.Subject{Key: "new", Name: "New"}, Set: protocol.FieldName}}}},
		{protocol.OpPutTables, &protocol.PutTables{Tables: []protocol.Table{{Name: "other", Indicators: []protocol.Indicator{{ID: "x"}}}}}},
		{protocol.OpDelete, &protocol.Delete{Subjects: []string{"new"}}},
	} {
		before++
		r := p.ask(w.op, w.m)
		r.decode(t, &protocol.Empty{})
		if r.h.Applied != before+1 {
			t.Errorf("%v shows index %d, want %d", w.op, r.h.Applied, before+1)
		}
	}
	p.ask(protocol.OpGet, &protocol.Get{Subject: "new"}).wantCode(t, protocol.CodeNotFound)
}

func TestErrorsOfRequestsLeaveTheConnectionOpen(t *testing.T) {
	n, _ := startNode(t, memory())
	p := connect(t, n)
	applied := n.Applied()
	for _, tt := range []struct {
		op   protocol.Op
		m    protocol.Message
		code protocol.Code
	}{
		{protocol.OpSnapshot, &protocol.Snapshot{View: protocol.View{IDs: []string{"nope"}}, Subjects: []string{"a"}}, protocol.CodeUnknownIndicator},
		{protocol.OpSnapshot, &protocol.Snapshot{View: protocol.View{IDs: []string{"1001"}}, Topic: "nope"}, protocol.CodeNotFound},
		{protocol.OpSnapshot, &protocol.Snapshot{}, protocol.CodeBadRequest},
		{protocol.OpPut, &protocol.Put{Table: "nope"}, protocol.CodeNotFound},
		{protocol.OpPut, &protocol.Put{Reports: []protocol.Report{{Subject: "a,b"}}}, protocol.CodeBadRequest},
		{protocol.OpSearch, &protocol.Search{Limit: -1}, protocol.CodeBadRequest},
		{protocol.OpPrepare, protocol.Empty{}, protocol.CodeBadRequest},
		{protocol.OpWatch, protocol.Empty{}, protocol.CodeUnsupported},
		{protocol.Op(15), protocol.Empty{}, protocol.CodeUnsupported},
		{protocol.Op(200), protocol.Empty{}, protocol.CodeUnsupported},
	} {
		p.ask(tt.op, tt.m).wantCode(t, tt.code)
	}
	p.askWith(protocol.RequestHeader{Op: protocol.OpPing, Flags: 1 << 6}, protocol.Empty{}).wantCode(t, protocol.CodeUnsupported)
	p.alive()
	if n.Applied() != applied {
		t.Error("a refused write entered the log")
	}
	if got := value(t, n, "errors"); got != 11 {
		t.Errorf("STATS counts %v errors, want 11", got)
	}
}

func TestTenThousandPipelinedRequestsAreAllAnswered(t *testing.T) {
	n, _ := startNode(t, memory())
	p := connect(t, n)
	const requests = 10_000
	go func() {
		var batch []byte
		for i := range requests {
			batch = append(batch, p.frame(protocol.OpSnapshot, top(i%20+1))...)
		}
		_, _ = p.conn.Write(batch) // a failure shows where the replies are read
	}()
	seen := map[uint64]bool{}
	var r protocol.Result
	for range requests {
		reply := p.read()
		reply.decode(t, &r)
		if seen[reply.h.ID] {
			t.Fatalf("request %d was answered twice", reply.h.ID)
		}
		seen[reply.h.ID] = true
		if want := min(int((reply.h.ID-2)%20+1), 3); r.Rows() != want {
			t.Fatalf("request %d has %d rows, want %d", reply.h.ID, r.Rows(), want)
		}
	}
}

func TestRepliesOvertakeEachOther(t *testing.T) {
	n, h := startNode(t, memory())
	entered, release := h.holdSearches(t)
	p := connect(t, n)
	p.send(p.frame(protocol.OpSearch, &protocol.Search{}))
	slow := p.next
	<-entered
	p.alive() // answered before it
	release()
	if r := p.read(); r.h.ID != slow || r.err != nil {
		t.Errorf("got reply %d, %v; want %d", r.h.ID, r.err, slow)
	}
}

func TestAReplyOverTheLimitIsTooLarge(t *testing.T) {
	o := memory()
	o.Limits.MaxReply = protocol.MaxHelloFrame
	n, _ := startNode(t, o)
	p := connect(t, n)
	p.ask(protocol.OpSearch, &protocol.Search{Limit: subjects}).wantCode(t, protocol.CodeTooLarge)
	p.alive()
}

func TestLongMessagesAreCut(t *testing.T) {
	n, _ := startNode(t, memory())
	p := connect(t, n)
	long := make([]byte, 8<<10)
	for i := range long {
		long[i] = "é"[i%2]
	}
	r := p.ask(protocol.OpSnapshot, &protocol.Snapshot{View: protocol.View{IDs: []string{string(long)}}, Subjects: []string{"a"}})
	if r.err == nil || len(r.err.Message) > 1<<10+len("...") {
		t.Errorf("an error about a name of 8 KiB: %v", r.err)
	}
}

func TestTheNodesMethodsEndWithTheirContextAndTheNode(t *testing.T) {
	n, _ := startNode(t, memory())
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	calls := map[string]func(context.Context) error{
		"Snapshot": func(ctx context.Context) error { return n.Snapshot(ctx, top(1), &protocol.Result{}) },
		"Period":   func(ctx context.Context) error { return n.Period(ctx, &protocol.Period{}, &protocol.Result{}) },
		"Recent":   func(ctx context.Context) error { return n.Recent(ctx, &protocol.Recent{}, &protocol.Result{}) },
		"SelectSnapshot": func(ctx context.Context) error {
			return n.SelectSnapshot(ctx, &protocol.SelectSnapshot{}, &protocol.Result{})
		},
		"SelectPeriod": func(ctx context.Context) error {
			return n.SelectPeriod(ctx, &protocol.SelectPeriod{}, &protocol.Result{})
		},
		"Get":    func(ctx context.Context) error { return n.Get(ctx, &protocol.Get{}, &protocol.Result{}) },
		"Search": func(ctx context.Context) error { return n.Search(ctx, &protocol.Search{}, &protocol.Result{}) },
		"Subjects": func(ctx context.Context) error {
			return n.Subjects(ctx, &protocol.ListSubjects{}, &protocol.SubjectList{})
		},
		"Catalog":     func(ctx context.Context) error { return n.Catalog(ctx, &protocol.Catalog{}) },
		"Stats":       func(ctx context.Context) error { _, err := n.Stats(ctx); return err },
		"Put":         func(ctx context.Context) error { _, err := n.Put(ctx, &protocol.Put{}); return err },
		"Delete":      func(ctx context.Context) error { _, err := n.Delete(ctx, &protocol.Delete{}); return err },
		"PutSubjects": func(ctx context.Context) error { _, err := n.PutSubjects(ctx, &protocol.PutSubjects{}); return err },
		"PutTables":   func(ctx context.Context) error { _, err := n.PutTables(ctx, &protocol.PutTables{}); return err },
		"WaitApplied": func(ctx context.Context) error { return n.WaitApplied(ctx, 1) },
		"Barrier":     func(ctx context.Context) error { return n.Barrier(ctx) },
	}
	for name, call := range calls {
		if err := call(ended); err != context.Canceled {
			t.Errorf("%s with an ended context: %v", name, err)
		}
	}
	if !n.Ready() {
		t.Error("the node is not ready")
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	for name, call := range calls {
		if err := call(t.Context()); err != error(ErrClosed) {
			t.Errorf("%s after Close: %v", name, err)
		}
	}
	if n.Ready() {
		t.Error("the node is ready after Close")
	}
	select {
	case <-n.Done():
	default:
		t.Error("Done is open after Close")
	}
}
