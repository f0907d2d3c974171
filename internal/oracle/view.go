package oracle

import (
	"github.com/kamaitachi/kamaitachi/protocol"
)

// table finds the table, or notes that it is unknown and returns nil (rule 8).
func (c *check) table(m *Model, ref string) *protocol.Table {
	t := m.tableNamed(ref)
	if t == nil {
		c.unknown(protocol.CodeNotFound, "table", ref)
	}
	return t
}

// topicExists notes an unknown topic (rule 8, decision 1).
func (c *check) topicExists(m *Model, topic string) {
	if len(m.subjectsOfTopic(topic)) == 0 {
		c.unknown(protocol.CodeNotFound, "topic", topic)
	}
}

// view is a protocol.View whose names are resolved.
type view struct {
	table   *protocol.Table
	with    protocol.With
	ids     []string // names of the columns, as the request spelled them
	columns []int    // of the table, -1 where the name is unknown
	types   []string
	known   protocol.Instant
	all     bool // a period query that keeps superseded declarations (protocol.WithSuperseded)
}

// view resolves what a query says about reports and values. The table may come back nil, with a problem noted.
func (c *check) view(m *Model, q *protocol.View) view {
	v := view{table: c.table(m, q.Table), with: q.With, ids: distinct(q.IDs), types: q.ReportTypes, known: q.KnownAt}
	c.badIf(len(q.IDs) == 0, "no indicators") // decision 11
	c.instant("known_at", q.KnownAt)
	for _, id := range v.ids { // rule 7: id and code of one indicator both appear
		v.columns = append(v.columns, c.column(v.table, "indicator", id))
	}
	return v
}

// column finds an indicator by id or code, or notes that it is unknown and returns -1 (rule 8).
func (c *check) column(t *protocol.Table, what, name string) int {
	if t == nil {
		return -1
	}
	column := columnNamed(t, name)
	if column < 0 {
		c.unknown(protocol.CodeUnknownIndicator, what, name)
	}
	return column
}

// byReportDate stands for the column to rank by when that is the report date.
const byReportDate = -2

// ranking checks how rows are to be sorted and paged and returns the column to rank by (rules 11 and 12).
func (c *check) ranking(v *view, q *protocol.Ranking) int {
	c.page(q.Offset, q.Limit, protocol.MaxLimit)
	c.badIf(q.Order != protocol.Descending && q.Order != protocol.Ascending, "unknown order %d", q.Order)
	switch {
	case q.Field == protocol.ReportDateField:
		return byReportDate
	case q.Field != "":
		return c.column(v.table, "field", q.Field)
	case v.table != nil && columnNamed(v.table, protocol.OperatingIncome) >= 0:
		return columnNamed(v.table, protocol.OperatingIncome)
	case len(v.columns) > 0:
		return v.columns[0]
	}
	return -1 // a problem was noted: no table or no indicators
}

// row is one row of an answer before it is written down.
type row struct {
	subject *protocol.Subject
	report  *protocol.Report
}

// fill writes rows into the result: column after column, every value as it is stored.
func (m *Model) fill(r *protocol.Result, v *view, rows []row) {
	r.Applied, r.With = m.applied, v.with
	r.IDs = append(r.IDs, v.ids...)
	for _, row := range rows {
		r.Subjects = append(r.Subjects, row.subject)
		if v.with&protocol.WithReports != 0 {
			r.Heads = append(r.Heads, headOf(row.report))
		}
	}
	for _, column := range v.columns {
		for _, row := range rows {
			r.Values = append(r.Values, value(row.report, column))
		}
	}
}

// fillGroups writes groups of rows into the result. What is grouped by subject or day always tells about its reports.
func (m *Model) fillGroups(r *protocol.Result, v *view, groups [][]row) {
	v.with |= protocol.WithReports
	var rows []row
	for _, group := range groups {
		rows = append(rows, group...)
		r.Groups = append(r.Groups, int32(len(rows)))
	}
	m.fill(r, v, rows)
}
