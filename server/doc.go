// Package server is a node: it assembles store, engine and log, and answers the native protocol over TCP.
//
// # The way of a request
//
// Package wire cuts bytes into frames, bounds what clients can take and writes replies; front.go dispatches each request by
// a table of handlers indexed by operation. Nothing here knows what a query means.
//
//	wire: bytes -> frames -> header -> handler -> cheap read: answered on the loop, no allocation
//	                                              dear read: copied, queued for a worker
//	                                              write, or a read that waits: copied, a goroutine of its own
//
// All replies of a wake-up, and those that workers have left with the connection, go out in one write. Replies carry the
// id of their request and come in any order.
//
// # What a loop may do
//
// The loop never blocks and never computes for long. What a read may cost is estimated from its decoded form (cost.go,
// in points of about 20 ns) before it runs. One above maxLoopCost goes to a worker, and so does everything that a
// connection asks beyond loopBudget in one wake-up, so that a connection that pipelines much delays the others by about
// a millisecond at most. gnet's Wake would not do for that: tasks that a task enqueues run before the poller is asked
// again, so a connection that wakes itself is served to the end of its input before any other.
//
// # Ownership
//
// What a handler sees of a request borrows from the frame: on a loop from gnet's buffer until the wake-up ends, in a
// worker from the copy until the reply is encoded. Results belong to the loop or worker and are reused.
package server
