package compare

// P8: answering while 1,000 reports a second are written, each a durable write of its own.
var p8 = []*contest{
	whileWriting("P1 (scenario 3, no request ever repeated)", rankings, 0.7, 0.9),
	whileWriting("P2 (scenario 3, 10 requests repeating)", tenRankings, 0.5, 0.8),
	whileWriting("topic rankings at any offset", topics, 0.5, 0.8),
}

func whileWriting(what string, load shape, must, aim float64) *contest {
	return &contest{
		id: "P8", what: what + ", 8 x 16, while 1,000 reports a second are written",
		sides: []side{
			ours{shape: load, name: "while written", own: "written", writes: true},
			ours{shape: load, name: "quiet", own: "written"},
		},
		lines: []line{{of: throughput, a: "while written", b: "quiet", must: must, aim: aim}},
	}
}
