// Package wire listens for the native protocol: it turns bytes into requests for a Service and replies into bytes. Node and
// gateway both serve through it, so that clients meet the same limits at either.
//
//	bytes -> frames -> header -> Service.Answer -> appended on the loop: no allocation
//	                                            -> Admit ... Deliver or Pass ... Release: later, from anywhere
//
// A gnet event loop hands over bytes. They are cut into frames, whose lengths are held against limits before anything is
// waited for or allocated. All replies of a wake-up, and those that were delivered meanwhile, go out in one write.
// Replies carry the id of their request and come in any order.
//
// # Backpressure
//
// gnet neither pauses reading nor bounds what it buffers. Therefore: every frame that was read is dealt with in the same
// wake-up, so that input beyond one frame stays in the kernel and TCP slows the sender; requests in flight are bounded
// per connection and in total and beyond that answered CodeOverloaded at once; a connection that leaves half its
// MaxQueuedBytes unread is answered CodeOverloaded without asking the service, and one that reaches MaxQueuedBytes is
// closed.
package wire
