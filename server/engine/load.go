package engine

import (
	"fmt"

	"github.com/kamaitachi/kamaitachi/protocol"
	"github.com/kamaitachi/kamaitachi/server/store"
)

// load builds the root of all that a store holds. Subjects come in key order, so their numbers are sorted by key.
func (e *Engine) load(st *store.Store) (*root, error) {
	rt := &root{applied: st.Applied(), keys: newKeyTable(randomSeed(), minKeySlots), topics: map[string]members{}}
	stored, err := st.Tables()
	if err != nil {
		return nil, err
	}
	tables := make([]*protocol.Table, len(stored))
	for i := range stored {
		tables[i] = &stored[i]
		rt.tables = append(rt.tables, &table{})
	}
	rt.catalog = newCatalog(tables, st.CatalogVersion())
	if err := st.EachSubject(rt.loadSubject); err != nil {
		return nil, err
	}
	for slot := range tables {
		if err := e.loadTable(st, rt, slot); err != nil {
			return nil, err
		}
	}
	rt.types, rt.periods = e.types.texts, e.periods.texts
	return rt, nil
}

func (r *root) loadSubject(s *protocol.Subject) error {
	n := r.count
	if n&chunkMask == 0 {
		r.subjects = append(r.subjects, new(subjectChunk))
	}
	r.subjects[n>>chunkBits][n&chunkMask] = s
	r.count++
	r.keys = r.keys.insert(s.Key, n)
	r.all = append(r.all, n)
	for _, t := range s.Topics {
		r.topics[t] = append(r.topics[t], n)
	}
	return nil
}

// loadTable builds the series and chunks of one table.
func (e *Engine) loadTable(st *store.Store, rt *root, slot int) error {
	t, info := rt.tables[slot], rt.catalog.tables[slot]
	width := len(info.Indicators)
	own := map[int]bool{}
	return st.EachSeries(info.Number, func(key string, stamp protocol.Stamp, rows []protocol.Report) error {
		n, ok := rt.find(key)
		if !ok {
			return fmt.Errorf("table %d has rows of subject %q, which does not exist; run kamaitachi verify",
				info.Number, key)
		}
		s := staged{stamp: stamp, edits: make([]rowEdit, len(rows))}
		for i := range rows {
			if len(rows[i].Values) > width {
				return fmt.Errorf("table %d, subject %q: a row has %d values for %d indicators; run kamaitachi verify",
					info.Number, key, len(rows[i].Values), width)
			}
			s.edits[i] = rowEdit{report: e.reportOf(&rows[i]), values: rows[i].Values}
		}
		merged := s.merge(width, e.compareReports)
		t.count(merged, 1)
		t.writable(int(n>>chunkBits), width, own).set(int(n&chunkMask), merged)
		return nil
	})
}
