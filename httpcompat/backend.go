package httpcompat

import (
	"context"
	"time"

	"github.com/kamaitachi/kamaitachi/httpcompat/express"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// Backend is what answers: a node, or a gateway before several. All of it is safe for concurrent use.
//
// Queries and writes are lent: their strings point into the request's body, and nothing of them may be kept when the
// method returns, also not when it returns early because ctx is done. Results are filled from the state that they are
// in; they are reset first. Errors are *protocol.Error, wrapped or not, or ErrCircuitOpen; any other counts as internal.
type Backend interface {
	Queries
	Writes
	Operations
}

// Queries are the reads.
type Queries interface {
	Snapshot(ctx context.Context, q *protocol.Snapshot, r *protocol.Result) error
	Period(ctx context.Context, q *protocol.Period, r *protocol.Result) error
	Recent(ctx context.Context, q *protocol.Recent, r *protocol.Result) error
	SelectSnapshot(ctx context.Context, q *protocol.SelectSnapshot, r *protocol.Result) error
	SelectPeriod(ctx context.Context, q *protocol.SelectPeriod, r *protocol.Result) error
	Get(ctx context.Context, q *protocol.Get, r *protocol.Result) error
	Search(ctx context.Context, q *protocol.Search, r *protocol.Result) error
	Subjects(ctx context.Context, q *protocol.ListSubjects, l *protocol.SubjectList) error
	Catalog(ctx context.Context, c *protocol.Catalog) error
}

// Writes return when the write is durable, with its applied index. They go through the master, wherever they are sent.
type Writes interface {
	Put(ctx context.Context, w *protocol.Put) (applied uint64, err error)
	Delete(ctx context.Context, w *protocol.Delete) (applied uint64, err error)
	PutSubjects(ctx context.Context, w *protocol.PutSubjects) (applied uint64, err error)
}

// Operations are about the process, not about its data.
type Operations interface {
	// Health tells what /health shows.
	Health() Health
	// Ready returns what must be well before queries may be sent here; all of them without Err = ready. It must not wait.
	Ready(ctx context.Context) []Check
	// Stats returns the figures of /stats, those of StatNames among them.
	Stats(ctx context.Context) (Stats, error)
	// ResetCache sets the counters of the caches to zero; on a gateway those of every node.
	ResetCache(ctx context.Context) error
	// Breakers returns the circuit breakers of whom it asks in the order in which to show them; none where there are none.
	Breakers() []Breaker
}

// Swift is a backend that can answer many queries at once.
type Swift interface {
	// Swift returns queries for event loops: they never wait, nor compute for long. Where a query would have to they return
	// the error later, wrapped or not, and it is asked through the backend.
	Swift() (q Queries, later error)
}

// Relaying is a backend that passes queries on, and need not be waited for by a goroutine each.
type Relaying interface {
	// NewRelay returns a relay for one event loop.
	NewRelay() Relay
}

// Relay passes queries on. It serves one goroutine at a time.
type Relay interface {
	// Ask begins to ask a query and to fill a result with the answer, whose columns are called as given; none = it says so
	// itself. Query, names and result are lent until to is told the outcome, unless Ask returns an error. A timeout of 0 is
	// none.
	Ask(op protocol.Op, q protocol.Message, columns []string, r *protocol.Result, timeout time.Duration, to Asker) error
	// Flush lets go what was asked.
	Flush()
}

// Asker is told how its query was answered, by one of its methods. What they return, if anything, is woken once all answers
// that came together were handed over.
type Asker interface {
	// Known is told the reply of a node first, which is lent, and the applied index that it shows. If it is known how to answer
	// with it, that is all. Otherwise the result is to be filled, while the reply is still lent, and Answered called.
	Known(reply []byte, applied uint64) (w Waker, known bool)
	// Answered is told that the result is filled, or what went wrong.
	Answered(err error) Waker
}

// Waker is told that there is something to do.
type Waker = express.Waker

// Keeper is a backend that keeps answers for those who ask the same again.
type Keeper interface {
	// NewKept returns nil if it keeps none after all.
	NewKept() Kept
}

// Kept is the way to the kept answers. It serves one request at a time.
type Kept interface {
	// Find returns the kept answer to a request, if there is one that still holds, and the applied index that it shows. It is
	// valid until the next call. kind tells apart what may be asked with the same bytes.
	Find(kind byte, request []byte) (answer []byte, applied uint64, ok bool)
	// Wanted tells whether the answer to what Find has not found is worth a Keep.
	Wanted() bool
	// Keep keeps the answer to a query over a topic or else over some subjects, computed at the applied index. It keeps
	// nothing of what it is given.
	Keep(kind byte, request []byte, applied uint64, topic string, subjects []string, answer []byte)
}

// Health is what /health shows.
type Health struct {
	Gateway bool     // the answer lists the nodes
	Nodes   []string // host:port of each node that a gateway knows
}

// Check is one thing that must be well before queries may be sent here.
type Check struct {
	Name string // one word: "data", "replication", ...
	Err  error  // why it is not well; nil = it is
}

// StatNames are the figures that Stats must have (http-api.md, semantics 24). What else helps may come besides them.
// The first ones are shown under other names by /kamaitachi/api/data/v1/stats too.
var StatNames = []string{
	statSubjects, statReports, statHitRate, statHits, statMisses, statEntries, statMaxBytes,
	"cache_bytes", "total_requests", "uptime_seconds", "role", "applied_index",
}

// The figures that have a second name.
const (
	statSubjects = "subjects"
	statReports  = "reports"
	statHitRate  = "cache_hit_rate" // percent; see HitRate
	statHits     = "cache_hits"
	statMisses   = "cache_misses"
	statEntries  = "cache_entries"
	statMaxBytes = "cache_max_bytes"
)

// HitRate returns the percentage of queries that read nothing from disk; 100 before the first query (semantics 24).
func HitRate(hits, misses uint64) float64 {
	if hits+misses == 0 {
		return 100
	}
	return 100 * float64(hits) / float64(hits+misses)
}

// Stats are the figures of a process. On a gateway Figures are the cluster's, and Nodes has a row for each node.
type Stats struct {
	Figures []protocol.Stat
	Nodes   []NodeStats
}

// NodeStats are the figures of one node behind a gateway.
type NodeStats struct {
	Node    string // host:port
	Figures []protocol.Stat
}

// BreakerState is the state of a circuit breaker.
type BreakerState string

// The states.
const (
	BreakerClosed   BreakerState = "CLOSED"
	BreakerOpen     BreakerState = "OPEN"
	BreakerHalfOpen BreakerState = "HALF_OPEN"
)

// Breaker is what is shown of a circuit breaker.
type Breaker struct {
	Name                 string
	State                BreakerState
	Requests             uint64 // in the present window
	Successes            uint64
	Failures             uint64
	ConsecutiveSuccesses uint64
	ConsecutiveFails     uint64
	StateChangedAt       time.Time // since when it is in State
}

// failureRate returns the failures as a part of the requests, 0 to 1; 0 without requests.
func (b *Breaker) failureRate() float64 {
	if b.Requests == 0 {
		return 0
	}
	return float64(b.Failures) / float64(b.Requests)
}
