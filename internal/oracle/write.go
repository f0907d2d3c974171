package oracle

import (
	"maps"
	"slices"
	"strings"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// Apply applies one entry of the log, all or nothing: a *Refusal tells why it changed nothing. index is the entry's
// place in the log; a refused entry takes its place all the same, and 0 means that the entry never had one. Nothing of w
// is kept.
func (m *Model) Apply(index uint64, w *protocol.Write) error {
	m.applied = max(m.applied, index)
	switch {
	case w.Put != nil:
		return m.put(w.Put, w.Time)
	case w.Delete != nil:
		return m.delete(w.Delete)
	case w.Subjects != nil:
		return m.putSubjects(w.Subjects)
	case w.Tables != nil:
		return m.putTables(index, w.Tables)
	}
	var c check
	c.bad("a write without content")
	return c.err()
}

// put merges reports by identity and deletes nothing (rules 3 and 20). Subjects that are new get default attributes
// (rule 22).
func (m *Model) put(p *protocol.Put, now int64) error {
	var c check
	t := c.table(m, p.Table)
	if t == nil {
		return c.err()
	}
	columns := c.putColumns(t, p.IDs)
	c.badIf(len(p.Reports) > protocol.MaxWriteRows, "more than %d reports in one write", protocol.MaxWriteRows)
	for i := range p.Reports {
		c.report(&p.Reports[i], len(columns))
	}
	if err := c.err(); err != nil {
		return err
	}
	touched := map[string]*series{}
	for i := range p.Reports {
		r := storedReport(t, columns, &p.Reports[i])
		s := touched[r.Subject]
		if s == nil {
			s = m.nextSeries(seriesKey{t.Number, r.Subject}, now)
			touched[r.Subject] = s
		}
		s.merge(r)
		c.badIf(len(s.reports) > protocol.MaxSubjectRows, "more than %d reports of %q", protocol.MaxSubjectRows, r.Subject)
	}
	if err := c.err(); err != nil {
		return err
	}
	for key, s := range touched {
		m.series[seriesKey{t.Number, key}] = s
		m.ensureSubject(key)
	}
	return nil
}

// putColumns returns the table's column of each value in a put; no IDs means the table's order (decision 8).
func (c *check) putColumns(t *protocol.Table, ids []string) []int {
	var columns []int
	if len(ids) == 0 {
		for i := range t.Indicators {
			columns = append(columns, i)
		}
		return columns
	}
	for _, id := range ids {
		column := columnNamed(t, id)
		if column < 0 {
			c.unknown(protocol.CodeUnknownIndicator, "indicator", id)
		} else {
			c.badIf(slices.Contains(columns, column), "column %q is given twice", id)
		}
		columns = append(columns, column)
	}
	return columns
}

// report checks one report of a put whose rows have the given number of columns.
func (c *check) report(r *protocol.Report, columns int) {
	c.name("subject", r.Subject)
	c.time("report_date", r.ReportDate)
	c.instant("declare_date", r.DeclareDate)
	if r.Type != "" {
		c.name("report_type", r.Type)
	}
	if r.Period != "" {
		c.name("period", r.Period)
	}
	c.badIf(r.Year < 0 || r.Year > protocol.MaxYear, "year %d", r.Year)
	c.badIf(len(r.Values) > columns, "%d values for %d columns", len(r.Values), columns)
	for _, v := range r.Values {
		c.badIf(!protocol.Storable(v), "value %v cannot be stored", v) // rule 13
	}
}

// storedReport returns a copy of r as it is kept: its type resolved (rule 6), its values in the table's order with
// Missing where none was given (rule 3).
func storedReport(t *protocol.Table, columns []int, r *protocol.Report) protocol.Report {
	stored := *r
	stored.Subject, stored.Type, stored.Period = strings.Clone(r.Subject), strings.Clone(r.Type), strings.Clone(r.Period)
	if !stored.DeclareDate.Given {
		stored.DeclareDate = protocol.Instant{}
	}
	if stored.Type == "" {
		stored.Type = t.DefaultReportType
	}
	stored.Values = make([]float64, len(t.Indicators))
	for i := range stored.Values {
		stored.Values[i] = protocol.Missing
	}
	for i, v := range r.Values {
		stored.Values[columns[i]] = v
	}
	return stored
}

// nextSeries returns a copy of a series, or a new one, stamped by a write at now: created by the write that made the
// first report since there was none, updated by the last one.
func (m *Model) nextSeries(key seriesKey, now int64) *series {
	old := m.series[key]
	if old == nil {
		return &series{stamp: protocol.Stamp{Create: now, Update: now}}
	}
	return &series{reports: slices.Clone(old.reports), stamp: protocol.Stamp{Create: old.stamp.Create, Update: now}}
}

// merge adds a report, or replaces the one of the same identity whole (rule 3).
func (s *series) merge(r protocol.Report) {
	same := func(o protocol.Report) bool {
		return o.ReportDate == r.ReportDate && o.Type == r.Type && o.DeclareDate == r.DeclareDate
	}
	if i := slices.IndexFunc(s.reports, same); i >= 0 {
		s.reports[i] = r
		return
	}
	s.reports = append(s.reports, r)
}

// ensureSubject makes the subject exist (rule 22).
func (m *Model) ensureSubject(key string) {
	if m.subjects[key] == nil {
		s := protocol.NewSubject(key)
		m.subjects[key] = &s
	}
}

// delete removes the reports of subjects in a table and keeps the subjects; it is idempotent (rule 20).
func (m *Model) delete(d *protocol.Delete) error {
	var c check
	t := c.table(m, d.Table)
	c.badIf(len(d.Subjects) > protocol.MaxWriteRows, "more than %d subjects in one write", protocol.MaxWriteRows)
	if err := c.err(); err != nil {
		return err
	}
	for _, key := range d.Subjects {
		delete(m.series, seriesKey{t.Number, key})
	}
	return nil
}

// putSubjects creates subjects and changes the attributes that each update names, one update after the other.
func (m *Model) putSubjects(p *protocol.PutSubjects) error {
	var c check
	c.badIf(len(p.Subjects) > protocol.MaxWriteRows, "more than %d subjects in one write", protocol.MaxWriteRows)
	next := maps.Clone(m.subjects)
	for i := range p.Subjects {
		u := &p.Subjects[i]
		c.update(u)
		s := protocol.NewSubject(strings.Clone(u.Key))
		if old := next[u.Key]; old != nil {
			s = *old
		}
		updateSubject(&s, u)
		c.badIf(len(s.Topics) > protocol.MaxTopics, "more than %d topics of %q", protocol.MaxTopics, u.Key)
		c.badIf(len(s.Tags) > protocol.MaxTags, "more than %d tags of %q", protocol.MaxTags, u.Key)
		next[s.Key] = &s
	}
	if err := c.err(); err != nil {
		return err
	}
	m.subjects = next
	return nil
}
