package oracle

import (
	"fmt"
	"iter"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// Stream is a large set of subjects and reports of one table, to be loaded as writes.
type Stream struct {
	Table    string                           // "" = table 1
	IDs      []string                         // columns of the reports; empty = the table's order
	Subjects iter.Seq[protocol.SubjectUpdate] // may be nil
	Reports  iter.Seq[protocol.Report]        // may be nil
	Rows     int                              // of one write; 0 = 1,000
	Time     int64                            // of every write
}

// Writes cuts the stream into writes, subjects first. A write is valid until the next one is asked for.
func (s *Stream) Writes() iter.Seq[*protocol.Write] {
	rows := s.Rows
	if rows == 0 {
		rows = 1_000
	}
	return func(yield func(*protocol.Write) bool) {
		for updates := range chunks(s.Subjects, rows) {
			if !yield(&protocol.Write{Time: s.Time, Subjects: &protocol.PutSubjects{Subjects: updates}}) {
				return
			}
		}
		for reports := range chunks(s.Reports, rows) {
			put := &protocol.Put{Table: s.Table, IDs: s.IDs, Reports: reports}
			if !yield(&protocol.Write{Time: s.Time, Put: put}) {
				return
			}
		}
	}
}

// chunks cuts a sequence, which may be nil, into slices of n; each is valid until the next.
func chunks[T any](seq iter.Seq[T], n int) iter.Seq[[]T] {
	return func(yield func([]T) bool) {
		if seq == nil {
			return
		}
		chunk := make([]T, 0, n)
		for v := range seq {
			chunk = append(chunk, v)
			if len(chunk) == n {
				if !yield(chunk) {
					return
				}
				chunk = chunk[:0]
			}
		}
		if len(chunk) > 0 {
			yield(chunk)
		}
	}
}

// Replay applies writes at the indexes after the model's own and stops at the first that is refused.
func (m *Model) Replay(writes iter.Seq[*protocol.Write]) error {
	for w := range writes {
		if err := m.Apply(m.applied+1, w); err != nil {
			return fmt.Errorf("replay of write %d: %w", m.applied, err)
		}
	}
	return nil
}
