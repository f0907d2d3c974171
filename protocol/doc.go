// Package protocol is the vocabulary of Kamaitachi and its wire form: queries, writes, results, errors, and the
// length-prefixed msgpack frames that carry them (SPEC.md).
//
// It imports nothing of ours. Every other room speaks in its types: server and client put them on the wire, engine
// answers them, httpcompat prints them as JSON.
//
// # Ownership
//
// A decoded request borrows: its strings point into the frame that it was decoded from and live no longer than that
// frame. Whoever keeps one clones it (strings.Clone). A Result that the engine filled borrows subjects and texts from
// an immutable root, which may be kept, and its IDs from the query, which may not. A Result that was decoded from a
// reply owns everything it holds.
package protocol
