package server

import (
	"strings"
	"sync/atomic"
	"testing"

	"github.com/kamaitachi/kamaitachi/protocol"
)

func TestWhereRequestsAreAnswered(t *testing.T) {
	c := onLoop(t)
	view := protocol.View{IDs: []string{"operating_income", "net_profit"}}
	many := top(1500).Subjects
	selection := protocol.Selection{Kind: "concept", Topic: "all"}
	for _, tt := range []struct {
		name   string
		h      protocol.RequestHeader
		m      protocol.Message
		onLoop bool
	}{
		{"PING", protocol.RequestHeader{Op: protocol.OpPing}, protocol.Empty{}, true},
		{"50 subjects", protocol.RequestHeader{Op: protocol.OpSnapshot}, top(50), true},
		{"1,500 subjects", protocol.RequestHeader{Op: protocol.OpSnapshot}, &protocol.Snapshot{View: view, Subjects: many}, true},
		{"50 subjects as of a date", protocol.RequestHeader{Op: protocol.OpSnapshot}, &protocol.Snapshot{View: view, Subjects: many[:50], Timestamp: protocol.At(1)}, true},
		{"400 subjects as of a date", protocol.RequestHeader{Op: protocol.OpSnapshot}, &protocol.Snapshot{View: view, Subjects: many[:400], Timestamp: protocol.At(1)}, false},
		{"a small topic", protocol.RequestHeader{Op: protocol.OpSnapshot}, &protocol.Snapshot{View: view, Topic: "all"}, true},
		{"a topic that does not exist", protocol.RequestHeader{Op: protocol.OpSnapshot}, &protocol.Snapshot{View: view, Topic: "none"}, true},
		{"a frame over 16 KiB", protocol.RequestHeader{Op: protocol.OpGet}, &protocol.Get{Subject: strings.Repeat("x", maxLoopFrame)}, false},
		{"period of 3", protocol.RequestHeader{Op: protocol.OpPeriod}, &protocol.Period{View: view, Subjects: many[:3]}, true},
		{"period of 100", protocol.RequestHeader{Op: protocol.OpPeriod}, &protocol.Period{View: view, Subjects: many[:100]}, false},
		{"recent of 1", protocol.RequestHeader{Op: protocol.OpRecent}, &protocol.Recent{View: view, Subjects: many[:1]}, true},
		{"recent of 100, long", protocol.RequestHeader{Op: protocol.OpRecent}, &protocol.Recent{View: view, Subjects: many[:100], Limit: 1000}, false},
		{"recent of 100, many periods", protocol.RequestHeader{Op: protocol.OpRecent}, &protocol.Recent{View: view, Subjects: many[:100], Periods: make([]int64, 50)}, false},
		{"a selection", protocol.RequestHeader{Op: protocol.OpSelectSnapshot}, &protocol.SelectSnapshot{View: view, Selection: selection}, true},
		{"a selection's history", protocol.RequestHeader{Op: protocol.OpSelectPeriod}, &protocol.SelectPeriod{View: view, Selection: selection}, false},
		{"SEARCH", protocol.RequestHeader{Op: protocol.OpSearch}, &protocol.Search{}, false},
		{"a page of subjects", protocol.RequestHeader{Op: protocol.OpSubjects}, &protocol.ListSubjects{}, true},
		{"a long page of subjects", protocol.RequestHeader{Op: protocol.OpSubjects}, &protocol.ListSubjects{Limit: 5000}, false},
		{"subjects by tag", protocol.RequestHeader{Op: protocol.OpSubjects}, &protocol.ListSubjects{Tags: []protocol.Tag{{Kind: "concept"}}}, false},
		{"STATS", protocol.RequestHeader{Op: protocol.OpStats}, protocol.Empty{}, false},
		{"TABLES", protocol.RequestHeader{Op: protocol.OpTables}, protocol.Empty{}, false},
		{"PUT", protocol.RequestHeader{Op: protocol.OpPut}, &protocol.Put{}, false},
		{"linearizable", protocol.RequestHeader{Op: protocol.OpPing, Flags: protocol.FlagLinearizable}, protocol.Empty{}, false},
		{"at least what is there", protocol.RequestHeader{Op: protocol.OpPing, Flags: protocol.FlagAtLeast, MinIndex: 1}, protocol.Empty{}, true},
		{"at least the future", protocol.RequestHeader{Op: protocol.OpPing, Flags: protocol.FlagAtLeast, MinIndex: 1 << 40, Deadline: 1}, protocol.Empty{}, false},
	} {
		if got := c.answersOnLoop(t, (&peer{}).frameWith(tt.h, tt.m)); got != tt.onLoop {
			t.Errorf("%s: answered on the loop is %v, want %v", tt.name, got, tt.onLoop)
		}
	}
}

// answersOnLoop hands a frame to the connection and tells whether its loop has answered it; if not, it waits until a
// worker has.
func (c *socketless) answersOnLoop(t *testing.T, frame []byte) bool {
	t.Helper()
	out, _, hangup := c.Feed(frame)
	if hangup {
		t.Fatalf("the connection would close: %q", out)
	}
	eventually(t, "no worker has it", func() bool { return c.InFlight() == 0 })
	answered := len(c.Left()) > 0
	if answered == (len(out) > 0) {
		t.Fatalf("%d bytes from the loop, from a worker %v: want one of both", len(out), answered)
	}
	return len(out) > 0
}

func TestWhatAConnectionAsksBeyondItsShareIsAnsweredByWorkers(t *testing.T) {
	n, h := startNode(t, memory())
	p := connect(t, n)
	const requests = 400 // of about 200 points each: more than the budget, less than a read
	q := &protocol.Period{View: protocol.View{IDs: []string{"1001"}}, Subjects: top(4).Subjects}
	var batch []byte
	for range requests {
		batch = append(batch, p.frame(protocol.OpPeriod, q)...)
	}
	if len(batch) > (32 << 10) {
		t.Fatalf("the batch of %d bytes is not read at once", len(batch))
	}
	gate := make(chan struct{})
	var held atomic.Bool
	hold := func() { // the loop, until all of the batch is in the socket
		if held.CompareAndSwap(false, true) {
			<-gate
		}
	}
	h.snapshot.Store(&hold)
	p.send(p.frame(protocol.OpSnapshot, top(1)))
	eventually(t, "the loop is held", held.Load)
	p.send(batch)
	h.snapshot.Store(nil)
	close(gate)
	for range requests + 1 {
		p.read().decode(t, &protocol.Result{})
	}
	if got := value(t, n, "worker_requests"); got < 1 || got > requests/2+1 {
		t.Errorf("workers answered %v of %d, want what is beyond the share of about half", got, requests)
	}
}
