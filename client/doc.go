// Package client is the Go SDK of Kamaitachi's native protocol (protocol/SPEC.md).
//
//	c, err := client.Open(ctx, client.Options{})          // kama://127.0.0.1:7080
//	...
//	var r protocol.Result                                  // reuse it: a warm read allocates next to nothing
//	err = c.Snapshot(ctx, &protocol.Snapshot{...}, &r)
//	for row := range client.Rows(&r) { ... }
//
// A Client is safe for concurrent use and meant to be shared: it keeps a few connections to each node and sends the
// requests of all goroutines over them, many in flight on each. Requests that arrive together leave in one system call
// (auto-pipelining); nothing waits for company when the line is free. Replies are matched by request id and may come in
// any order.
//
// # Contexts and time
//
// Every call honours its context while it waits for a connection, for room on it, for its bytes to leave and for the
// reply. A call whose context has no deadline gets Options.RequestTimeout. The time that remains travels with the
// request, so that the node does not compute what nobody waits for. Ending one call never harms another: its late
// reply is dropped by its id.
//
// # Clusters
//
// With several Options.Addresses, or a Discovery that follows members as they come and go, calls are routed:
//
//   - Period, Recent and Get go to the node at which a ring of 150 points per node, hashed from addresses, places their
//     first subject, and to the next on the ring when that one cannot be asked. So every program asks the same node for
//     the same subject, whose caches then hold its own share.
//   - All other reads go to the less busy of two random nodes: requests in flight times recent time of an answer.
//   - Writes and reads under Linearizable go to the master, which is learnt from discovery, from greetings and from nodes
//     that are not it; a master that no list has is met as a guest. While there is none they wait, within their deadline.
//   - At pins a call to one node.
//
// A node that is away (no connection), broken (its breaker is open), unready (it said so), much slower than the others or
// further behind than MaxLag is passed over while there is a better one; AtLeast prefers nodes that are known to have the
// index. A node that has reads to answer and sends nothing for StallTimeout, not even the answer to a PING, is given up;
// a read that one node holds for TryTimeout is sent to another one. Nodes tells what is known of each, Counts how often
// calls were sent again.
//
// A node that leaves the cluster answers what it has in flight; nothing new is sent to it.
//
// # Errors
//
// Every failed call returns a *Error, which says what was asked, of whom, and at which Stage it failed. What the node
// refused unwraps to *protocol.Error, so that errors.Is(err, protocol.ErrNotFound) works; what ran out of time matches
// context.DeadlineExceeded. Reads are sent again by themselves, within their deadline, when their connection is lost
// or the node says "overloaded" or "unavailable" (Options.Retries). A write whose connection was lost is sent again
// too, under the same origin, by which the cluster carries it out once; without a cluster that knows origins only when it
// certainly never reached the node. Error.Unsent tells. Repetitions are bounded to a share of the requests
// (Options.RetryShare); what that refuses matches ErrRetryBudget.
//
// # Prepared queries
//
// A query that is asked over and over is prepared once: Client.Prepare returns a Prepared, and Execute sends its handle and
// what is to be otherwise (offset, limit, timestamp, order, field) instead of names. Handles belong to connections, of which
// a client has several and makes new ones; the Prepared prepares the query on each by itself, once, when an execution first
// uses it, and again when a node does not know the handle. Answers are those of the query at that moment.
//
// # Lanes
//
// A reply of a megabyte holds up what comes behind it on the same connection. Therefore a node has three lanes: quick
// (small reads, Options.ConnsPerNode connections), bulk (reads that may answer more than 64 KiB) and write (everything
// that changes data), the last two of one connection each, made when first needed.
//
// # Who owns which buffer
//
//	caller's goroutine            connection                             node
//	------------------            ----------                             ----
//	query --AppendTo--> call.buf
//	                       | copied under a short lock
//	                       v
//	                    pending  <--- other callers append here too
//	                       | swapped with the writer's spare
//	                       v
//	                    writer goroutine -------- one write ----------->
//
//	                    reader goroutine <------- one read -------------
//	                       | its 64 KiB chunk, cut into frames
//	                       | payload copied (a frame greater than the chunk has a buffer of its own, handed over)
//	                       v
//	Result <--Decode--- call.buf
//
// A call belongs to its caller, except between being submitted and being signalled as done: then it belongs to the
// connection, under its lock. Its one buffer holds the request until that is in pending, and the reply afterwards.
// Decoding runs in the caller's goroutine, so that one reader feeds many callers; what it decodes owns its memory and
// nothing of the call or the connection.
//
// With Options.Loops an event loop takes the place of reader and writer, but for connections of big answers.
package client
