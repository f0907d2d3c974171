package compare

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Run measures and returns the report. The error tells what ended the run; figures that are not what they must be are no
// error of the run (Report.Err).
func Run(ctx context.Context, o Options) (_ *Report, err error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	l, err := openLab(&o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	r := newReport(&o, thisMachine(), l.programs(ctx))
	for _, c := range contests() {
		if wanted, why := o.wanted(c); !wanted {
			if why != "" {
				r.Contests = append(r.Contests, c.unmeasured(why))
			}
			continue
		}
		result, err := c.run(ctx, l)
		if err != nil {
			return r, fmt.Errorf("%s: %w", c.id, err)
		}
		r.Contests = append(r.Contests, result)
	}
	if o.Curves {
		if r.Curves, err = l.curves(ctx); err != nil {
			return r, fmt.Errorf("curves: %w", err)
		}
	}
	r.Took = time.Since(r.When).Round(time.Second).String()
	return r, nil
}

// entrant is a side that is open, or the reason why it is not.
type entrant struct {
	side
	meter   meter
	absent  error
	samples []*sample
}

// run carries a contest out.
func (c *contest) run(ctx context.Context, l *lab) (*ContestResult, error) {
	entrants := make([]*entrant, len(c.sides))
	for i, s := range c.sides {
		entrants[i] = &entrant{side: s}
	}
	whole := l.o
	own := *whole
	own.Rounds *= max(1, c.finer) * max(1, c.more)
	own.Time /= time.Duration(max(1, c.finer))
	l.o = &own
	defer func() { l.o = whole }()
	for opening := range max(1, c.anew) {
		if err := errors.Join(c.bout(ctx, l, entrants, opening), l.endBout()); err != nil {
			return nil, err
		}
	}
	return c.result(entrants), nil
}

// bout opens all sides and measures them in turn.
func (c *contest) bout(ctx context.Context, l *lab, entrants []*entrant, opening int) error {
	b := &bout{lab: l, anew: c.anew > 0}
	for _, e := range c.order(entrants, opening) {
		if e.absent != nil {
			continue
		}
		l.logf("%s %s: %s gets ready", c.id, c.what, e.label())
		e.meter, e.absent = e.open(ctx, b)
		if e.absent != nil && !errors.Is(e.absent, errAbsent) {
			return fmt.Errorf("%s: %w", e.label(), e.absent)
		}
	}
	for round := range l.o.Rounds {
		for _, e := range c.order(entrants, opening+round) {
			if e.absent != nil {
				continue
			}
			s, err := e.meter(ctx)
			if errors.Is(err, errAbsent) {
				e.absent = err
				continue
			}
			if err != nil {
				return fmt.Errorf("%s, round %d: %w", e.label(), round+1, err)
			}
			e.samples = append(e.samples, s)
		}
	}
	return nil
}

// order is the order in which the sides have their n-th turn.
func (c *contest) order(entrants []*entrant, n int) []*entrant {
	if c.anew == 0 || n%2 == 0 {
		return entrants
	}
	last := slices.Clone(entrants)
	slices.Reverse(last)
	return last
}
