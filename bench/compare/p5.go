package compare

import "github.com/kamaitachi/kamaitachi/bench"

// P5: the other scenarios.
var p5 = []*contest{
	otherScenario("scenario 1 (a period of 5 subjects)", bench.PeriodOfSome),
	otherScenario("scenario 2 (recent reports of a subject)", bench.RecentOfOne),
	otherScenario("scenario 4 (10 subjects at a date)", bench.SnapshotAtDate),
}

func otherScenario(what string, s bench.Scenario) *contest {
	load := shape{scenario: s}
	return &contest{
		id: "P5", what: what + ", native, no request ever repeated, 8 x 16", runs: quickToo,
		sides: []side{ours{shape: load}, redisGet{load}},
		lines: []line{{of: throughput, a: "kamaitachi", b: "redis-get", must: 0.4, aim: 0.8}},
	}
}
