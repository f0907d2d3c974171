// Package bench loads a node, cluster or gateway with the four scenarios and measures it.
//
// A Market is what the servers have loaded, asked from them at the start. A Source makes the requests of a scenario
// over that market, new ones without end or a few over and over. A dialect puts them on the wire: the native protocol
// (kama://) or the JSON endpoints (http://), so that one tool compares both. Run drives a Load over many connections,
// in a closed loop (a number of requests in flight on each) or an open one (a rate; latency counts from the intended
// send time, so that stalls are not hidden), and returns an Outcome.
//
// The load generator shares the machine with what it measures, so it works without an allocation, a goroutine switch
// or more system calls than it must: one write and one read for all that is due on a connection, on a goroutine of the
// connection's own where it has many requests in flight, and on a few event loops where each has one.
package bench
