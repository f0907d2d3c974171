package httpcompat

import (
	"slices"
	"time"

	"github.com/kamaitachi/kamaitachi/internal/breaker"
)

// operationBreakers are the breakers of a process for what it is asked.
type operationBreakers struct {
	o     *breaker.Options // nil = there are none
	born  time.Time
	names []string
	list  []*breaker.Breaker
}

// of returns the breaker of a route; nil = it has none.
func (b *operationBreakers) of(r *route) *breaker.Breaker {
	if b.o == nil || !r.breaks() {
		return nil
	}
	k := breaker.New(*b.o, func() int64 { return int64(time.Since(b.born)) }, false)
	b.names, b.list = append(b.names, r.operation), append(b.list, k)
	return k
}

// show returns them as they are shown.
func (b *operationBreakers) show() []Breaker {
	all := make([]Breaker, 0, len(b.list))
	for i, k := range b.list {
		all = append(all, ShownBreaker(b.names[i], k.Status(b.born)))
	}
	return all
}

// ShownBreaker returns a breaker as it is shown under a name.
func ShownBreaker(name string, s breaker.Status) Breaker {
	return Breaker{
		Name: name, State: BreakerState(s.State.String()), Requests: s.Requests, Successes: s.Successes, Failures: s.Failures,
		ConsecutiveSuccesses: s.ConsecutiveSuccesses, ConsecutiveFails: s.ConsecutiveFailures, StateChangedAt: s.ChangedAt,
	}
}

// judge tells what the answer says of the operation (semantics 23): a client's own fault says nothing. While /readyz tells
// that the process is not ready, neither does that it could not answer: it would only go on refusing when it can again.
func (x *exchange) judge() breaker.Outcome {
	switch outcomeOf(x.code) {
	case succeeded:
		return breaker.Success
	case serverFault:
		return breaker.Failure
	case unavailable:
		if slices.ContainsFunc(x.h.backend.Ready(x.h.base), func(c Check) bool { return c.Err != nil }) {
			return breaker.Nothing
		}
		return breaker.Failure
	}
	return breaker.Nothing
}
