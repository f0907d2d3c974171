package compare

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/kamaitachi/kamaitachi/bench"
)

// P12: what a value costs in memory.
var p12 = []*contest{{
	id: "P12", what: "resident memory of a node with 50 million values and caches of 64 MiB, under P1's load with writes", runs: fullOnly,
	sides: []side{resident{}},
	lines: []line{
		{of: perValue, a: "a large node", must: 24, aim: 12, atMost: true, unit: "B"},
		{of: pause, a: "a large node", must: 1, aim: 0.3, atMost: true, unit: "ms"},
	},
}}

// pause is the 99th percentile of the pauses of the garbage collector in a sample.
var pause = figure{"p99 of the collector's pauses", func(s *sample) float64 { return s.pauseMillis }}

// valuesOfSubject is about how many values a subject of a made-up market has: 24 quarters of 6 indicators; what is
// missing is about what is restated.
const valuesOfSubject = 24 * 6

// resident loads a large node, with writes, and takes what of it is in memory.
type resident struct{}

func (resident) label() string { return "a large node" }

func (s resident) open(ctx context.Context, b *bout) (meter, error) {
	dir, err := b.importMarket(ctx, b.o.Values/valuesOfSubject)
	if err != nil {
		return nil, err
	}
	n, err := b.startNode(ctx, &b.ends, dir, "cache.max_bytes=64MiB")
	if err != nil {
		return nil, err
	}
	load := rankings.load(n.market, n.deck(rankings.scenario))
	load.Addresses = []bench.Address{n.address("")}
	m, _, err := b.meter(ctx, load)
	if err != nil {
		return nil, err
	}
	loaded := whileWritten(n, m)
	return func(ctx context.Context) (*sample, error) {
		before, err := n.pauses(ctx)
		if err != nil {
			return nil, err
		}
		sample, err := loaded(ctx)
		if err != nil {
			return nil, err
		}
		return sample, n.weigh(ctx, sample, before)
	}, nil
}

// weigh adds the memory of the node and the pauses since before to a sample.
func (n *node) weigh(ctx context.Context, s *sample, before pauses) error {
	var err error
	if s.value, err = n.bytesPerValue(ctx); err != nil {
		return err
	}
	after, err := n.pauses(ctx)
	if err != nil {
		return err
	}
	s.pauseMillis = 1000 * after.since(before).quantile(0.99)
	return nil
}

// bytesPerValue is the memory of the node that is in RAM, for each value that it holds.
func (n *node) bytesPerValue(ctx context.Context) (float64, error) {
	values, err := n.stat(ctx, "values")
	if err != nil {
		return 0, err
	}
	bytes, err := residentBytes(n.PID())
	return bytes / values, err
}

// residentBytes is the memory of a process that is in RAM.
func residentBytes(pid int) (float64, error) {
	text := procValue(fmt.Sprintf("/proc/%d/status", pid), "VmRSS")
	number, err := strconv.ParseFloat(strings.TrimSuffix(text, " kB"), 64)
	if err != nil {
		return 0, absent("the system does not tell the memory of a process")
	}
	return 1024 * number, nil
}
