package compare

import "github.com/kamaitachi/kamaitachi/bench"

var manyRankings = shape{scenario: bench.RankingOfMany, conns: 150, pipeline: 1}

// P3: many connections with one request each, where the network decides.
var p3 = []*contest{{
	id: "P3", what: "scenario 3, native, no request ever repeated, 150 connections x 1", more: 3,
	sides: []side{ours{shape: manyRankings}, echo{manyRankings}, redisGet{manyRankings}},
	lines: []line{
		{of: throughput, a: "kamaitachi", b: "redis-get", must: 1.05, aim: 1.2},
		{of: throughput, a: "kamaitachi", b: "echo", must: 0.8, aim: 0.9},
		{of: p99, a: "kamaitachi", b: "echo", must: 1.25, atMost: true},
	},
}}
