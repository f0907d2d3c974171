package engine

import (
	"slices"
	"sort"
)

// calendar is what is known of the times of all reports that a table has or had. Times between two report dates see the
// same reports, so there are far fewer pasts than times, and what ends after the last date is no past at all.
//
// It is immutable; nil is that of a table without reports. That it never forgets a date does no harm.
type calendar struct {
	dates []int64 // ascending, each once; nil where there are more than maxDates
	many  bool    // more dates than that
	known int64   // the latest time from which a report is known
}

// maxDates bounds how many report dates are told apart.
const maxDates = 4096

// with returns the calendar with the reports of a series.
func (c *calendar) with(s *series) *calendar {
	if c == nil {
		c = &calendar{known: lowest}
	}
	var fresh []int64
	known := c.known
	for i := range int(s.count) {
		r := s.report(i)
		known = max(known, r.knownFrom())
		if _, found := slices.BinarySearch(c.dates, r.date); !found && !c.many {
			fresh = append(fresh, r.date)
		}
	}
	if len(fresh) == 0 && known == c.known {
		return c // nearly always
	}
	return c.union(&calendar{dates: fresh, known: known})
}

// union returns the calendar of both; the dates of o need be in no order.
func (c *calendar) union(o *calendar) *calendar {
	switch {
	case o == nil:
		return c
	case c == nil:
		c = &calendar{known: lowest}
	}
	if len(o.dates) == 0 && o.known <= c.known && (c.many || !o.many) {
		return c
	}
	u := &calendar{many: c.many || o.many, known: max(c.known, o.known)}
	if !u.many {
		u.dates = slices.Concat(c.dates, o.dates)
		slices.Sort(u.dates)
		u.dates = slices.Compact(u.dates)
		u.many = len(u.dates) > maxDates
	}
	if u.many {
		u.dates = nil
	}
	return u
}

// knows tells whether every report is known at a time.
func (c *calendar) knows(time int64) bool { return c == nil || c.known <= time }

// narrow returns the range from the first to the last report date within a range, open where no report lies beyond, and
// whether there is a date in it.
func (c *calendar) narrow(from, to int64) (first, last int64, some bool) {
	if c == nil {
		return from, to, false
	}
	if c.many {
		return from, to, true
	}
	i := sort.Search(len(c.dates), func(i int) bool { return c.dates[i] >= from })
	j := sort.Search(len(c.dates), func(i int) bool { return c.dates[i] > to })
	if i >= j {
		return from, to, false
	}
	first, last = c.dates[i], c.dates[j-1]
	if i == 0 {
		first = lowest
	}
	if j == len(c.dates) {
		last = highest
	}
	return first, last, true
}
