package wire

import (
	"strings"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// stat returns a figure that is a number.
func stat[T int | int64 | uint64](name string, number T) protocol.Stat {
	return protocol.Stat{Name: name, Number: float64(number)}
}

// AppendStats appends the figures of the listener.
func (l *Listener) AppendStats(s protocol.StatList, t *Totals) protocol.StatList {
	s = append(s,
		stat("connections", l.conns.Load()),
		stat("max_connections", l.limits.MaxConns),
		stat("refused_connections", l.refused.Load()),
		stat("slow_connections", l.slow.Load()),
		stat("late_connections", l.late.Load()),
		stat("in_flight", l.inFlight.Load()),
		stat("in_flight_bytes", l.inFlightBytes.Load()),
		stat("queued_bytes", l.queued.Load()),
		stat("bytes_in", t.bytesIn),
		stat("bytes_out", t.bytesOut),
		stat("panics", l.panics.Load()),
		stat("worker_requests", l.handed.Load()),
	)
	for op := range t.Requests {
		if l.service.Speaks(protocol.Op(op)) || protocol.Op(op) == protocol.OpHello {
			s = append(s, stat("requests_"+strings.ToLower(protocol.Op(op).String()), t.Requests[op]))
		}
	}
	s = append(s, stat("errors", sum(t.errors[:])))
	for code := protocol.CodeBadRequest; int(code) < codes; code++ {
		s = append(s, stat("errors_"+strings.ReplaceAll(code.String(), " ", "_"), t.errors[code]))
	}
	return s
}

// AppendStats appends how many queries are prepared.
func (h *Handles) AppendStats(s protocol.StatList) protocol.StatList {
	return append(s, stat("prepared_queries", h.count.Load()), stat("prepared_bytes", h.bytes.Load()))
}
