package compare

import (
	"fmt"

	"github.com/kamaitachi/kamaitachi/bench"
)

// result sums up what the sides of a contest did and judges its lines.
func (c *contest) result(entrants []*entrant) *ContestResult {
	r := &ContestResult{ID: c.id, What: c.title()}
	by := map[string]*entrant{}
	for _, e := range entrants {
		by[e.label()] = e
		r.Sides = append(r.Sides, e.result())
	}
	for i := range c.lines {
		r.Lines = append(r.Lines, c.judge(&c.lines[i], by))
	}
	return r
}

// unmeasured is the result of a contest that was not run.
func (c *contest) unmeasured(why string) *ContestResult {
	r := &ContestResult{ID: c.id, What: c.title()}
	for i := range c.lines {
		l := c.lines[i].result(c.id)
		l.Verdict, l.Why = NotMeasured, why
		r.Lines = append(r.Lines, l)
	}
	return r
}

// result returns the line before it is judged.
func (l *line) result(contest string) *LineResult {
	r := &LineResult{ID: contest, What: l.of.name + ", " + l.a, Unit: "x", Must: l.must, Aim: l.aim, AtMost: l.atMost}
	if l.id != "" {
		r.ID = l.id
	}
	if l.b != "" {
		r.What += " over " + l.b
	} else {
		r.Unit = l.unit
	}
	if l.note != "" {
		r.What += " (" + l.note + ")"
	}
	return r
}

// judge takes a line's figure round by round and holds the median against what is asked.
func (c *contest) judge(l *line, by map[string]*entrant) *LineResult {
	r := l.result(c.id)
	a, b := by[l.a], by[l.b]
	for _, e := range []*entrant{a, b} {
		if e != nil && e.absent != nil {
			r.Verdict, r.Why = NotMeasured, e.label()+": "+e.absent.Error()
			return r
		}
	}
	var figures []float64
	for i, s := range a.samples {
		figure := l.of.take(s)
		if b != nil {
			under := l.of.take(b.samples[i])
			if under == 0 {
				continue
			}
			figure /= under
		}
		figures = append(figures, figure)
	}
	r.Figure = bench.SpreadOf(figures)
	r.Verdict, r.Why = r.verdict(a, b)
	return r
}

// verdict judges the median; failed requests fail the line, whatever its figure is.
func (r *LineResult) verdict(a, b *entrant) (Verdict, string) {
	for _, e := range []*entrant{a, b} {
		if e == nil {
			continue
		}
		for i, s := range e.samples {
			if s.fault != "" {
				return Failed, fmt.Sprintf("%s, round %d: %s", e.label(), i+1, s.fault)
			}
		}
		if failed, all := e.failed(); failed > 0 {
			return Failed, fmt.Sprintf("%s: %d of %d requests failed", e.label(), failed, all)
		}
	}
	switch median := r.Figure.Median; {
	case r.Figure.Rounds == 0:
		return NotMeasured, "the figure is not known on this system"
	case r.Must != 0 && !r.meets(median, r.Must):
		return Failed, ""
	case r.Aim != 0 && r.meets(median, r.Aim):
		return Reached, ""
	case r.Must != 0:
		return Met, ""
	}
	return Shown, ""
}

// meets tells whether a figure is what is asked, or better.
func (r *LineResult) meets(figure, asked float64) bool {
	if r.AtMost {
		return figure <= asked
	}
	return figure >= asked
}

// failed counts the requests of all rounds.
func (e *entrant) failed() (failed, all int) {
	for _, s := range e.samples {
		failed += s.Failed
		all += s.Requests
	}
	return failed, all
}

// percents are the points of a latency curve.
var percents = []float64{0, 10, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 99.99, 100}

// result sums up the rounds of a side.
func (e *entrant) result() *SideResult {
	r := &SideResult{Label: e.label()}
	if e.absent != nil {
		r.Missing = e.absent.Error()
		return r
	}
	spread := func(take func(*sample) float64) bench.Spread {
		figures := make([]float64, len(e.samples))
		for i, s := range e.samples {
			figures[i] = take(s)
		}
		return bench.SpreadOf(figures)
	}
	r.Failed, r.Requests = e.failed()
	r.QPS, r.ServerCPU, r.Value = spread(throughput.take), spread(serverCPU.take), spread(func(s *sample) float64 { return s.value })
	r.P50, r.P99 = spread(medianTime.take), spread(p99.take)
	all := bench.NewLatency()
	for _, s := range e.samples {
		r.ReplySize += s.ReplySize / float64(len(e.samples))
		all.Merge(s.Latency)
	}
	for _, percent := range percents {
		if all.TotalCount() > 0 {
			r.Latency = append(r.Latency, Quantile{percent, float64(all.ValueAtPercentile(percent)) / 1000})
		}
	}
	return r
}
