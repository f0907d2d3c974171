package oracle

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// Snapshot answers one report per subject, the newest that passes, sorted and paged.
func (m *Model) Snapshot(q *protocol.Snapshot, r *protocol.Result) error {
	r.Reset()
	var c check
	c.badIf(len(q.Subjects) > 0 && q.Topic != "", "both subjects and topic") // decision 11
	c.badIf(len(q.Subjects) == 0 && q.Topic == "", "neither subjects nor topic")
	keys := distinct(q.Subjects)
	if q.Topic != "" {
		c.topicExists(m, q.Topic)
		keys = m.subjectsOfTopic(q.Topic)
	}
	return m.snapshot(&c, keys, q, r)
}

// SelectSnapshot answers a snapshot over the subjects of a selection.
func (m *Model) SelectSnapshot(q *protocol.SelectSnapshot, r *protocol.Result) error {
	r.Reset()
	var c check
	keys := c.selection(m, &q.Selection)
	snapshot := protocol.Snapshot{View: q.View, Ranking: q.Ranking, Timestamp: q.Timestamp, Range: q.Range}
	return m.snapshot(&c, keys, &snapshot, r)
}

// snapshot answers q over the subjects of keys, whatever q says about subjects.
func (m *Model) snapshot(c *check, keys []string, q *protocol.Snapshot, r *protocol.Result) error {
	v := c.view(m, &q.View)
	field := c.ranking(&v, &q.Ranking)
	c.instant("timestamp", q.Timestamp)
	c.span(q.Range)
	if err := c.err(); err != nil {
		return err
	}
	var rows []row
	for _, key := range keys {
		if newest := m.newest(&v, key, q); newest != nil {
			rows = append(rows, row{m.subjects[key], newest})
		}
	}
	rank(rows, field, q.Order)
	m.fill(r, &v, pageOf(rows, q.Offset, q.Limit, protocol.DefaultLimit))
	return nil
}

// newest is rule 4 for one subject: of the visible reports that timestamp and range admit (both apply, rule 15), the
// newest. nil means that the subject is unknown (rule 8) or has no report that passes (rule 14), and is left out.
func (m *Model) newest(v *view, key string, q *protocol.Snapshot) *protocol.Report {
	reports := visible(m.reportsOf(v.table, key), v.types, v.known)
	reports = within(reports, protocol.Range{To: q.Timestamp})
	reports = within(reports, q.Range)
	if len(reports) == 0 {
		return nil
	}
	return slices.MaxFunc(reports, compareReports)
}

// rank sorts rows by a column or the report date: present values first, in order, then the missing; ties by subject key
// ascending in both orders (rule 13).
func rank(rows []row, field int, order protocol.Order) {
	slices.SortFunc(rows, func(a, b row) int {
		return cmp.Or(compareField(a.report, b.report, field, order), strings.Compare(a.subject.Key, b.subject.Key))
	})
}

// compareField compares two reports by a field as a ranking of the given order does.
func compareField(a, b *protocol.Report, field int, order protocol.Order) int {
	direction := -1
	if order == protocol.Ascending {
		direction = 1
	}
	if field == byReportDate {
		return direction * cmp.Compare(a.ReportDate, b.ReportDate)
	}
	x, y := value(a, field), value(b, field)
	switch {
	case protocol.IsMissing(x) && protocol.IsMissing(y):
		return 0
	case protocol.IsMissing(x):
		return 1
	case protocol.IsMissing(y):
		return -1
	}
	return direction * cmp.Compare(x, y) // -0 equals 0, also to cmp.Compare
}

// selection returns the keys of the subjects that carry a tag of the kind (containing the keyword, rule 9) and the
// topic and that are the given subject, if one is given (rule 19).
func (c *check) selection(m *Model, s *protocol.Selection) []string {
	c.badIf(s.Kind == "", "no tag kind")
	c.badIf(s.Topic == "", "no topic")
	if s.Topic != "" {
		c.topicExists(m, s.Topic)
	}
	return m.subjectsWhere(func(o *protocol.Subject) bool {
		tagged := slices.ContainsFunc(o.Tags, func(t protocol.Tag) bool {
			return t.Kind == s.Kind && strings.Contains(t.Text, s.Keyword)
		})
		return tagged && slices.Contains(o.Topics, s.Topic) && (s.Subject == "" || s.Subject == o.Key)
	})
}
