package cache

import (
	"encoding/binary"
	"hash/maphash"
	"sync/atomic"
)

// Transport is how a request came and its reply goes; it is part of a reply's key.
type Transport byte

// The transports.
const (
	Native Transport = 'N'
	JSON   Transport = 'J'
)

// Versions tells what has changed. T is how it names what an answer depends on.
type Versions[T ~uint32] interface {
	// Applied returns the index of the newest change that queries see.
	Applied() uint64
	// Unchanged tells whether nothing that is listed changed after the index since, as far as Applied has shown.
	Unchanged(on []T, since uint64) bool
}

const (
	// maxDependencies bounds what the answer to one query may depend on; it is not kept if that is more.
	maxDependencies = 2 << 10
	// doorSlots is how many requests are remembered as having been asked.
	doorSlots = 1 << 16
	// replyHead is what stands before the dependencies and the reply: the applied index and their number.
	replyHead = 8 + 2
	// countShards spreads the counters over the queries, so that event loops seldom meet at one.
	countShards = 16
)

// Replies are encoded replies by request. They are safe for concurrent use.
//
// A request that is asked for the first time only leaves its hash behind, so that a stream of requests that never come
// again costs one look at a table and displaces nothing.
type Replies[T ~uint32] struct {
	store    *Store
	versions Versions[T]
	prefix   []byte // of every key: whose data the replies are of
	seed     maphash.Seed
	door     []atomic.Uint32 // hash of a request, by other bits of it
	// unseen is how many requests may still be looked for although they were not seen before: after a warm start the
	// store knows what the door does not.
	unseen atomic.Int64
	_      [128]byte // what is counted shall not lie beside what is only read
	counts [countShards]counts
	users  atomic.Uint32 // queries that were given counters
}

type counts struct {
	hits, misses, stale atomic.Uint64
	_                   [104]byte // processors fetch cache lines in pairs
}

// NewReplies returns replies of the cluster's data in a store. Nothing else may use the store with keys that begin with the
// cluster.
func NewReplies[T ~uint32](s *Store, cluster string, v Versions[T]) *Replies[T] {
	return &Replies[T]{store: s, versions: v, prefix: []byte(cluster + "\x00"), seed: maphash.MakeSeed(),
		door: make([]atomic.Uint32, doorSlots)}
}

// unseenRounds is how many requests that were not seen are looked for after a warm start, for each entry of the store.
const unseenRounds = 4

// Warm says that the store holds replies that an earlier process has kept: until the requests that are asked again have come
// by, those are looked for too that this process has not seen.
func (r *Replies[T]) Warm() { r.unseen.Store(unseenRounds * int64(r.store.Usage().Entries)) }

// Query is working memory of one request at a time: its key, and what was found. It is reused, with the same Replies.
type Query[T ~uint32] struct {
	// Keep tells, after Find found nothing, that the reply should be kept.
	Keep bool
	c    *counts
	news int // requests that were not seen before, one after the other
	// pass is how many of the next requests are not looked at, passed how many were not and are not counted yet.
	pass, passed int
	hot          *[hotReplies]hotReply // what was found of late; nil where that is not remembered
	key          []byte
	raw          []byte
	on           []T
}

// After dullAfter requests of which none was seen before only one of dullEvery is looked at, until one was seen again: hashing
// 800 bytes and a table that all processors write to take as long as a seventh of a ranking. Looking at one of eight was 2.3 %
// of a ranking that nobody had asked for before, one of 31 is 0.5 to 1.2 %. Where one request of a hundred is a repeat this never
// comes about. Ten that begin to repeat are noticed within some 400 requests, one of a hundred within some 6,000.
const (
	dullAfter = 4_096
	dullEvery = 31 // a prime, so as not to keep step with who asks in batches
)

