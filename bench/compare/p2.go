package compare

import "github.com/kamaitachi/kamaitachi/bench"

var tenRankings = shape{scenario: bench.RankingOfMany, repeat: 10}

// P2: what is asked again and again.
var p2 = []*contest{{
	id: "P2", what: "scenario 3, native, 10 requests repeating, 8 x 16", runs: quickToo,
	sides: []side{ours{shape: tenRankings}, echo{tenRankings}, redisGet{tenRankings}},
	lines: []line{
		{of: throughput, a: "kamaitachi", b: "echo", must: 0.8},
		{id: "Q1", of: throughput, a: "kamaitachi", b: "echo", must: 0.7},
		{of: throughput, a: "kamaitachi", b: "redis-get", must: 0.75, aim: 1},
	},
}}
