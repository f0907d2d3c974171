package compare

// P9: through the gateway.
var p9 = []*contest{{
	id: "P9", what: "P1 through the gateway, against straight to a node",
	sides: []side{lacking{"gateway", "this build has no gateway"}, ours{shape: rankings}},
	lines: []line{{of: throughput, a: "gateway", b: "kamaitachi", must: 0.4, aim: 0.7}},
}}
