package engine

import (
	"testing"

	"pgregory.net/rapid"
)

// seriesOf returns a series of reports without values, in that order.
func seriesOf(reports ...report) *series {
	s := newSeries(noShape, len(reports))
	for _, r := range reports {
		s.appendHead(r)
	}
	return s
}

// TestANarrowedRangeHasTheSameReports holds ranges and times of knowing against what the calendar makes of them.
func TestANarrowedRangeHasTheSameReports(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		one := rapid.Custom(func(t *rapid.T) report {
			return report{date: rapid.Int64Range(-5, 20).Draw(t, "date"), declare: rapid.SampledFrom([]int64{noDate, -3, 4, 30}).Draw(t, "declared")}
		})
		reports := rapid.SliceOfN(one, 0, 12).Draw(t, "reports")
		half := rapid.IntRange(0, len(reports)).Draw(t, "half")
		var c, part *calendar
		for _, r := range reports[:half] {
			c = c.with(seriesOf(r))
		}
		c = c.union(part.with(seriesOf(reports[half:]...)))
		from, to := rapid.Int64Range(-8, 23).Draw(t, "from"), rapid.Int64Range(-8, 23).Draw(t, "to")
		first, last, some := c.narrow(from, to)
		for _, r := range reports {
			within := from <= r.date && r.date <= to
			if got := some && first <= r.date && r.date <= last; got != within {
				t.Errorf("%d is within %d to %d: %v, and within %d to %d (some: %v): %v", r.date, from, to, within, first, last, some, got)
			}
		}
		all := true
		for _, r := range reports {
			all = all && r.knownFrom() <= to
		}
		if c.knows(to) != all {
			t.Errorf("all of %v known at %d: %v", reports, to, c.knows(to))
		}
	})
}

func TestACalendarOfTooManyDatesNarrowsNothing(t *testing.T) {
	var c *calendar
	for i := range int64(maxDates) {
		c = c.with(seriesOf(report{date: i * 2, declare: noDate}))
	}
	if first, last, _ := c.narrow(3, 9); first != 4 || last != 8 {
		t.Errorf("narrowed to %d and %d, want 4 and 8", first, last)
	}
	c = c.with(seriesOf(report{date: 3, declare: noDate}, report{date: 5, declare: noDate}))
	if first, last, some := c.narrow(3, 9); first != 3 || last != 9 || !some {
		t.Errorf("narrowed to %d and %d (%v), want 3 and 9", first, last, some)
	}
	if c.known < 2*(maxDates-1) || !c.many || c.dates != nil {
		t.Errorf("%d dates, known from %d on", len(c.dates), c.known)
	}
}
