package server

import (
	"context"
	"sync/atomic"

	"github.com/kamaitachi/kamaitachi/protocol"
	"github.com/kamaitachi/kamaitachi/server/cache"
)

// hits counts the queries of a node for the figures of its caches (semantics 24). Every query is answered from memory,
// so each is a hit and none a miss.
type hits struct {
	direct atomic.Uint64 // queries that came through the methods of Node
	reset  atomic.Uint64 // queries of all fronts when the counters were last reset
}

// queryOps are the operations that are queries.
var queryOps = [...]protocol.Op{
	protocol.OpSnapshot, protocol.OpPeriod, protocol.OpRecent, protocol.OpSelectSnapshot, protocol.OpSelectPeriod,
	protocol.OpGet, protocol.OpSearch, protocol.OpExecute,
}

// query counts a query of another front, unless it cannot be served.
func (n *Node) query(ctx context.Context) error {
	if err := n.open(ctx); err != nil {
		return err
	}
	n.hits.direct.Add(1)
	return nil
}

// queries returns how many queries all fronts have asked since the start.
func (n *Node) queries() uint64 {
	total := n.hits.direct.Load()
	if n.listener != nil {
		t := n.listener.totals()
		for _, op := range queryOps {
			total += t.requests[op]
		}
	}
	return total
}

// ResetCounters lets the figures of the caches count from zero again.
func (n *Node) ResetCounters(ctx context.Context) error {
	if err := n.open(ctx); err != nil {
		return err
	}
	n.hits.reset.Store(n.queries())
	return nil
}

// appendHits appends the figures of the caches. There are no entries besides the columns and the kept replies, which have
// figures of their own.
func (n *Node) appendHits(s protocol.StatList) protocol.StatList {
	var r cache.Stats
	if n.replies != nil {
		r = n.replies.Stats()
	}
	return append(s,
		stat("cache_hit_rate", 100),
		stat("cache_hits", n.queries()-n.hits.reset.Load()),
		stat("cache_misses", 0),
		stat("cache_entries", r.Entries),
		stat("cache_bytes", r.Bytes),
		stat("cache_max_bytes", r.MaxBytes),
		stat("reply_cache_hits", r.Hits),
		stat("reply_cache_misses", r.Misses),
		stat("reply_cache_stale", r.Stale),
	)
}
