package engine

import (
	"sort"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// Subjects lists subjects in key order. The subjects in l are immutable and may be kept.
func (e *Engine) Subjects(q *protocol.ListSubjects, l *protocol.SubjectList) error {
	rt := e.root.Load()
	l.Applied, l.Subjects = rt.applied, l.Subjects[:0]
	limit, err := checkPage(0, q.Limit, protocol.DefaultSearchLimit, protocol.MaxLimit)
	if err != nil {
		return err
	}
	from := rt.all
	if q.Topic != "" {
		if from, err = rt.topic(q.Topic); err != nil {
			return err
		}
	}
	for _, t := range q.Tags {
		if t.Kind == "" {
			return protocol.Errorf(protocol.CodeBadRequest, "tags: a tag without kind")
		}
	}
	start := 0
	if q.After != "" {
		start = sort.Search(len(from), func(i int) bool { return rt.subject(from[i]).Key > q.After })
	}
	for _, n := range from[start:] {
		if len(l.Subjects) == limit {
			break
		}
		if s := rt.subject(n); hasAll(s.Tags, q.Tags) {
			l.Subjects = append(l.Subjects, s)
		}
	}
	return nil
}

// hasAll tells whether a subject carries every asked tag; an empty text matches any of its kind.
func hasAll(have, asked []protocol.Tag) bool {
next:
	for _, want := range asked {
		for _, t := range have {
			if t.Kind == want.Kind && (want.Text == "" || t.Text == want.Text) {
				continue next
			}
		}
		return false
	}
	return true
}

// Catalog returns the tables of this moment in the order of their numbers. They are immutable and may be kept.
func (e *Engine) Catalog() *protocol.Catalog {
	rt := e.root.Load()
	c := &protocol.Catalog{Applied: rt.applied, Version: rt.catalog.version}
	c.Tables = append(c.Tables, rt.catalog.tables...)
	sort.Slice(c.Tables, func(i, j int) bool { return c.Tables[i].Number < c.Tables[j].Number })
	return c
}

// TopicSize returns how many subjects a topic has; 0 for one that does not exist.
func (e *Engine) TopicSize(topic string) int { return len(e.root.Load().topics[topic]) }

// Stats is what the engine counts, at one moment.
type Stats struct {
	Applied  uint64
	Tables   int
	Subjects int
	Series   int // subjects with reports, summed over tables
	Reports  int
	Values   int // present values of all reports

	ColumnBytes  int // heap of subjects, newest values and dates
	HistoryBytes int // heap of series
	HistoryMax   int // most that it may be beside these columns; 0 = no bound

	Orders      int    // standing orders of topics, those of pasts too
	Pasts       int    // tables as they were seen at some time
	OrdersBuilt uint64 // orders and pasts, since the engine was opened
	OrderBytes  int    // heap of orders and pasts
	OrderMax    int    // most that it may be
}

// Stats returns the counts of this moment.
func (e *Engine) Stats() Stats {
	rt := e.root.Load()
	s := Stats{Applied: rt.applied, Tables: len(rt.tables), Subjects: int(rt.count)}
	for _, t := range rt.tables {
		s.Series += t.series
		s.Reports += t.reports
		s.Values += t.values
	}
	s.ColumnBytes, s.HistoryBytes = rt.columnBytes(), rt.historyBytes()
	if e.historyBytes > 0 || e.heapBytes > 0 {
		s.HistoryMax = e.room(rt)
	}
	s.OrdersBuilt, s.OrderMax = e.standing.built.Load(), e.standing.limit
	s.Orders, s.Pasts, s.OrderBytes = rt.orders.len(), rt.pasts.len(), rt.orders.bytes()+rt.pasts.bytes()
	if s.Pasts > 0 {
		for _, p := range rt.pasts.list {
			s.Orders += p.orders.len()
		}
	}
	return s
}
