package oracletest

import "github.com/kamaitachi/kamaitachi/protocol"

// stateMutants answer from the wrong moment, or lose track of what they have.
var stateMutants = []mutant{
	{name: "answers are cached and never forgotten", ask: func(m *mutant, q Query, r *protocol.Result) error {
		cache, _ := m.kept.(map[string]protocol.Result)
		if cache == nil {
			cache = map[string]protocol.Result{}
			m.kept = cache
		}
		if old, ok := cache[Describe(q)]; ok {
			*r = old
			return nil
		}
		var fresh protocol.Result
		err := Ask(m.Target, q, &fresh).Err
		if err == nil {
			cache[Describe(q)] = fresh
		}
		*r = fresh
		return err
	}},
	{name: "the applied index lags", answer: onResult(func(r *protocol.Result) { r.Applied -= min(r.Applied, 1) })},
	{name: "every write gets one index", apply: func(m *mutant, w *protocol.Write) (uint64, error) {
		index, err := m.Target.Apply(w)
		return min(index, 2), err
	}},
	{name: "only one write of two is applied before it is acknowledged", apply: func(m *mutant, w *protocol.Write) (uint64, error) {
		previous, late := m.kept.(*protocol.Write)
		m.kept = nil
		if late {
			if _, err := m.Target.Apply(previous); err != nil {
				return 0, err
			}
		} else if w.Delete != nil {
			m.kept = lend(w).write
			return m.Target.Apply(&protocol.Write{Time: w.Time, Delete: &protocol.Delete{}}) // takes an index
		}
		return m.Target.Apply(w)
	}},
	{name: "refused writes change the catalog", apply: func(m *mutant, w *protocol.Write) (uint64, error) {
		index, err := m.Target.Apply(w)
		if err == nil || w.Tables == nil {
			return index, err
		}
		for _, t := range lend(w).write.Tables.Tables {
			one := &protocol.PutTables{Tables: []protocol.Table{t}}
			if _, bad := m.Target.Apply(&protocol.Write{Time: w.Time, Tables: one}); bad != nil {
				break
			}
		}
		return index, err
	}},
}
