package compare

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/kamaitachi/kamaitachi/bench"
)

// told is a side that was measured to do what a test says, a figure a round.
type told struct {
	name   string
	qps    []float64
	failed int
	fault  string
	absent error
}

func (s told) label() string { return s.name }

func (s told) open(context.Context, *bout) (meter, error) {
	round := 0
	return func(context.Context) (*sample, error) {
		o := &bench.Outcome{Requests: int(s.qps[round]) + s.failed, Failed: s.failed, Elapsed: time.Second,
			Latency: bench.NewLatency()}
		o.Latency.RecordValue(1_000)
		round++
		return &sample{Outcome: o, fault: s.fault}, nil
	}, s.absent
}

// judged runs a contest of two sides with one line and returns the line.
func judged(t *testing.T, a, b side, l line) *LineResult {
	t.Helper()
	c := contest{id: "T", what: "test", sides: []side{a, b}, lines: []line{l}}
	o := Options{Rounds: 3}.withDefaults()
	r, err := c.run(t.Context(), &lab{o: &o})
	if err != nil {
		t.Fatal(err)
	}
	return r.Lines[0]
}

func TestTheMedianOfTheRatiosDecides(t *testing.T) {
	a := told{name: "a", qps: []float64{100, 900, 300}}
	b := told{name: "b", qps: []float64{100, 300, 150}} // ratios 1, 3, 2
	for _, test := range []struct {
		line line
		want Verdict
	}{
		{line{must: 2, aim: 2.5}, Met},
		{line{must: 2, aim: 2}, Reached},
		{line{must: 2.1, aim: 3}, Failed},
		{line{must: 2, aim: 1.5, atMost: true}, Met},
		{line{must: 1.9, atMost: true}, Failed},
		{line{must: 3, aim: 2, atMost: true}, Reached},
		{line{aim: 3}, Shown},
		{line{}, Shown},
	} {
		test.line.of, test.line.a, test.line.b = throughput, "a", "b"
		got := judged(t, a, b, test.line)
		if got.Verdict != test.want {
			t.Errorf("%+v is judged %q, want %q", test.line, got.Verdict, test.want)
		}
		if want := (bench.Spread{Median: 2, Low: 1.5, High: 2.5, Min: 1, Max: 3, Rounds: 3}); got.Figure != want {
			t.Errorf("the figure is %+v, want %+v", got.Figure, want)
		}
	}
}

// logged is a side that notes when it is opened and measured.
type logged struct {
	name string
	log  *[]string
}

func (s logged) label() string { return s.name }

func (s logged) open(_ context.Context, b *bout) (meter, error) {
	*s.log = append(*s.log, "open "+s.name)
	b.ends = append(b.ends, func() error { *s.log = append(*s.log, "end "+s.name); return nil })
	return func(context.Context) (*sample, error) {
		*s.log = append(*s.log, s.name)
		return &sample{Outcome: &bench.Outcome{Requests: 1, Elapsed: time.Second, Latency: bench.NewLatency()}}, nil
	}, nil
}

func TestSidesThatAreOpenedAnewTakeTurnsToBeFirst(t *testing.T) {
	var log []string
	c := contest{id: "T", what: "test", anew: 2, sides: []side{logged{"a", &log}, logged{"b", &log}},
		lines: []line{{of: throughput, a: "a", b: "b"}}}
	o := Options{Rounds: 3}.withDefaults()
	r, err := c.run(t.Context(), &lab{o: &o})
	if err != nil {
		t.Fatal(err)
	}
	want := "open a, open b, a, b, b, a, a, b, end b, end a, open b, open a, b, a, a, b, b, a, end a, end b"
	if got := strings.Join(log, ", "); got != want {
		t.Errorf("the order is\n%s, want\n%s", got, want)
	}
	if got, want := r.What, "test, over 2 new processes of each side"; got != want {
		t.Errorf("it is called %q, want %q", got, want)
	}
	if got := r.Lines[0].Figure.Rounds; got != 6 {
		t.Errorf("the figure is of %d rounds, want 6", got)
	}
}

