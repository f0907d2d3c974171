package server

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// prepare sends PREPARE and returns the reply.
func (p *peer) prepare(q protocol.Message) reply {
	p.t.Helper()
	op, _ := protocol.QueryOp(q)
	return p.ask(protocol.OpPrepare, &protocol.Prepare{Op: op, Query: q.AppendTo(nil)})
}

// handle prepares a query that is not refused.
func (p *peer) handle(q protocol.Message) uint64 {
	p.t.Helper()
	var h protocol.Handle
	p.prepare(q).decode(p.t, &h)
	return h.Number
}

// wantMessage fails unless a reply is an error of that code that says so.
func (r reply) wantMessage(t testing.TB, code protocol.Code, says string) {
	t.Helper()
	r.wantCode(t, code)
	if r.err == nil || !strings.Contains(r.err.Message, says) {
		t.Errorf("the error says %v, want %q in it", r.err, says)
	}
}

func TestAPreparedQueryIsAnsweredAsTheQueryThatItThenIs(t *testing.T) {
	n, _ := startNode(t, memory())
	p := connect(t, n)
	view := protocol.View{IDs: []string{"operating_income", "assets"}}
	list := []string{subject(3), subject(1), "no:body", subject(9)}
	selection := protocol.Selection{Kind: "concept", Topic: "all", Keyword: "x"}
	paged := protocol.Change{Offset: protocol.Some(1), Limit: protocol.Some(2), Order: protocol.Some(protocol.Ascending), Field: protocol.Some("assets")}
	ranking := protocol.Ranking{Field: "assets", Order: protocol.Ascending, Offset: 1, Limit: 2}
	dated := paged
	dated.Timestamp = protocol.At(day(2023))
	for _, tt := range []struct {
		name           string
		prepared, then protocol.Message
		change         protocol.Change
	}{
		{"a list", &protocol.Snapshot{View: view, Subjects: list},
			&protocol.Snapshot{View: view, Subjects: list, Ranking: ranking, Timestamp: dated.Timestamp}, dated},
		{"a topic", &protocol.Snapshot{View: view, Topic: "all"},
			&protocol.Snapshot{View: view, Topic: "all", Ranking: ranking}, paged},
		{"a period", &protocol.Period{View: view, Subjects: list}, &protocol.Period{View: view, Subjects: list}, protocol.Change{}},
		{"the most recent", &protocol.Recent{View: view, Subjects: list},
			&protocol.Recent{View: view, Subjects: list, Limit: 1}, protocol.Change{Limit: protocol.Some(1)}},
		{"a selection", &protocol.SelectSnapshot{View: view, Selection: selection},
			&protocol.SelectSnapshot{View: view, Selection: selection, Ranking: ranking, Timestamp: dated.Timestamp}, dated},
		{"a selection by days", &protocol.SelectPeriod{View: view, Selection: selection},
			&protocol.SelectPeriod{View: view, Selection: selection, Ranking: ranking}, paged},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := p.handle(tt.prepared)
			for _, c := range []struct {
				change protocol.Change
				query  protocol.Message
			}{{protocol.Change{}, tt.prepared}, {tt.change, tt.then}, {protocol.Change{}, tt.prepared}} {
				var want, got protocol.Result
				op, _ := protocol.QueryOp(c.query)
				p.ask(op, c.query).decode(t, &want)
				r := p.ask(protocol.OpExecute, &protocol.Execute{Handle: h, Change: c.change})
				r.decode(t, &got)
				sameResult(t, &want, &got)
				if want.Rows() == 0 || r.h.Applied != n.Applied() {
					t.Errorf("%d rows at index %d", want.Rows(), r.h.Applied)
				}
			}
		})
	}
}

func TestAHandleIsItsConnectionsOwn(t *testing.T) {
	n, _ := startNode(t, memory())
	a, b := connect(t, n), connect(t, n)
	h := a.handle(top(5))
	strays := b.ask(protocol.OpExecute, &protocol.Execute{Handle: h})
	strays.wantMessage(t, protocol.CodeUnknownHandle, fmt.Sprintf("handle %d on this connection", h))
	if other := b.handle(top(3)); other == h {
		t.Errorf("two connections have handle %d", h)
	}
	b.ask(protocol.OpForget, &protocol.Handle{Number: h}).decode(t, &protocol.Empty{})
	a.ask(protocol.OpExecute, &protocol.Execute{Handle: h}).decode(t, &protocol.Result{}) // no other forgets it
	b.ask(protocol.OpExecute, &protocol.Execute{}).wantCode(t, protocol.CodeUnknownHandle)
}

