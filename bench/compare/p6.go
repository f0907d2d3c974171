package compare

// callingGoroutines is how many call an SDK at once.
const callingGoroutines = 150

// P6: the SDK, against the best one of Redis.
var p6 = []*contest{{
	id: "P6", what: "SDK: 150 goroutines calling, scenario 2, against GET of equal bytes",
	sides: []side{sdkCallers{callingGoroutines}, rueidisCallers{callingGoroutines}},
	lines: []line{{of: throughput, a: "kamaitachi SDK", b: "rueidis", must: 0.7, aim: 1}},
}}
