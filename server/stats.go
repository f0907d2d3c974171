package server

import (
	"context"
	"strings"
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
		protocol.Stat{Name: "role", Text: n.o.Role},
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
		stat("memory_max_bytes", n.o.MemoryBytes),
		stat("log_entries", log.Entries),
		stat("log_writes", log.Writes),
		stat("log_queued", log.Queued),
	)
	requests := n.hits.direct.Load()
	if n.listener != nil {
		t := n.listener.totals()
		requests += sum(t.requests[:])
		s = n.listener.appendStats(s, &t)
	}
	return n.appendHits(append(s, stat("total_requests", requests)))
}

// appendStats appends the figures of the listener.
func (l *listener) appendStats(s protocol.StatList, t *totals) protocol.StatList {
	s = append(s,
		stat("connections", l.conns.Load()),
		stat("max_connections", l.limits.MaxConns),
		stat("refused_connections", l.refused.Load()),
		stat("slow_connections", l.slow.Load()),
		stat("late_connections", l.late.Load()),
		stat("in_flight", l.inFlight.Load()),
		stat("in_flight_bytes", l.inFlightBytes.Load()),
		stat("queued_bytes", l.queued.Load()),
		stat("prepared_queries", l.prepared.Load()),
		stat("prepared_bytes", l.preparedBytes.Load()),
		stat("bytes_in", t.bytesIn),
		stat("bytes_out", t.bytesOut),
		stat("panics", l.panics.Load()),
		stat("worker_requests", l.handed.Load()),
	)
	for op := range t.requests {
		if l.handlers[op].answer != nil || protocol.Op(op) == protocol.OpHello {
			s = append(s, stat("requests_"+strings.ToLower(protocol.Op(op).String()), t.requests[op]))
		}
	}
	s = append(s, stat("errors", sum(t.errors[:])))
	for code := protocol.CodeBadRequest; int(code) < codes; code++ {
		s = append(s, stat("errors_"+strings.ReplaceAll(code.String(), " ", "_"), t.errors[code]))
	}
	return s
}
