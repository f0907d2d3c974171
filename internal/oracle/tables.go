package oracle

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// putTables creates tables, or appends indicators to those that exist by that name, one table after the other. The
// catalog's version changes only when the catalog does.
func (m *Model) putTables(index uint64, p *protocol.PutTables) error {
	var c check
	next := make([]protocol.Table, len(m.tables))
	for i, t := range m.tables {
		t.Indicators = slices.Clone(t.Indicators)
		next[i] = t
	}
	changed := false
	for i := range p.Tables {
		var one bool
		next, one = c.putTable(next, &p.Tables[i])
		changed = changed || one
	}
	c.badIf(len(next) > protocol.MaxTables, "more than %d tables", protocol.MaxTables)
	if err := c.err(); err != nil {
		return err
	}
	m.tables = next
	if changed {
		m.catalogVersion = index
	}
	return nil
}

// putTable merges one table into tables and tells whether that changes anything.
func (c *check) putTable(tables []protocol.Table, t *protocol.Table) ([]protocol.Table, bool) {
	c.tableName(t.Name)
	named := slices.IndexFunc(tables, func(o protocol.Table) bool { return o.Name == t.Name })
	if named >= 0 {
		old := &tables[named]
		c.badIf(t.Number != 0 && t.Number != old.Number, "table %q has number %d", t.Name, old.Number)
		differs := t.DefaultReportType != "" && t.DefaultReportType != old.DefaultReportType
		c.badIf(differs, "table %q has default report type %q", t.Name, old.DefaultReportType)
		return tables, c.appendIndicators(old, t.Indicators)
	}
	fresh := protocol.Table{Number: t.Number, Name: strings.Clone(t.Name), DefaultReportType: strings.Clone(t.DefaultReportType)}
	if fresh.Number == 0 {
		fresh.Number = 1
		for _, o := range tables {
			fresh.Number = max(fresh.Number, o.Number+1)
		}
	}
	if fresh.DefaultReportType == "" {
		fresh.DefaultReportType = protocol.DefaultReportType
	}
	c.name("default report type", fresh.DefaultReportType)
	taken := slices.ContainsFunc(tables, func(o protocol.Table) bool { return o.Number == fresh.Number })
	c.badIf(taken, "table number %d is taken", fresh.Number)
	c.appendIndicators(&fresh, t.Indicators)
	tables = append(tables, fresh)
	slices.SortFunc(tables, func(a, b protocol.Table) int { return cmp.Compare(a.Number, b.Number) })
	return tables, true
}

// appendIndicators appends the indicators that the table does not have by that id, leaves the others as they are, and
// tells whether there were any. Ids and codes share one namespace: none of them names two indicators.
func (c *check) appendIndicators(t *protocol.Table, indicators []protocol.Indicator) bool {
	grew := false
	for _, ind := range indicators {
		c.indicatorName("indicator id", ind.ID)
		if ind.Code != "" {
			c.indicatorName("indicator code", ind.Code)
		}
		c.text("title", ind.Title)
		c.text("unit", ind.Unit)
		byID := func(o protocol.Indicator) bool { return o.ID == ind.ID }
		if slices.ContainsFunc(t.Indicators, byID) {
			continue
		}
		c.badIf(columnNamed(t, ind.ID) >= 0, "indicator id %q is the code of another", ind.ID)
		c.badIf(columnNamed(t, ind.Code) >= 0, "indicator code %q names another", ind.Code)
		t.Indicators = append(t.Indicators, protocol.Indicator{
			ID: strings.Clone(ind.ID), Code: strings.Clone(ind.Code),
			Title: strings.Clone(ind.Title), Unit: strings.Clone(ind.Unit),
		})
		grew = true
	}
	c.badIf(len(t.Indicators) > protocol.MaxIndicators, "more than %d indicators of %q", protocol.MaxIndicators, t.Name)
	return grew
}

// Catalog tells which tables there are, by number. The answer is the caller's.
func (m *Model) Catalog() *protocol.Catalog {
	answer := &protocol.Catalog{Applied: m.applied, Version: m.catalogVersion}
	for _, t := range m.tables {
		t.Indicators = slices.Clone(t.Indicators)
		answer.Tables = append(answer.Tables, &t)
	}
	return answer
}
