package cache

import "hash/maphash"

// A hot reply is one that a loop has found before, in memory of its own: no other processor takes its lock or its cache
// line, and its request is compared, not copied and hashed once more. It holds for as long as nothing at all was written.
// One of 1.2 KB is found in 47 ns, in the store in some 200 (BenchmarkHotReply, BenchmarkReplies/hit).
type hotReply struct {
	applied        uint64
	transport      Transport
	op             byte
	request, reply []byte
}

const (
	// hotReplies is how many a Query remembers, a power of two. Each request has one place.
	hotReplies = 64
	// maxHot bounds request and reply of each together, in bytes.
	maxHot = 8 << 10
)

// RememberHot lets q remember the replies that it finds, up to half a megabyte of them: for who asks a great deal.
func (q *Query[T]) RememberHot() { q.hot = new([hotReplies]hotReply) }

// sample is how many bytes of the beginning, of the middle and of the end of a request decide on its place.
const sample = 32

// placeOf returns the place of a request among the hot ones, or nil. It is decided by samples, since requests are compared as
// a whole anyhow: to hash all of 800 bytes took 47 ns, as long as all else of it (BenchmarkHotReply). Those that differ only elsewhere
// push each other out, and are found in the store.
func (r *Replies[T]) placeOf(q *Query[T], request []byte) *hotReply {
	if q.hot == nil {
		return nil
	}
	n := len(request)
	if n <= 3*sample {
		return &q.hot[maphash.Bytes(r.seed, request)%hotReplies]
	}
	middle := n/2 - sample/2
	h := maphash.Bytes(r.seed, request[:sample]) + 3*maphash.Bytes(r.seed, request[middle:middle+sample]) +
		5*maphash.Bytes(r.seed, request[n-sample:])
	return &q.hot[(h^h>>32)%hotReplies]
}

// holds tells whether it is the reply to the request at the applied index.
func (h *hotReply) holds(applied uint64, t Transport, op byte, request []byte) bool {
	return h.applied == applied && h.transport == t && h.op == op && h.reply != nil && string(h.request) == string(request)
}

// keep remembers a reply.
func (h *hotReply) keep(applied uint64, t Transport, op byte, request, reply []byte) {
	if len(request)+len(reply) > maxHot {
		return
	}
	h.applied, h.transport, h.op = applied, t, op
	h.request, h.reply = append(h.request[:0], request...), append(h.reply[:0], reply...)
}
