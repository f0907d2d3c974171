package engine_test

import (
	"flag"
	"fmt"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"

	"github.com/kamaitachi/kamaitachi/internal/oracle/oracletest"
	"github.com/kamaitachi/kamaitachi/server/engine"
)

// ordered opens engines that make an order for every ranking of a topic, and a past if need be. stood counts what stood in
// the end.
func ordered(o engine.Options, stood *engine.Stats) func() *target {
	return func() *target {
		t := &target{fs: vfs.NewMem(), options: o, ordered: true, stood: stood}
		if err := t.open(); err != nil {
			panic(fmt.Sprintf("open an empty engine: %v", err))
		}
		return t
	}
}

// ordering are engines whose orders and pasts stay, leave all the time for want of room, or are of reports off the heap.
var ordering = map[string]engine.Options{
	"orders that stay": {},
	"little room":      {OrderBytes: 40_000},
	"little memory":    {HistoryBytes: 700, HeapBytes: 1 << 30, Blocks: newForgetful(3)},
}

func eachOrdering(t *testing.T, check func(t *rapid.T, open func() *target)) {
	for name, o := range ordering {
		t.Run(name, func(t *testing.T) {
			var stood engine.Stats
			rapid.Check(t, func(t *rapid.T) { check(t, ordered(o, &stood)) })
			if checks := flag.Lookup("rapid.checks").Value.String(); checks == "100" && stood.Orders*stood.Pasts == 0 {
				t.Errorf("%d orders and %d pasts stood in the end: this says little", stood.Orders, stood.Pasts)
			}
		})
	}
}

func asTarget(open func() *target) func() oracletest.Target {
	return func() oracletest.Target { return open() }
}

func TestStandingOrdersAnswerAsTheOracle(t *testing.T) {
	eachOrdering(t, func(t *rapid.T, open func() *target) { oracletest.Check(t, asTarget(open)) })
}

func TestPreparedRankingsOfStandingOrdersAnswerAsTheOracle(t *testing.T) {
	eachOrdering(t, func(t *rapid.T, open func() *target) {
		oracletest.CheckPrepared(t, func() oracletest.Preparer { return open() })
	})
}

func TestStandingOrdersShowOneMomentWhileWritesAreApplied(t *testing.T) {
	eachOrdering(t, func(t *rapid.T, open func() *target) { oracletest.CheckRacing(t, 3, asTarget(open)) })
}

func TestStandingOrdersHoldEveryRule(t *testing.T) {
	oracletest.RunCases(t, asTarget(ordered(engine.Options{}, nil)))
}
