package compare

// P10: durable writes of three nodes.
var p10 = []*contest{{
	id: "P10", what: "durable single writes, 64 at once, three nodes, against etcd put of equal bytes on three members",
	sides: []side{lacking{"kamaitachi x 3", "this build has no replicated log"}, lacking{"etcd x 3", "this build has no replicated log"}},
	lines: []line{{of: throughput, a: "kamaitachi x 3", b: "etcd x 3", must: 2, aim: 5}},
}}
