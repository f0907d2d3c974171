package express

import "time"

const (
	maxSweep = 250 * time.Millisecond // between two looks at all connections
	minSweep = 5 * time.Millisecond
)

// sweepEvery returns the time between two sweeps: a fraction of the shortest timeout.
func (v *Server) sweepEvery() time.Duration {
	return max(min(maxSweep, v.o.ReadTimeout/8, v.o.WriteTimeout/4, v.o.IdleTimeout/4), minSweep)
}

// sweep enforces the timeouts of the connections on loops. What comes too late is told so where it is handed over to.
func (v *Server) sweep(now int64) {
	over := func(since int64, limit time.Duration) bool { return now-since > int64(limit) }
	for _, c := range v.open() {
		asked, partial := c.asked.Load(), c.partial.Load()
		switch {
		case c.busy():
		case asked == 0 && over(c.opened, v.o.ReadTimeout), partial != 0 && over(partial, v.o.ReadTimeout):
			c.late.Store(true)
			v.engine.Wake(c.gc)
		case asked != 0 && partial == 0 && over(asked, v.o.IdleTimeout):
			v.engine.Close(c.gc)
		}
	}
}
