package dataset_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// identity is what tells reports of a table apart.
type identity struct {
	subject  string
	date     int64
	typ      string
	declared protocol.Instant
}

// row is a stored report: what it says besides its identity, values by column name.
type row struct {
	period string
	year   int32
	values string
}

// memory is a Sink that keeps everything in maps, as semantics.md wants it kept. What it is given is copied, and spoilt
// afterwards, as its owner may do.
type memory struct {
	mu       sync.Mutex
	tables   []protocol.Table
	subjects map[string]protocol.Subject
	reports  map[identity]row
	writes   []string // kinds of the writes, in order
	fail     func(write string) error
}

func newMemory() *memory {
	return &memory{subjects: map[string]protocol.Subject{}, reports: map[identity]row{}}
}

func (m *memory) begin(write string) error {
	m.writes = append(m.writes, write)
	if m.fail != nil {
		return m.fail(write)
	}
	return nil
}

func (m *memory) PutTables(_ context.Context, w *protocol.PutTables) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.begin("tables"); err != nil {
		return err
	}
	m.tables = append(m.tables, w.Tables...)
	return nil
}

func (m *memory) PutSubjects(_ context.Context, w *protocol.PutSubjects) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.begin("subjects"); err != nil {
		return err
	}
	for i := range w.Subjects {
		m.subjects[w.Subjects[i].Key] = m.describe(&w.Subjects[i])
		w.Subjects[i] = protocol.SubjectUpdate{}
	}
	return nil
}

// describe returns a subject after an update.
func (m *memory) describe(u *protocol.SubjectUpdate) protocol.Subject {
	s, ok := m.subjects[u.Key]
	if !ok {
		s = protocol.NewSubject(u.Key)
	}
	for _, f := range []struct {
		field protocol.SubjectField
		dst   *string
		text  string
	}{
		{protocol.FieldName, &s.Name, u.Name}, {protocol.FieldStatus, &s.Status, u.Status},
		{protocol.FieldListingDate, &s.ListingDate, u.ListingDate}, {protocol.FieldCategory, &s.Category, u.Category},
	} {
		if u.Set&f.field != 0 {
			*f.dst = f.text
		}
	}
	if u.Set&protocol.FieldTopics != 0 {
		s.Topics = slices.Clone(u.Topics)
	}
	if u.Set&protocol.FieldTags != 0 {
		s.Tags = slices.DeleteFunc(slices.Clone(s.Tags), func(old protocol.Tag) bool {
			return slices.ContainsFunc(u.Tags, func(n protocol.Tag) bool { return n.Kind == old.Kind })
		})
		s.Tags = append(s.Tags, u.Tags...)
	}
	return s
}

func (m *memory) Put(_ context.Context, w *protocol.Put) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.begin(fmt.Sprintf("put %d", len(w.Reports))); err != nil {
		return err
	}
	for i := range w.Reports {
		r := &w.Reports[i]
		if _, ok := m.subjects[r.Subject]; !ok {
			m.subjects[r.Subject] = protocol.NewSubject(r.Subject)
		}
		var values strings.Builder
		for c, v := range r.Values {
			if !protocol.Storable(v) {
				return fmt.Errorf("%v cannot be stored", v)
			}
			if v == v {
				fmt.Fprintf(&values, "%s=%v ", w.IDs[c], v)
			}
			r.Values[c] = -1
		}
		m.reports[identity{r.Subject, r.ReportDate, r.Type, r.DeclareDate}] = row{r.Period, r.Year, values.String()}
		*r = protocol.Report{}
	}
	return nil
}

// restated counts the report dates and types that have several declarations.
func (m *memory) restated() int {
	declarations := map[identity]int{}
	for id := range m.reports {
		id.declared = protocol.Instant{}
		declarations[id]++
	}
	n := 0
	for _, count := range declarations {
		if count > 1 {
			n++
		}
	}
	return n
}

// values counts the stored values.
func (m *memory) values() (n int) {
	for _, r := range m.reports {
		n += strings.Count(r.values, "=")
	}
	return n
}