// Find returns the reply to a request and the applied index that it shows, if there is one that still holds; it is valid
// until q is used again. Otherwise q.Keep tells whether the reply is worth keeping. op and request are all that the reply
// depends on besides the data: no id, no deadline.
func (r *Replies[T]) Find(q *Query[T], t Transport, op byte, request []byte) (reply []byte, applied uint64, ok bool) {
	q.Keep = false
	if len(request) > MaxKey-len(r.prefix)-2 {
		return nil, 0, false
	}
	if q.pass > 0 {
		q.pass--
		q.passed++
		return nil, 0, false
	}
	if q.c == nil {
		q.c = &r.counts[r.users.Add(1)%countShards]
	}
	c := q.c
	if q.passed > 0 {
		c.misses.Add(uint64(q.passed))
		q.passed = 0
	}
	hot := r.placeOf(q, request)
	if hot != nil && hot.holds(r.versions.Applied(), t, op, request) {
		c.hits.Add(1)
		q.news = 0
		return hot.reply, hot.applied, true
	}
	h := maphash.Bytes(r.seed, request) + uint64(op)*0x9e3779b97f4a7c15 + uint64(t)
	door, mark := &r.door[h>>32%doorSlots], uint32(h)|1
	seen := door.Load() == mark
	if seen {
		q.news = 0
	} else {
		if q.news++; q.news >= dullAfter {
			q.pass = dullEvery - 1
		}
		door.Store(mark)
		if r.unseen.Load() <= 0 || r.unseen.Add(-1) < 0 {
			c.misses.Add(1)
			return nil, 0, false
		}
	}
	q.key = r.appendKey(q.key[:0], t, op, request)
	if reply, applied, ok = r.lookup(q, c); ok {
		c.hits.Add(1)
		q.news, q.pass = 0, 0 // also for one that only an earlier process had seen
		if hot != nil {
			hot.keep(applied, t, op, request, reply)
		}
		return reply, applied, true
	}
	c.misses.Add(1)
	q.Keep = seen
	return nil, 0, false
}

// lookup finds the reply of q.key.
func (r *Replies[T]) lookup(q *Query[T], c *counts) (reply []byte, applied uint64, ok bool) {
	if q.raw, ok = r.store.Get(q.raw[:0], q.key); !ok || len(q.raw) < replyHead {
		return nil, 0, false
	}
	raw := q.raw
	since := binary.LittleEndian.Uint64(raw)
	n := int(binary.LittleEndian.Uint16(raw[8:]))
	if raw = raw[replyHead:]; len(raw) < 4*n {
		return nil, 0, false
	}
	if applied = r.versions.Applied(); applied == since { // the usual question is answered by one comparison
		return raw[4*n:], applied, true
	}
	q.on = q.on[:0]
	for i := range n {
		q.on = append(q.on, T(binary.LittleEndian.Uint32(raw[4*i:])))
	}
	if !r.versions.Unchanged(q.on, since) {
		c.stale.Add(1)
		return nil, 0, false
	}
	return raw[4*n:], max(applied, since), true
}

// appendKey appends what a reply is found by: whose data it is of, how it is spelled, and what was asked.
func (r *Replies[T]) appendKey(dst []byte, t Transport, op byte, request []byte) []byte {
	return append(append(append(dst, r.prefix...), byte(t), op), request...)
}

// Put keeps a reply. It was computed at the applied index, or at a later one, from what is listed; q is used as working
// memory.
func (r *Replies[T]) Put(q *Query[T], t Transport, op byte, request []byte, applied uint64, on []T, reply []byte) {
	if len(on) > maxDependencies || len(request) > MaxKey-len(r.prefix)-2 {
		return
	}
	raw := binary.LittleEndian.AppendUint64(q.raw[:0], applied)
	raw = binary.LittleEndian.AppendUint16(raw, uint16(len(on)))
	for _, d := range on {
		raw = binary.LittleEndian.AppendUint32(raw, uint32(d))
	}
	q.key, q.raw = r.appendKey(q.key[:0], t, op, request), append(raw, reply...)
	r.store.Set(q.key, q.raw)
}

// maxKeptQuery bounds the memory that a Query keeps for the next request, in bytes.
const maxKeptQuery = 1 << 20

// Trim lets go of memory that one large reply has made large.
func (q *Query[T]) Trim() {
	if cap(q.raw) > maxKeptQuery {
		q.raw = nil
	}
}

// Stats are what replies have counted.
type Stats struct {
	Hits, Misses uint64 // of the latest misses of a Query, dullEvery-1 may not be counted yet
	Stale        uint64 // of the misses: the reply was there, and something had changed since
	Usage
}

// Stats looks at every part of the store: for those who scrape figures.
func (r *Replies[T]) Stats() Stats {
	s := Stats{Usage: r.store.Usage()}
	for i := range r.counts {
		c := &r.counts[i]
		s.Hits += c.hits.Load()
		s.Misses += c.misses.Load()
		s.Stale += c.stale.Load()
	}
	return s
}
