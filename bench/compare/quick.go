package compare

import "github.com/kamaitachi/kamaitachi/bench"

var tenOverHTTP = shape{scenario: bench.RankingOfMany, conns: 50, pipeline: 1, repeat: 10}

// quickRows are what the caches and standing orders must bring, beside the rows of performance.md. Q1 and Q4 are lines of
// P2 and P1p.
var quickRows = []*contest{
	{
		id: "Q2", what: "scenario 3 over HTTP, 10 requests repeating, 50 connections x 1", runs: quickToo,
		sides: []side{ours{shape: tenOverHTTP, scheme: "http"}, nullHTTP{tenOverHTTP}},
		lines: []line{{of: throughput, a: "kamaitachi", b: "null-http", must: 0.8}},
	},
	{
		id: "Q3", what: "P1's load with the reply cache on, against off", runs: quickToo, anew: 5, finer: 4,
		sides: []side{
			ours{shape: rankings, own: "kept"},
			ours{shape: rankings, own: "not kept", name: "reply cache off", set: "cache.reply_bytes=0"},
		},
		lines: []line{
			{of: throughput, a: "kamaitachi", b: "reply cache off", must: 0.97},
			{of: serverCPU, a: "kamaitachi", b: "reply cache off", atMost: true},
		},
	},
	{
		id: "Q5", what: "a whole topic at any offset, against a list of 50, no request ever repeated, 8 x 16", runs: quickToo,
		sides: []side{ours{shape: topics, name: "whole topic"}, ours{shape: rankings, name: "list of 50"}},
		lines: []line{
			{of: throughput, a: "whole topic", b: "list of 50", must: 1},
			{of: serverCPU, a: "whole topic", b: "list of 50", atMost: true},
		},
	},
	{
		id: "Q6", what: "memory of a node while a million distinct queries pass (scenario 3, 8 x 16)", runs: quickToo,
		sides: []side{passing{}},
		lines: []line{{of: growth, a: "a node", must: 1.1, atMost: true, unit: "x", note: "of what it was before"}},
	},
	{
		id: "Q7", what: "queries that read nothing from disk after a restart (scenario 2, 8 x 16)", runs: quickToo,
		sides: []side{restarted{name: "history in memory"}, restarted{name: "history off heap", set: "memory.history=1KiB"}},
		lines: []line{
			{of: hitRate, a: "history in memory", must: 99, unit: "%"},
			{of: hitRate, a: "history off heap", must: 99, unit: "%"},
		},
	},
}