func TestAHandleEndsWithForgetAndWithItsConnection(t *testing.T) {
	n, _ := startNode(t, memory())
	p := connect(t, n)
	first, second := p.handle(top(5)), p.handle(top(5))
	if got := value(t, n, "prepared_queries"); got != 2 {
		t.Errorf("STATS counts %v prepared queries, want 2", got)
	}
	for range 2 { // forgetting twice is no error
		p.ask(protocol.OpForget, &protocol.Handle{Number: first}).decode(t, &protocol.Empty{})
	}
	p.ask(protocol.OpExecute, &protocol.Execute{Handle: first}).wantCode(t, protocol.CodeUnknownHandle)
	p.ask(protocol.OpExecute, &protocol.Execute{Handle: second}).decode(t, &protocol.Result{})
	p.conn.Close()
	eventually(t, "nothing is kept of it", func() bool {
		return value(t, n, "prepared_queries") == 0 && value(t, n, "prepared_bytes") == 0
	})
}

func TestPrepareRefusesWhatTheQueryWouldBeRefused(t *testing.T) {
	n, _ := startNode(t, memory())
	p := connect(t, n)
	bad := top(2)
	bad.Field = "nope"
	p.prepare(bad).wantCode(t, protocol.CodeUnknownIndicator)
	p.prepare(&protocol.Snapshot{View: top(1).View, Topic: "nope"}).wantCode(t, protocol.CodeNotFound)
	p.prepare(&protocol.Snapshot{View: top(1).View, Topic: "all", Subjects: top(1).Subjects}).wantCode(t, protocol.CodeBadRequest)
	p.prepare(&protocol.Recent{View: top(1).View}).wantCode(t, protocol.CodeBadRequest)
	p.ask(protocol.OpPrepare, &protocol.Prepare{Op: protocol.OpGet}).wantMessage(t, protocol.CodeBadRequest, "GET cannot be prepared")
	h := p.handle(&protocol.Period{View: top(1).View, Subjects: top(1).Subjects})
	p.ask(protocol.OpExecute, &protocol.Execute{Handle: h, Change: protocol.Change{Offset: protocol.Some(1)}}).
		wantMessage(t, protocol.CodeBadRequest, "offset: a prepared PERIOD has none")
	if got := value(t, n, "prepared_queries"); got != 1 {
		t.Errorf("%v queries are prepared, want 1", got)
	}
	p.ask(protocol.OpPrepare, &protocol.Prepare{Op: protocol.OpRecent, Query: []byte{7}}).wantCode(t, protocol.CodeProtocol)
	p.closed()
}

func TestPreparedQueriesOfAConnectionAreLimited(t *testing.T) {
	o := memory()
	o.Limits.MaxPrepared, o.Limits.MaxPreparedBytes = 3, 16<<10
	n, _ := startNode(t, o)
	p, other := connect(t, n), connect(t, n)
	handles := []uint64{p.handle(top(1)), p.handle(top(1)), p.handle(top(1))}
	p.prepare(top(1)).wantMessage(t, protocol.CodeOverloaded, "the limit is 3; FORGET one")
	other.handle(top(1))
	for _, h := range handles {
		p.ask(protocol.OpForget, &protocol.Handle{Number: h}).decode(t, &protocol.Empty{})
	}
	p.prepare(top(400)).wantMessage(t, protocol.CodeTooLarge, "the limit of a connection is 16384")
	p.handle(top(120))
	p.prepare(top(120)).wantMessage(t, protocol.CodeOverloaded, "over the limit of 16384; FORGET some")
	p.handle(top(1))
}

func TestPreparedQueriesOfAllConnectionsAreLimited(t *testing.T) {
	o := memory()
	o.Limits.MaxPreparedBytes, o.Limits.MaxPreparedTotal = 16<<10, 16<<10
	n, _ := startNode(t, o)
	a, b := connect(t, n), connect(t, n)
	a.handle(top(120))
	b.prepare(top(120)).wantMessage(t, protocol.CodeOverloaded, "of all connections")
	a.conn.Close()
	eventually(t, "there is room again", func() bool { return b.prepare(top(120)).err == nil })
}

func TestExecutionsSeeTheWriteWhoseIndexTheyAskFor(t *testing.T) {
	n, _ := startNode(t, memory())
	p := connect(t, n)
	h := p.handle(&protocol.Snapshot{View: protocol.View{IDs: []string{"1001"}}, Subjects: []string{"new"}})
	ahead := protocol.RequestHeader{Op: protocol.OpExecute, Flags: protocol.FlagAtLeast, MinIndex: n.Applied() + 1}
	p.send(p.frameWith(ahead, &protocol.Execute{Handle: h}))
	waits := p.next
	p.send(p.frame(protocol.OpPut, &protocol.Put{Reports: []protocol.Report{{Subject: "new", ReportDate: 1, Values: []float64{42}}}}))
	for range 2 {
		r := p.read()
		if r.h.ID != waits {
			continue
		}
		var got protocol.Result
		if r.decode(t, &got); got.Rows() != 1 || got.Values[0] != 42 {
			t.Errorf("the execution shows %d rows, %v", got.Rows(), got.Values)
		}
	}
}

