package oracle

import (
	"slices"
	"strconv"
	"strings"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// Model is one Kamaitachi, as simple as it can be said. It is not safe for concurrent use. Results that it fills borrow
// subjects from it; those are replaced, never changed, so that an answer stays what it was.
type Model struct {
	applied        uint64
	catalogVersion uint64
	tables         []protocol.Table // by number
	subjects       map[string]*protocol.Subject
	series         map[seriesKey]*series
}

// seriesKey names the reports of one subject in one table.
type seriesKey struct {
	table   uint32
	subject string
}

// series is all reports of one subject in one table, in the order in which their identities were first written.
// A subject without reports in a table has no series there.
type series struct {
	reports []protocol.Report
	stamp   protocol.Stamp
}

// New returns a model without tables, subjects and reports.
func New() *Model {
	return &Model{subjects: map[string]*protocol.Subject{}, series: map[seriesKey]*series{}}
}

// Applied returns the greatest index that was given to Apply.
func (m *Model) Applied() uint64 { return m.applied }

// tableNamed finds a table by "" (table 1), number or name (decision 6), or returns nil.
func (m *Model) tableNamed(ref string) *protocol.Table {
	if ref == "" {
		ref = "1"
	}
	for i := range m.tables {
		t := &m.tables[i]
		if t.Name == ref || strconv.FormatUint(uint64(t.Number), 10) == ref {
			return t
		}
	}
	return nil
}

// columnNamed finds an indicator of the table by id or code, or returns -1.
func columnNamed(t *protocol.Table, name string) int {
	return slices.IndexFunc(t.Indicators, func(ind protocol.Indicator) bool {
		return name != "" && (ind.ID == name || ind.Code == name)
	})
}

// reportsOf returns the reports of a subject in a table, in no order that means anything. They belong to the model.
func (m *Model) reportsOf(t *protocol.Table, subject string) []protocol.Report {
	if s := m.series[seriesKey{t.Number, subject}]; s != nil {
		return s.reports
	}
	return nil
}

// subjectsWhere returns the keys of the subjects that keep accepts, in byte order (rule 9).
func (m *Model) subjectsWhere(keep func(*protocol.Subject) bool) []string {
	var keys []string
	for key, s := range m.subjects {
		if keep(s) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// subjectsOfTopic returns the keys of a topic's subjects; none means that the topic does not exist (decision 1).
func (m *Model) subjectsOfTopic(topic string) []string {
	return m.subjectsWhere(func(s *protocol.Subject) bool { return slices.Contains(s.Topics, topic) })
}

// distinct returns the list with repetitions counted once, first place kept (rule 7).
func distinct(list []string) []string {
	var out []string
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// cloneAll copies strings and the slice that holds them: what comes in with a write or query is only lent.
func cloneAll(list []string) []string {
	var out []string
	for _, s := range list {
		out = append(out, strings.Clone(s))
	}
	return out
}
