package compare

import "github.com/kamaitachi/kamaitachi/bench"

var httpRankings = shape{scenario: bench.RankingOfMany, conns: 50, pipeline: 1}

// P4: the JSON endpoints against a server that says the same thing to all.
var p4 = []*contest{{
	id: "P4", what: "scenario 3 over HTTP, no request ever repeated, 50 connections x 1", runs: quickToo, more: 3,
	sides: []side{ours{shape: httpRankings, scheme: "http"}, nullHTTP{httpRankings}},
	lines: []line{{of: throughput, a: "kamaitachi", b: "null-http", must: 0.75, aim: 0.9}},
}}
