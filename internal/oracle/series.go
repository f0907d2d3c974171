package oracle

import (
	"slices"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// Period answers all reports of the subjects within a range, newest first, one group per subject that has any, in the
// order of the request (rule 17).
func (m *Model) Period(q *protocol.Period, r *protocol.Result) error {
	r.Reset()
	var c check
	v := c.view(m, &q.View)
	c.span(q.Range)
	c.badIf(len(q.Subjects) == 0, "no subjects") // decision 11
	if err := c.err(); err != nil {
		return err
	}
	v.all = q.With&protocol.WithSuperseded != 0
	m.bySubject(r, &v, q.Subjects, func(reports []*protocol.Report) []*protocol.Report {
		return within(reports, q.Range)
	})
	return nil
}

// Recent answers the newest reports of each subject, or those of the given period ends (rule 18).
func (m *Model) Recent(q *protocol.Recent, r *protocol.Result) error {
	r.Reset()
	var c check
	v := c.view(m, &q.View)
	c.badIf(len(q.Subjects) == 0, "no subjects") // decision 11
	for _, p := range q.Periods {
		c.time("period", p)
	}
	if len(q.Periods) == 0 { // with periods, limit is ignored
		c.page(0, q.Limit, protocol.MaxRecentLimit)
	}
	if err := c.err(); err != nil {
		return err
	}
	m.bySubject(r, &v, q.Subjects, func(reports []*protocol.Report) []*protocol.Report {
		if len(q.Periods) == 0 {
			return pageOf(reports, 0, q.Limit, protocol.DefaultRecentLimit)
		}
		return slices.DeleteFunc(reports, func(o *protocol.Report) bool { return !endsOn(o, q.Periods) })
	})
	return nil
}

// endsOn tells whether the report date falls on the UTC day of one of the periods (rule 1, decision 12).
func endsOn(r *protocol.Report, periods []int64) bool {
	return slices.ContainsFunc(periods, func(p int64) bool { return utcDay(p) == utcDay(r.ReportDate) })
}

// bySubject fills a result with one group per subject that has any visible report that cut lets through; cut gets them
// newest first.
func (m *Model) bySubject(r *protocol.Result, v *view, subjects []string, cut func([]*protocol.Report) []*protocol.Report) {
	var groups [][]row
	for _, key := range distinct(subjects) {
		reports := visible(m.reportsOf(v.table, key), v.types, v.known)
		if v.all {
			reports = passing(m.reportsOf(v.table, key), v.types, v.known)
		}
		newestFirst(reports)
		var group []row
		for _, report := range cut(reports) {
			group = append(group, row{m.subjects[key], report})
		}
		if len(group) > 0 {
			groups = append(groups, group)
		}
	}
	m.fillGroups(r, v, groups)
}

// SelectPeriod answers the reports of the selected subjects, one group per UTC day, days descending; within a day one
// row per subject, ranked and then paged (rule 19, decision 4).
func (m *Model) SelectPeriod(q *protocol.SelectPeriod, r *protocol.Result) error {
	r.Reset()
	var c check
	keys := c.selection(m, &q.Selection)
	v := c.view(m, &q.View)
	field := c.ranking(&v, &q.Ranking)
	c.span(q.Range)
	if err := c.err(); err != nil {
		return err
	}
	days := map[string][]row{} // a year has four digits, so that days sort as text
	for _, key := range keys {
		for day, newest := range m.newestOfDays(&v, key, q.Range) {
			days[day] = append(days[day], row{m.subjects[key], newest})
		}
	}
	var groups [][]row
	for _, day := range descendingKeys(days) {
		rank(days[day], field, q.Order)
		if page := pageOf(days[day], q.Offset, q.Limit, protocol.DefaultLimit); len(page) > 0 {
			groups = append(groups, page)
		}
	}
	m.fillGroups(r, &v, groups)
	return nil
}

// newestOfDays returns the newest report of a subject for each UTC day within the range.
func (m *Model) newestOfDays(v *view, key string, span protocol.Range) map[string]*protocol.Report {
	days := map[string]*protocol.Report{}
	for _, report := range within(visible(m.reportsOf(v.table, key), v.types, v.known), span) {
		day := utcDay(report.ReportDate)
		if days[day] == nil || compareReports(report, days[day]) > 0 {
			days[day] = report
		}
	}
	return days
}

// descendingKeys returns the keys of a map, greatest first.
func descendingKeys[V any](m map[string]V) []string {
	var keys []string
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	slices.Reverse(keys)
	return keys
}
