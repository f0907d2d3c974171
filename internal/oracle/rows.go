package oracle

import (
	"slices"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// Get answers all reports of one subject in a table, in full table width, oldest first (rule 20).
func (m *Model) Get(q *protocol.Get, r *protocol.Result) error {
	r.Reset()
	var c check
	t := c.table(m, q.Table)
	if t != nil && m.reportsOf(t, q.Subject) == nil {
		c.unknown(protocol.CodeNotFound, "subject", q.Subject)
	}
	if err := c.err(); err != nil {
		return err
	}
	m.fillRows(r, t, []string{q.Subject}, protocol.Range{})
	return nil
}

// Search answers the rows of subjects in key order, their reports cut to a range, and counts them before paging (rule
// 21, decision 3).
func (m *Model) Search(q *protocol.Search, r *protocol.Result) error {
	r.Reset()
	var c check
	t := c.table(m, q.Table)
	c.page(q.Offset, q.Limit, protocol.MaxLimit)
	c.span(q.Range)
	if err := c.err(); err != nil {
		return err
	}
	keys := m.subjectsWhere(func(s *protocol.Subject) bool {
		asked := len(q.Subjects) == 0 || slices.Contains(q.Subjects, s.Key)
		return asked && len(within(onePerDate(m.reportsOf(t, s.Key)), q.Range)) > 0
	})
	m.fillRows(r, t, pageOf(keys, q.Offset, q.Limit, protocol.DefaultSearchLimit), q.Range)
	r.Total = len(keys)
	return nil
}

// onePerDate returns the newest declaration of each report date, oldest date first (rule 20). Of several report types
// on one date that is the newest by (declare_date, report_type), as in rule 4.
func onePerDate(reports []protocol.Report) []*protocol.Report {
	all := visible(reports, nil, protocol.Instant{})
	var out []*protocol.Report
	for _, r := range all {
		newer := func(o *protocol.Report) bool { return o.ReportDate == r.ReportDate && compareReports(o, r) > 0 }
		if !slices.ContainsFunc(all, newer) {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, compareReports)
	return out
}

// fillRows writes the reports of each subject into the result in full table width, one group and stamp per subject.
func (m *Model) fillRows(r *protocol.Result, t *protocol.Table, keys []string, span protocol.Range) {
	v := view{table: t}
	for i, ind := range t.Indicators {
		v.ids = append(v.ids, ind.ID)
		v.columns = append(v.columns, i)
	}
	var groups [][]row
	for _, key := range keys {
		var group []row
		for _, report := range within(onePerDate(m.reportsOf(t, key)), span) {
			group = append(group, row{m.subjects[key], report})
		}
		groups = append(groups, group)
		r.Stamps = append(r.Stamps, m.series[seriesKey{t.Number, key}].stamp)
	}
	m.fillGroups(r, &v, groups)
}
