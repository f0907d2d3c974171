package compare

import (
	"fmt"
	"time"

	"github.com/kamaitachi/kamaitachi/bench"
)

// Report is what a run measured. It is JSON as it is.
type Report struct {
	When     time.Time        `json:"when"`
	Took     string           `json:"took"`
	Version  string           `json:"version"` // of kamaitachi
	Command  string           `json:"command"`
	Machine  Machine          `json:"machine"`
	Programs []Program        `json:"programs"` // that were measured against
	Rounds   int              `json:"rounds"`
	Seconds  float64          `json:"seconds"` // for which each side of a round was measured
	Subjects int              `json:"subjects"`
	Contests []*ContestResult `json:"contests"`
	Curves   []*Curve         `json:"curves,omitempty"`
}

// Program is a peer and its version.
type Program struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// ContestResult is what a contest gave.
type ContestResult struct {
	ID    string        `json:"id"`
	What  string        `json:"what"`
	Sides []*SideResult `json:"sides"`
	Lines []*LineResult `json:"lines"`
}

// SideResult is what a side did, over all rounds.
type SideResult struct {
	Label     string       `json:"label"`
	Missing   string       `json:"missing,omitempty"` // why it was not measured
	Requests  int          `json:"requests"`          // of all rounds
	Failed    int          `json:"failed"`
	QPS       bench.Spread `json:"qps"`
	ServerCPU bench.Spread `json:"server_cpu_us"` // microseconds per request; 0 = not known
	ReplySize float64      `json:"reply_bytes"`
	P50       bench.Spread `json:"p50_ms"`
	P99       bench.Spread `json:"p99_ms"`
	Value     bench.Spread `json:"value"` // of sides that measure something else
	Unit      string       `json:"unit,omitempty"`
	Latency   []Quantile   `json:"latency,omitempty"` // of all rounds together
}

// Quantile is one point of a latency curve.
type Quantile struct {
	Percent float64 `json:"percent"`
	Millis  float64 `json:"ms"`
}

// Verdict is what became of a line.
type Verdict string

// The verdicts.
const (
	Failed      Verdict = "FAILED"       // not what it must be
	Met         Verdict = "met"          // what it must be
	Reached     Verdict = "aim"          // what is aimed at, too
	NotMeasured Verdict = "not measured" // Why says why
	Shown       Verdict = "-"            // nothing is asked of it
)

// LineResult is a figure and what is asked of it.
type LineResult struct {
	ID      string       `json:"id"`
	What    string       `json:"what"` // "throughput, kamaitachi over redis-get"
	Figure  bench.Spread `json:"figure"`
	Unit    string       `json:"unit"`
	Must    float64      `json:"must"` // 0 = none
	Aim     float64      `json:"aim"`  // 0 = none
	AtMost  bool         `json:"at_most"`
	Verdict Verdict      `json:"verdict"`
	Why     string       `json:"why,omitempty"`
}

// newReport returns a report without contests.
func newReport(o *Options, m Machine, programs []Program) *Report {
	return &Report{When: time.Now().UTC().Truncate(time.Second), Version: o.Version, Command: o.Command, Machine: m,
		Programs: programs, Rounds: o.Rounds, Seconds: o.Time.Seconds(), Subjects: o.Subjects}
}

// lines calls each with every line.
func (r *Report) lines(each func(*ContestResult, *LineResult)) {
	for _, c := range r.Contests {
		for _, l := range c.Lines {
			each(c, l)
		}
	}
}

// count returns how many lines have a verdict.
func (r *Report) count(v Verdict) (n int) {
	r.lines(func(_ *ContestResult, l *LineResult) {
		if l.Verdict == v {
			n++
		}
	})
	return n
}

// Err is ErrMust, with the lines, when a figure is not what it must be.
func (r *Report) Err() error {
	if n := r.count(Failed); n > 0 {
		return fmt.Errorf("%w: %d failed", ErrMust, n)
	}
	return nil
}
