// Package torture breaks clusters of real processes under load and holds them to what they promised. It has tests only.
//
//	go test ./internal/torture -v                               # 20 rounds
//	go test ./internal/torture -v -rounds 100 -seed 7           # as long as one likes, and again what a seed gave
//
// A round lets a cluster be written to and read, breaks something (rounds_test.go says what), mends it, waits until all nodes
// are level and then judges:
//
//   - Writers write what nobody else writes and send a write until it is acknowledged, under the same client id and sequence.
//     What was acknowledged at which index is all that the oracle needs to answer any query as a node must that has applied an
//     index; so every answer of every node in the round is judged, as is a sweep over everything on each node behind it.
//   - Readers ask each node the same few queries over and over, so that it answers from its cache, and are judged alike.
//   - Users ask whichever node the SDK chooses, and none of their reads may fail.
//   - Clients of registers write and read a few keys under Linearizable; porcupine judges the history.
//   - Row hashes of all nodes are equal.
//
// The nodes reach each other through proxies (network_test.go), which can hold, cut and delay what goes from one to another.
package torture