func TestFinerRoundsAreShorterAndThereAreMore(t *testing.T) {
	var log []string
	c := contest{id: "T", what: "test", finer: 4, more: 2, sides: []side{logged{"a", &log}}, lines: []line{{of: throughput, a: "a"}}}
	o := Options{Rounds: 3, Time: time.Second}.withDefaults()
	l := &lab{o: &o}
	r, err := c.run(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Lines[0].Figure.Rounds; got != 24 {
		t.Errorf("the figure is of %d rounds, want 24", got)
	}
	if l.o.Rounds != 3 || l.o.Time != time.Second {
		t.Errorf("the next contest has %d rounds of %v", l.o.Rounds, l.o.Time)
	}
}

func TestWhatFailedFailsWhateverItsFigures(t *testing.T) {
	l := line{of: throughput, a: "a", b: "b", must: 0.1}
	good := told{name: "b", qps: []float64{1, 1, 1}}
	for why, bad := range map[string]told{
		"a: 3 of 306 requests failed": {name: "a", qps: []float64{101, 101, 101}, failed: 1},
		"a, round 1: too slow":        {name: "a", qps: []float64{100, 100, 100}, fault: "too slow"},
	} {
		if got := judged(t, bad, good, l); got.Verdict != Failed || got.Why != why {
			t.Errorf("judged %q because %q, want %q because %q", got.Verdict, got.Why, Failed, why)
		}
	}
}

func TestWhatCannotBeStartedIsNamed(t *testing.T) {
	a := told{name: "a", qps: []float64{1, 1, 1}}
	got := judged(t, a, told{name: "b", absent: absent("b is not installed")}, line{of: throughput, a: "a", b: "b", must: 1})
	if got.Verdict != NotMeasured || got.Why != "b: b is not installed" {
		t.Errorf("judged %q because %q", got.Verdict, got.Why)
	}
	c := contest{id: "T", sides: []side{told{name: "a", absent: errors.New("broken")}}}
	o := Options{}.withDefaults()
	if _, err := c.run(t.Context(), &lab{o: &o}); err == nil {
		t.Error("a side that breaks is passed over in silence")
	}
}

func TestAReportIsAnErrorWhenAMustFails(t *testing.T) {
	r := &Report{Contests: []*ContestResult{{Lines: []*LineResult{{Verdict: Met}, {Verdict: NotMeasured}}}}}
	if err := r.Err(); err != nil {
		t.Errorf("without a failure it is %v", err)
	}
	r.Contests[0].Lines = append(r.Contests[0].Lines, &LineResult{Verdict: Failed})
	if err := r.Err(); !errors.Is(err, ErrMust) {
		t.Errorf("with a failure it is %v", err)
	}
}

func TestContestsAreWhole(t *testing.T) {
	for _, c := range contests() {
		sides := map[string]bool{}
		for _, s := range c.sides {
			if sides[s.label()] {
				t.Errorf("%s %s: two sides are called %s", c.id, c.what, s.label())
			}
			sides[s.label()] = true
		}
		for _, l := range c.lines {
			if !sides[l.a] || l.b != "" && !sides[l.b] {
				t.Errorf("%s %s: a line of %q over %q: there are %v", c.id, c.what, l.a, l.b, sides)
			}
			if l.b == "" && l.unit == "" {
				t.Errorf("%s %s: the figure of %s has no unit", c.id, c.what, l.a)
			}
			if l.aim != 0 && l.must != 0 && l.atMost != (l.aim < l.must) {
				t.Errorf("%s %s: aim %v is on the wrong side of must %v", c.id, c.what, l.aim, l.must)
			}
		}
	}
}

func TestEveryContestIsRunOrNamed(t *testing.T) {
	for _, o := range []Options{{}, {Full: true}} {
		for _, c := range contests() {
			if wanted, why := o.wanted(c); !wanted && why == "" {
				t.Errorf("%s %s is left out in silence", c.id, c.what)
			}
		}
	}
	only := Options{Only: []string{"p12"}}
	for _, c := range contests() {
		if wanted, _ := only.wanted(c); wanted != (c.id == "P12") {
			t.Errorf("with -only p12, %s is wanted: %v", c.id, wanted)
		}
	}
}

func TestOptionsThatCannotBeAreRefused(t *testing.T) {
	good := Options{Program: "kamaitachi"}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	for name, o := range map[string]Options{
		"no program": {}, "quick and full": {Quick: true, Full: true}, "unknown row": {Only: []string{"P99"}},
		"rounds": {Rounds: -1}, "time": {Time: -1}, "subjects": {Subjects: 5}, "large": {Large: 500}, "values": {Values: -1},
	} {
		if name != "no program" {
			o.Program = "kamaitachi"
		}
		if err := o.Validate(); !errors.Is(err, ErrOptions) || strings.Contains(name, "row") && !strings.Contains(err.Error(), "P99") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
