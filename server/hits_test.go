package server

import (
	"testing"

	"github.com/kamaitachi/kamaitachi/protocol"
)

func TestResetCountersStartsTheHitsOfEveryFrontAnew(t *testing.T) {
	n, _ := startNode(t, memory())
	p := connect(t, n)
	q := &protocol.Snapshot{View: protocol.View{IDs: []string{"1001"}}, Subjects: []string{subject(1)}}
	hits := func() float64 {
		t.Helper()
		var l protocol.StatList
		p.ask(protocol.OpStats, protocol.Empty{}).decode(t, &l)
		for _, s := range l {
			if s.Name == "cache_hits" {
				return s.Number
			}
		}
		t.Fatalf("STATS names no cache_hits: %v", l)
		return 0
	}
	var r protocol.Result
	for range 2 {
		p.ask(protocol.OpSnapshot, q).decode(t, &r)
	}
	if err := n.Snapshot(t.Context(), q, &r); err != nil {
		t.Fatal(err)
	}
	if got := hits(); got != 3 {
		t.Errorf("%v hits after two queries over the wire and one beside it, want 3", got)
	}
	p.ask(protocol.OpResetCounters, protocol.Empty{}).decode(t, &protocol.Empty{})
	if got := hits(); got != 0 {
		t.Errorf("%v hits after RESET_COUNTERS, want 0", got)
	}
	p.ask(protocol.OpSnapshot, q).decode(t, &r)
	if got := hits(); got != 1 {
		t.Errorf("%v hits after one more query, want 1", got)
	}
}
