package httpcompat

import (
	"math"
	"strconv"

	"golang.org/x/time/rate"
)

// group is a group of operations that share a rate (semantics 25).
type group uint8

const (
	unlimited group = iota
	groupDefault
	groupSnapshot
	groupPeriod
	groupRecent
	groupSelection
	groupRows
	groupCount
)

// limiter lets so many requests of a group through. A nil limiter lets all through.
type limiter struct {
	bucket     *rate.Limiter
	retryAfter string // seconds until there is room for one more, as the header says it
}

// newLimiters returns the limiter of each group.
func newLimiters(r Rates) (limiters [groupCount]*limiter) {
	for g, rate := range map[group]Rate{
		groupDefault: r.Default, groupSnapshot: r.Snapshot, groupPeriod: r.Period, groupRecent: r.Recent,
		groupSelection: r.Selection, groupRows: r.Rows,
	} {
		limiters[g] = newLimiter(rate)
	}
	return limiters
}

func newLimiter(r Rate) *limiter {
	if r.PerSecond <= 0 {
		return nil
	}
	burst := r.Burst
	if burst == 0 {
		burst = max(1, int(min(r.PerSecond, math.MaxInt32)))
	}
	wait := max(1, int(math.Ceil(min(1/r.PerSecond, 3600))))
	return &limiter{rate.NewLimiter(rate.Limit(r.PerSecond), burst), strconv.Itoa(wait)}
}

// allow takes a place, if there is one.
func (l *limiter) allow() bool { return l == nil || l.bucket.Allow() }
