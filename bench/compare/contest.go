package compare

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/kamaitachi/kamaitachi/bench"
)

// contest is one row of what is measured: sides in turn, and what their figures must be to each other.
type contest struct {
	id, what string // "P1", and in words what all sides do
	runs     scope
	sides    []side
	lines    []line
	// anew is how often the sides are opened anew in a run, the rounds of each opening counting like any other; 0 = opened
	// once. It is for sides that are all nodes of ours, and so close that where the memory of a process happens to lie (the
	// pages it was given, the seeds of its tables) says more than what is compared: one pair of processes came to 0.86 and
	// another of the same builds to 1.17. Every other opening, and every other round in it, the last side comes first.
	anew int
	// finer cuts each round into so many, which are as much shorter; 0 = not. The machine is quick and slow by turns of
	// seconds, and rounds that follow one another closely see it alike.
	finer int
	// more has so many times as many rounds, for sides whose ratio lies so close to what is asked that a few rounds are above
	// or below it by chance; 0 = as many as others.
	more int
}

// title says what the contest is, and how often its sides are opened and measured if not as others.
func (c *contest) title() string {
	title := c.what
	if c.anew > 0 {
		title += fmt.Sprintf(", over %d new processes of each side", c.anew)
	}
	if c.finer > 0 {
		title += fmt.Sprintf(", each round in %d parts", c.finer)
	}
	if c.more > 0 {
		title += fmt.Sprintf(", %d times as many rounds", c.more)
	}
	return title
}

// scope says which runs a contest belongs to.
type scope int

const (
	always   scope = iota // every run but a quick one
	quickToo              // every run
	fullOnly              // full runs
)

// side is one of those that are measured in turn.
type side interface {
	// label names the side in lines and tables: "kamaitachi", "redis-get".
	label() string
	// open starts what the side needs and warms it up. The error is errAbsent where that cannot be had here.
	open(ctx context.Context, b *bout) (meter, error)
}

// meter measures a side once, for about the time of a measurement.
type meter func(ctx context.Context) (*sample, error)

// sample is what a side was measured to do in one round.
type sample struct {
	*bench.Outcome
	value       float64 // of sides that measure something else than requests, in the unit of the line that reads it
	fault       string  // what the side failed to do meanwhile, whatever its figures; "" = nothing
	warmed      float64 // replies that a restarted node began with
	pauseMillis float64 // 99th percentile of the pauses of the server's collector; 0 = not taken
	grown       *grown  // of markets whose size is what matters
}

// bout is a contest being carried out.
type bout struct {
	*lab
	node *node // that the first side loads
	// replySize is the mean size of the replies of the first side that knows, in bytes; peers answer with as much.
	replySize float64
	opened    bench.Load // of the side that was opened last
	anew      bool       // nodes are started for this bout alone
}

// line relates a figure of side a to that of side b, or bounds that of a alone.
type line struct {
	id        string // of the row it belongs to; "" = the contest's
	of        figure
	a, b      string  // labels of sides; b "" = the figure itself
	must, aim float64 // 0 = none
	atMost    bool    // the figure must not be more; else not less
	unit      string  // of a figure without b
	note      string
}

// figure is what is taken of a sample.
type figure struct {
	name string
	take func(*sample) float64
}

// The figures.
var (
	throughput = figure{"throughput", func(s *sample) float64 { return s.QPS() }}
	serverCPU  = figure{"server CPU per request", func(s *sample) float64 { return s.CPUMicros() }}
	medianTime = figure{"median latency", func(s *sample) float64 { return s.Millis(50) }}
	p99        = figure{"p99 latency", func(s *sample) float64 { return s.Millis(99) }}
	perValue   = figure{"resident memory per value", func(s *sample) float64 { return s.value }}
	growth     = figure{"resident memory", func(s *sample) float64 { return s.value }}
	hitRate    = figure{"cache_hit_rate", func(s *sample) float64 { return s.value }}
	toReady    = figure{"time to ready", func(s *sample) float64 { return s.value }}
)

// contests are all of them, in the order of performance.md.
func contests() []*contest {
	return slices.Concat(p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11, p12, p13, scale, quickRows)
}

// IDs returns the ids of all contests.
func IDs() []string {
	var ids []string
	for _, c := range contests() {
		if !slices.Contains(ids, c.id) {
			ids = append(ids, c.id)
		}
	}
	return ids
}

func known(id string) bool {
	return slices.ContainsFunc(IDs(), func(have string) bool { return strings.EqualFold(have, id) })
}

// wanted tells whether a run measures the contest and, when it does not, why.
func (o *Options) wanted(c *contest) (bool, string) {
	switch {
	case len(o.Only) > 0:
		return slices.ContainsFunc(o.Only, func(id string) bool { return strings.EqualFold(id, c.id) }), ""
	case o.Quick:
		return c.runs == quickToo, ""
	case c.runs == fullOnly && !o.Full:
		return false, "it is part of full runs only; give -full"
	}
	return true, ""
}
