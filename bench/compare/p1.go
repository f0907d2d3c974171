package compare

import "github.com/kamaitachi/kamaitachi/bench"

// rankings are scenario 3 in a closed loop of 8 x 16: 50 subjects of the market, newest report, sorted, the first 20.
var rankings = shape{scenario: bench.RankingOfMany}

// prepared is the same where each connection has prepared its lists.
var prepared = shape{scenario: bench.PreparedRanking}

// P1: what nobody has asked for before, against a string that somebody prepared.
var p1 = []*contest{
	{
		id: "P1", what: "scenario 3, native, no request ever repeated, subjects as strings, 8 x 16", runs: quickToo,
		sides: []side{ours{shape: rankings}, echo{rankings}, redisGet{rankings}, redisLua{rankings}},
		lines: []line{
			{of: throughput, a: "kamaitachi", b: "redis-get", must: 0.45, aim: 1},
			{of: throughput, a: "kamaitachi", b: "redis-lua", must: 50},
			{of: throughput, a: "kamaitachi", b: "echo"},
			{of: serverCPU, a: "kamaitachi", b: "redis-get", atMost: true},
		},
	},
	{
		id: "P1p", what: "the same as prepared queries over lists of 50: new offset, limit, order or field in each request",
		runs:  quickToo,
		sides: []side{ours{shape: prepared, name: "prepared"}, ours{shape: rankings}, redisGet{rankings}},
		lines: []line{
			{of: throughput, a: "prepared", b: "redis-get", must: 0.7, aim: 1},
			{id: "Q4", of: throughput, a: "prepared", b: "kamaitachi", must: 1.4},
		},
	},
}