// More executions than a loop answers in one wake-up, so that workers answer the others.
func TestExecutionsAreAnsweredOnTheLoopAndByWorkers(t *testing.T) {
	o := memory()
	o.Limits.MaxInFlight = 4_096
	n, _ := startNode(t, o)
	p := connect(t, n)
	view := top(1).View
	view.ReportTypes = []string{protocol.DefaultReportType} // what is of a type never counts as cheap
	h := p.handle(&protocol.Snapshot{View: view, Topic: "all"})
	const requests = 2_000
	before := p.next
	go func() {
		var batch []byte
		for i := range requests {
			batch = append(batch, p.frame(protocol.OpExecute, &protocol.Execute{Handle: h, Change: protocol.Change{Limit: protocol.Some(1 + i%7)}})...)
		}
		_, _ = p.conn.Write(batch) // a failure shows where the replies are read
	}()
	var r protocol.Result
	for range requests {
		reply := p.read()
		if reply.decode(t, &r); r.Rows() != int(1+(reply.h.ID-before-1)%7) {
			t.Fatalf("request %d has %d rows", reply.h.ID, r.Rows())
		}
	}
	if got := value(t, n, "worker_requests"); got == 0 || got >= requests {
		t.Errorf("workers answered %v of %d requests, want some", got, requests)
	}
}

// Connections that prepare, execute and forget at once, on loops and workers, and go away in the middle of it.
func TestNothingIsKeptOfConnectionsThatLeaveAmidPreparing(t *testing.T) {
	o := memory()
	o.Limits.MaxPrepared = 20
	n, _ := startNode(t, o)
	var wg sync.WaitGroup
	for i := range 8 {
		p := connect(t, n)
		wg.Go(func() {
			query := &protocol.Prepare{Op: protocol.OpSnapshot, Query: top(1).AppendTo(nil)}
			var h protocol.Handle
			p.ask(protocol.OpPrepare, query).decode(t, &h)
			first := h.Number
			var batch []byte
			for j := range uint64(300) {
				q := &protocol.Snapshot{View: top(1).View, Topic: "all", Timestamp: protocol.At(day(2024))}
				batch = append(batch, p.frame(protocol.OpPrepare, &protocol.Prepare{Op: protocol.OpSnapshot, Query: q.AppendTo(nil)})...)
				batch = append(batch, p.frame(protocol.OpExecute, &protocol.Execute{Handle: first + j%40})...)
				batch = append(batch, p.frame(protocol.OpForget, &protocol.Handle{Number: first + j%40})...)
			}
			_, _ = p.conn.Write(batch)
			for range 100 * (i % 3) {
				if _, err := p.tryRead(); err != nil {
					t.Errorf("read: %v", err)
					return
				}
			}
			p.conn.Close()
		})
	}
	wg.Wait()
	eventually(t, "nothing is kept of them", func() bool {
		return value(t, n, "connections") == 0 && value(t, n, "in_flight") == 0 && value(t, n, "prepared_queries") == 0 &&
			value(t, n, "prepared_bytes") == 0
	})
	if got := value(t, n, "panics"); got != 0 {
		t.Errorf("%v panics", got)
	}
}

func TestAnExecutionOnALoopAllocatesNothing(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector allocates")
	}
	c := onLoop(t)
	c.handle(t, execution(t, c))
	if h, payload, err := protocol.DecodeReply(c.out[protocol.FramePrefix:]); err != nil || h.Code != protocol.CodeOK {
		t.Fatalf("%v, %v: %q", h.Code, err, payload)
	}
	frame := execution(t, c)
	if n := testing.AllocsPerRun(200, func() { c.handle(t, frame) }); n != 0 {
		t.Errorf("%v allocations per request, want none", n)
	}
}

// execution prepares a ranking of 50 on a connection without a socket and returns an EXECUTE of it.
func execution(t testing.TB, c *socketless) []byte {
	q := top(50)
	q.Limit = 20
	p := &peer{}
	c.handle(t, p.frame(protocol.OpPrepare, &protocol.Prepare{Op: protocol.OpSnapshot, Query: q.AppendTo(nil)}))
	_, payload, err := protocol.DecodeReply(c.out[protocol.FramePrefix:])
	if err != nil {
		t.Fatal(err)
	}
	var h protocol.Handle
	if err := h.Decode(payload); err != nil {
		t.Fatal(err)
	}
	change := protocol.Change{Offset: protocol.Some(3), Field: protocol.Some("assets")}
	return p.frame(protocol.OpExecute, &protocol.Execute{Handle: h.Number, Change: change})
}

// BenchmarkExecute is one EXECUTE on the loop, to be held against BenchmarkHandle.
func BenchmarkExecute(b *testing.B) {
	c := onLoop(b)
	frame := execution(b, c)
	b.ReportAllocs()
	for b.Loop() {
		c.handle(b, frame)
	}
}
