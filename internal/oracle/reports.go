package oracle

import (
	"cmp"
	"slices"
	"time"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// compareDeclared orders declare dates: an absent one sorts before every date (rule 2).
func compareDeclared(a, b protocol.Instant) int {
	if a.Given && b.Given {
		return cmp.Compare(a.Seconds, b.Seconds)
	}
	if a.Given {
		return 1
	}
	if b.Given {
		return -1
	}
	return 0
}

// compareReports orders reports by (report_date, declare_date, report_type), oldest first (rules 4 and 17).
func compareReports(a, b *protocol.Report) int {
	return cmp.Or(
		cmp.Compare(a.ReportDate, b.ReportDate),
		compareDeclared(a.DeclareDate, b.DeclareDate),
		cmp.Compare(a.Type, b.Type), // as bytes (rule 9)
	)
}

// newestFirst sorts reports as series show them (rule 17).
func newestFirst(reports []*protocol.Report) {
	slices.SortFunc(reports, func(a, b *protocol.Report) int { return compareReports(b, a) })
}

// known tells whether a report was known at an instant: by its declare date, or from its report date where it has none
// (rule 2).
func known(r *protocol.Report, at protocol.Instant) bool {
	if !at.Given {
		return true
	}
	if r.DeclareDate.Given {
		return r.DeclareDate.Seconds <= at.Seconds
	}
	return r.ReportDate <= at.Seconds
}

// visible is the first half of rule 4: the reports that pass report_type and were known, and of each (report_date,
// report_type) the latest declaration. They come in no order and belong to the model.
func visible(reports []protocol.Report, types []string, at protocol.Instant) []*protocol.Report {
	candidates := passing(reports, types, at)
	var out []*protocol.Report
	for _, r := range candidates {
		restated := func(o *protocol.Report) bool {
			return o.ReportDate == r.ReportDate && o.Type == r.Type && compareDeclared(o.DeclareDate, r.DeclareDate) > 0
		}
		if !slices.ContainsFunc(candidates, restated) {
			out = append(out, r)
		}
	}
	return out
}

// passing keeps the reports that pass report_type and were known, every declaration of them.
func passing(reports []protocol.Report, types []string, at protocol.Instant) []*protocol.Report {
	var out []*protocol.Report
	for i := range reports {
		if passes(&reports[i], types, at) {
			out = append(out, &reports[i])
		}
	}
	return out
}

// passes tells whether a report passes the report types (exactly, decision 2; none = all) and was known.
func passes(r *protocol.Report, types []string, at protocol.Instant) bool {
	return (len(types) == 0 || slices.Contains(types, r.Type)) && known(r, at)
}

// within keeps the reports whose report date lies in the range, both ends included; an end that is not given is open
// (rules 15 and 17).
func within(reports []*protocol.Report, span protocol.Range) []*protocol.Report {
	var out []*protocol.Report
	for _, r := range reports {
		tooEarly := span.From.Given && r.ReportDate < span.From.Seconds
		tooLate := span.To.Given && r.ReportDate > span.To.Seconds
		if !tooEarly && !tooLate {
			out = append(out, r)
		}
	}
	return out
}

// utcDay returns the day of seconds by the calendar, not by arithmetic.
func utcDay(seconds int64) string { return time.Unix(seconds, 0).UTC().Format(time.DateOnly) }

// value returns one value of a report; a column that is younger than the report has none.
func value(r *protocol.Report, column int) float64 {
	if column < len(r.Values) {
		return r.Values[column]
	}
	return protocol.Missing
}

// headOf returns what a row says about its report; a year that was not written is that of the report date (decision 10).
func headOf(r *protocol.Report) protocol.Head {
	head := protocol.Head{
		ReportDate: r.ReportDate, DeclareDate: r.DeclareDate, Type: r.Type, Period: r.Period, Year: r.Year,
	}
	if head.Year == 0 {
		head.Year = int32(time.Unix(r.ReportDate, 0).UTC().Year())
	}
	return head
}
