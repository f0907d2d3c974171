package server

import (
	"context"
	"sync/atomic"

	"github.com/kamaitachi/kamaitachi/protocol"
	"github.com/kamaitachi/kamaitachi/server/cache"
)

// hits counts the queries of a node for the figures of its caches (semantics 24). The engine counts the misses, queries that
// read the store, where they read it; all others are hits, so that these cost nothing.
type hits struct {
	direct atomic.Uint64 // queries that came through the methods of Node

	// As they were when the counters were last reset: queries of all fronts, and misses.
	queries, misses atomic.Uint64
}

// queryOps are the operations that are queries.
var queryOps = [...]protocol.Op{
	protocol.OpSnapshot, protocol.OpPeriod, protocol.OpRecent, protocol.OpSelectSnapshot, protocol.OpSelectPeriod,
	protocol.OpGet, protocol.OpSearch, protocol.OpExecute,
}

// query counts a query of another front, unless it cannot be served.
func (n *Node) query(ctx context.Context) error {
	if err := n.readable(ctx); err != nil {
		return err
	}
	n.hits.direct.Add(1)
	return nil
}

// queries returns how many queries all fronts have asked since the start.
func (n *Node) queries() uint64 {
	total := n.hits.direct.Load()
	if n.listener != nil {
		t := n.listener.Totals()
		for _, op := range queryOps {
			total += t.Requests[op]
		}
	}
	return total
}

// ResetCounters lets the figures of the caches count from zero again.
func (n *Node) ResetCounters(ctx context.Context) error {
	if err := n.open(ctx); err != nil {
		return err
	}
	n.hits.misses.Store(n.engine.HistoryStats().Misses)
	n.hits.queries.Store(n.queries())
	return nil
}

// rate returns hits and misses since the last reset, and the percentage of hits; without any query it is 100.
func (n *Node) rate(missed uint64) (hits, misses uint64, percent float64) {
	misses = missed - min(n.hits.misses.Load(), missed)
	queries := max(n.queries()-n.hits.queries.Load(), misses) // one that was under way at the reset may be missed after it
	if queries == 0 {
		return 0, 0, 100
	}
	hits = queries - misses
	return hits, misses, 100 * float64(hits) / float64(queries)
}

// appendHits appends the figures of the caches: entries and bytes are those of replies and blocks together.
func (n *Node) appendHits(s protocol.StatList) protocol.StatList {
	var r cache.Stats
	if n.replies != nil {
		r = n.replies.Stats()
	}
	var warmed uint64
	if n.warmStart != nil {
		warmed = n.warmStart.warmed
	}
	var b cache.Usage
	if n.blocks != nil {
		b = n.blocks.Usage()
	}
	h := n.engine.HistoryStats()
	hits, misses, percent := n.rate(h.Misses)
	return append(s,
		stat("cache_hit_rate", percent),
		stat("cache_hits", hits),
		stat("cache_misses", misses),
		stat("cache_entries", r.Entries+b.Entries),
		stat("cache_bytes", r.Bytes+b.Bytes),
		stat("cache_max_bytes", r.MaxBytes+b.MaxBytes),
		stat("block_cache_hits", h.BlockHits),
		stat("block_cache_misses", h.BlockMisses),
		stat("block_cache_bytes", b.Bytes),
		stat("block_cache_max_bytes", b.MaxBytes),
		stat("disk_reads", h.Reads),
		stat("reply_cache_hits", r.Hits),
		stat("reply_cache_misses", r.Misses),
		stat("reply_cache_stale", r.Stale),
		stat("reply_cache_bytes", r.Bytes),
		stat("reply_cache_max_bytes", r.MaxBytes),
		stat("reply_cache_warmed", warmed),
	)
}
