// Package gateway is the stateless front of a cluster: it answers what a node answers, by asking nodes through the SDK.
// Any number of gateways may stand side by side; none keeps anything that the others would have to know.
//
//	HTTP --httpcompat--> Gateway (its Backend) --link--> client.Client --native protocol--> the node that fits
//	                        |                                ^
//	                        +--peer: one node by itself------+  figures, resets, whether it answers
//
// # What it does besides
//
// The SDK routes, pools connections, repeats reads and follows the master. A gateway adds what a process between needs:
// it translates what the SDK says into the errors of the protocol (errors.go), asks each node by itself for what only
// that node knows (peer.go, stats.go), and starts before its nodes do: until one has answered, requests are told
// "unavailable" and /readyz says what is waited for (link.go).
//
// # Deadlines
//
// A request has the deadline of its context, or Options.Client.RequestTimeout. What is left of it travels on to the node.
package gateway
