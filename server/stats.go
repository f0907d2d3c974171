package server

import (
	"context"
	"time"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// Stats returns what the node counts, as STATS answers it.
func (n *Node) Stats(ctx context.Context) (protocol.StatList, error) {
	if err := n.open(ctx); err != nil {
		return nil, err
	}
	return n.appendStats(nil), nil
}

// stat returns a figure that is a number.
func stat[T int | int64 | uint64 | float64](name string, number T) protocol.Stat {
	return protocol.Stat{Name: name, Number: float64(number)}
}

// appendStats appends the figures of the node; those of the native listener only if there is one.
func (n *Node) appendStats(s protocol.StatList) protocol.StatList {
	e, log := n.engine.Stats(), n.log.Stats()
	s = append(s,
		protocol.Stat{Name: "role", Text: n.Role()},
		protocol.Stat{Name: "node", Text: n.nodeID},
		protocol.Stat{Name: "cluster", Text: n.clusterID},
		stat("uptime_seconds", time.Since(n.started).Seconds()),
		stat("applied_index", e.Applied),
		stat("catalog_version", n.engine.Catalog().Version),
		stat("tables", e.Tables),
		stat("subjects", e.Subjects),
		stat("series", e.Series),
		stat("reports", e.Reports),
		stat("values", e.Values),
		stat("columns_bytes", e.ColumnBytes),
		stat("history_bytes", e.HistoryBytes),
		stat("history_max_bytes", e.HistoryMax),
		stat("orders", e.Orders),
		stat("pasts", e.Pasts),
		stat("orders_built", e.OrdersBuilt),
		stat("orders_bytes", e.OrderBytes),
		stat("orders_max_bytes", e.OrderMax),
		stat("memory_max_bytes", n.o.MemoryBytes),
		stat("log_entries", log.Entries),
		stat("log_writes", log.Writes),
		stat("log_queued", log.Queued),
	)
	s = n.appendMembership(s)
	requests := n.hits.direct.Load()
	if n.listener != nil {
		t := n.listener.Totals()
		requests += t.Sum()
		s = n.front.handles.AppendStats(n.listener.AppendStats(s, &t))
	}
	return n.appendHits(append(s, stat("total_requests", requests)))
}
