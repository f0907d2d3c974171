package client_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// scenario3 returns the question of scenario 3 (newest report of 50 subjects, three indicators, sorted, ten rows) and an
// answer to it.
func scenario3() (*protocol.Snapshot, *protocol.Result) {
	q := &protocol.Snapshot{
		View:    protocol.View{IDs: []string{"operating_income", "parent_holder_net_profit", "total_assets"}},
		Ranking: protocol.Ranking{Field: "operating_income", Limit: 10},
	}
	for i := range 50 {
		q.Subjects = append(q.Subjects, fmt.Sprintf("33:%06d", 300000+i))
	}
	return q, answer(10, 3)
}

// scenario2 returns the question of scenario 2 (the eight newest reports of one subject) and an answer to it.
func scenario2() (*protocol.Recent, *protocol.Result) {
	q := &protocol.Recent{
		View:     protocol.View{IDs: []string{"operating_income", "parent_holder_net_profit", "total_assets"}},
		Subjects: []string{"33:300033"},
		Limit:    8,
	}
	r := answer(8, 3)
	for i := range r.Subjects {
		r.Subjects[i] = r.Subjects[0]
		r.Heads = append(r.Heads, protocol.Head{ReportDate: int64(i) * 90 * protocol.SecondsPerDay, Type: "0408", Period: "596001", Year: 2023})
	}
	r.Groups = []int32{8}
	r.With = protocol.WithReports
	return q, r
}

func answer(rows, columns int) *protocol.Result {
	r := &protocol.Result{}
	for i := range rows {
		s := protocol.NewSubject(fmt.Sprintf("33:%06d", 300000+i))
		r.Subjects = append(r.Subjects, &s)
	}
	for i := range rows * columns {
		r.Values = append(r.Values, 1e9+float64(i))
	}
	return r
}

// canned returns a handler that answers every question with the same payload and does not look at it.
func canned(m protocol.Message) func(*peer, request) {
	payload := m.AppendTo(nil)
	return func(p *peer, q request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.frame = append(protocol.BeginReply(p.frame[:0], &protocol.ReplyHeader{ID: q.ID, Applied: 9}), payload...)
		_, _ = p.out.Write(protocol.FinishFrame(p.frame, 0))
	}
}

// run divides b.N calls among goroutines.
func run(b *testing.B, goroutines int, call func(r *protocol.Result) error) {
	b.ReportAllocs()
	var left atomic.Int64
	left.Store(int64(b.N))
	b.ResetTimer()
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			var r protocol.Result
			for left.Add(-1) >= 0 {
				if err := call(&r); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
}

// The node's side of a benchmark is in the same process and on the same cores; it allocates nothing per request.
func BenchmarkCalls(b *testing.B) {
	q2, r2 := scenario2()
	q3, r3 := scenario3()
	for _, goroutines := range []int{1, 16, 150} {
		b.Run(fmt.Sprintf("scenario2/goroutines=%d", goroutines), func(b *testing.B) {
			c := open(b, node(b, canned(r2)).options())
			run(b, goroutines, func(r *protocol.Result) error { return c.Recent(background(), q2, r) })
		})
		b.Run(fmt.Sprintf("scenario3/goroutines=%d", goroutines), func(b *testing.B) {
			c := open(b, node(b, canned(r3)).options())
			run(b, goroutines, func(r *protocol.Result) error { return c.Snapshot(background(), q3, r) })
		})
	}
}

// With a deadline in each context, as servers have.
func BenchmarkCallsWithContext(b *testing.B) {
	q, r := scenario2()
	c := open(b, node(b, canned(r)).options())
	ctx, cancel := withPatience()
	defer cancel()
	run(b, 150, func(r *protocol.Result) error { return c.Recent(ctx, q, r) })
}

func BenchmarkConnsPerNode(b *testing.B) {
	q, r := scenario2()
	for _, conns := range []int{1, 2, 4, 8} {
		b.Run(fmt.Sprint(conns), func(b *testing.B) {
			n := node(b, canned(r))
			o := n.options()
			o.ConnsPerNode = conns
			c := open(b, o)
			run(b, 150, func(r *protocol.Result) error { return c.Recent(background(), q, r) })
		})
	}
}

func TestAWarmReadAllocatesAlmostNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	q, answer := scenario3()
	c := open(t, node(t, canned(answer)).options())
	var r protocol.Result
	read := func() {
		if err := c.Snapshot(background(), q, &r); err != nil {
			t.Fatal(err)
		}
	}
	read()
	if got := testing.AllocsPerRun(2_000, read); got > 2 {
		t.Errorf("a warm read allocates %v times, want 2 at most (the texts and the subjects of the answer)", got)
	}
	if err := c.Ping(client.AtLeast(background(), 1)); err == nil {
		t.Error("a canned Result passed as the answer of PING")
	}
}
