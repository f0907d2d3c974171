package oracletest

import (
	"math"
	"slices"
	"strings"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// onReports is a hook that changes each report of a put.
func onReports(f func(p *protocol.Put, r *protocol.Report)) func(*protocol.Write) {
	return func(w *protocol.Write) {
		if w.Put != nil {
			for i := range w.Put.Reports {
				f(w.Put, &w.Put.Reports[i])
			}
		}
	}
}

// onUpdates is a hook that changes each subject update.
func onUpdates(f func(u *protocol.SubjectUpdate)) func(*protocol.Write) {
	return func(w *protocol.Write) {
		if w.Subjects != nil {
			for i := range w.Subjects.Subjects {
				f(&w.Subjects.Subjects[i])
			}
		}
	}
}

// writeMutants store something else than what was written.
var writeMutants = []mutant{
	{name: "missing is zero", write: onReports(func(_ *protocol.Put, r *protocol.Report) {
		for i, v := range r.Values {
			if protocol.IsMissing(v) {
				r.Values[i] = 0
			}
		}
	})},
	{name: "minus zero becomes zero", write: onReports(func(_ *protocol.Put, r *protocol.Report) {
		for i, v := range r.Values {
			if v == 0 {
				r.Values[i] = 0
			}
		}
	})},
	{name: "values are float32", write: onReports(func(_ *protocol.Put, r *protocol.Report) {
		for i, v := range r.Values {
			if f := float64(float32(v)); !math.IsInf(f, 0) && !protocol.IsMissing(v) {
				r.Values[i] = f
			}
		}
	})},
	{name: "NaN is missing", write: onReports(func(_ *protocol.Put, r *protocol.Report) {
		for i, v := range r.Values {
			if v != v {
				r.Values[i] = protocol.Missing
			}
		}
	})},
	{name: "values past the third are lost", write: onReports(func(_ *protocol.Put, r *protocol.Report) {
		r.Values = r.Values[:min(3, len(r.Values))]
	})},
	{name: "the time of day is dropped", write: onReports(func(_ *protocol.Put, r *protocol.Report) {
		if r.ReportDate <= protocol.MaxTime {
			r.ReportDate = protocol.DayStart(r.ReportDate)
		}
	})},
	{name: "restatements replace", write: onReports(func(_ *protocol.Put, r *protocol.Report) {
		if r.DeclareDate.Seconds >= protocol.MinTime {
			r.DeclareDate = protocol.Instant{}
		}
	})},
	{name: "an absent declare date is the report date", write: onReports(func(_ *protocol.Put, r *protocol.Report) {
		if !r.DeclareDate.Given {
			r.DeclareDate = protocol.At(r.ReportDate)
		}
	})},
	{name: "the declare date 1970-01-01 is none", write: onReports(func(_ *protocol.Put, r *protocol.Report) {
		if r.DeclareDate.Seconds == 0 {
			r.DeclareDate = protocol.Instant{}
		}
	})},
	{name: "every table has one default report type", write: onReports(func(_ *protocol.Put, r *protocol.Report) {
		if r.Type == "" {
			r.Type = "0408"
		}
	})},
	{name: "the period is lost", write: onReports(func(_ *protocol.Put, r *protocol.Report) { r.Period = strings.Trim(r.Period, "Q1") })},
	{name: "the first of one identity wins", write: func(w *protocol.Write) {
		if w.Put != nil {
			slices.Reverse(w.Put.Reports)
		}
	}},
	{name: "left out values are filled from before", apply: fillFromBefore},
	{name: "a put replaces all of a subject", apply: putReplaces},
	{name: "named columns are in table order", write: func(w *protocol.Write) {
		if w.Put != nil {
			w.Put.IDs = slices.Sorted(slices.Values(w.Put.IDs))
		}
	}},
	{name: "a put goes to table 1", write: func(w *protocol.Write) {
		if w.Put != nil && len(w.Put.IDs) == 0 && isMacro(w.Put.Table) {
			w.Put.Table = ""
		}
	}},
	{name: "keys are cut to 16 bytes", write: onReports(func(_ *protocol.Put, r *protocol.Report) {
		if len(r.Subject) <= protocol.MaxKeyLen && strings.HasPrefix(r.Subject, "33:") {
			r.Subject = r.Subject[:min(16, len(r.Subject))]
		}
	})},
	{name: "keys are cut to 32 bytes", write: onReports(func(_ *protocol.Put, r *protocol.Report) {
		if len(r.Subject) <= protocol.MaxKeyLen && strings.HasPrefix(r.Subject, "33:") {
			r.Subject = r.Subject[:min(32, len(r.Subject))]
		}
	})},
	{name: "rows past the thousandth of a put are lost", write: func(w *protocol.Write) {
		if w.Put != nil {
			w.Put.Reports = w.Put.Reports[:min(1000, len(w.Put.Reports))]
		}
	}},
	{name: "delete does nothing", write: func(w *protocol.Write) {
		if w.Delete != nil {
			w.Delete.Subjects = nil
		}
	}},
	{name: "delete deletes in every table", apply: deleteEverywhere},
	{name: "names are trimmed", write: onUpdates(func(u *protocol.SubjectUpdate) { u.Name = strings.TrimSpace(u.Name) })},
	{name: "an empty status is the default", write: onUpdates(func(u *protocol.SubjectUpdate) {
		if u.Status == "" {
			u.Set &^= protocol.FieldStatus
		}
	})},
	{name: "every update sets everything", write: onUpdates(func(u *protocol.SubjectUpdate) { u.Set |= protocol.AllSubjectFields })},
	{name: "removing a kind does nothing", write: onUpdates(func(u *protocol.SubjectUpdate) {
		u.Tags = slices.DeleteFunc(u.Tags, func(tag protocol.Tag) bool { return tag.Text == "" })
	})},
	{name: "tags replace those of every kind", write: onUpdates(func(u *protocol.SubjectUpdate) {
		if u.Set&protocol.FieldTags != 0 {
			for _, kind := range append([]string{"c", "i"}, tagKinds...) {
				mentioned := func(tag protocol.Tag) bool { return tag.Kind == kind }
				if !slices.ContainsFunc(u.Tags, mentioned) {
					u.Tags = append(u.Tags, protocol.Tag{Kind: kind})
				}
			}
		}
	})},
	{name: "of several tags of a kind the last stays", write: onUpdates(func(u *protocol.SubjectUpdate) {
		if n := len(u.Tags); n > 1 && u.Tags[n-1].Kind == u.Tags[n-2].Kind {
			u.Tags = u.Tags[n-1:]
		}
	})},
	{name: "a topic cannot be left", write: onUpdates(func(u *protocol.SubjectUpdate) {
		if len(u.Topics) == 0 {
			u.Set &^= protocol.FieldTopics
		}
	})},
	{name: "a half good put is half done", apply: halfDone},
	{name: "a half good list of subjects is half done", apply: halfSubjects},
	{name: "growth takes known indicators again", write: func(w *protocol.Write) {
		if w.Tables != nil {
			for i := range w.Tables.Tables {
				t := &w.Tables.Tables[i]
				t.Indicators = append(t.Indicators, protocol.Indicator{ID: "grown_again"})
			}
		}
	}},
	{name: "writes are kept, not copied", apply: keepWrite, before: applyKept},
}

// identity is that of a report (rule 3).
type identity struct {
	table, subject, kind string
	date                 int64
	declared             protocol.Instant
}

// fillFromBefore keeps the old value of an identity where the new one is missing.
func fillFromBefore(m *mutant, w *protocol.Write) (uint64, error) {
	own := lend(w).write
	if own.Put == nil || len(own.Put.IDs) > 0 {
		return m.Target.Apply(own)
	}
	old, _ := m.kept.(map[identity][]float64)
	if old == nil {
		old = map[identity][]float64{}
		m.kept = old
	}
	for i := range own.Put.Reports {
		r := &own.Put.Reports[i]
		id := identity{own.Put.Table, r.Subject, r.Type, r.ReportDate, r.DeclareDate}
		for j := len(r.Values); j < len(old[id]); j++ {
			r.Values = append(r.Values, old[id][j])
		}
		old[id] = r.Values
	}
	return m.Target.Apply(own)
}

// putReplaces deletes what a subject had before it puts.
func putReplaces(m *mutant, w *protocol.Write) (uint64, error) {
	if w.Put != nil {
		d := &protocol.Delete{Table: w.Put.Table}
		for _, r := range w.Put.Reports {
			d.Subjects = append(d.Subjects, r.Subject)
		}
		if _, err := m.Target.Apply(&protocol.Write{Time: w.Time, Delete: d}); err != nil {
			return 0, err
		}
	}
	return m.Target.Apply(w)
}

// deleteEverywhere deletes in the other table too.
func deleteEverywhere(m *mutant, w *protocol.Write) (uint64, error) {
	if w.Delete != nil {
		other := &protocol.Delete{Table: "2", Subjects: w.Delete.Subjects}
		if _, err := m.Target.Apply(&protocol.Write{Time: w.Time, Delete: other}); err != nil {
			return 0, err
		}
	}
	return m.Target.Apply(w)
}

// halfDone writes the reports before the first bad one and then refuses.
func halfDone(m *mutant, w *protocol.Write) (uint64, error) {
	index, err := m.Target.Apply(w)
	if err == nil || w.Put == nil {
		return index, err
	}
	for _, r := range w.Put.Reports {
		one := &protocol.Put{Table: w.Put.Table, IDs: w.Put.IDs, Reports: []protocol.Report{r}}
		if _, bad := m.Target.Apply(&protocol.Write{Time: w.Time, Put: one}); bad != nil {
			break
		}
	}
	return index, err
}

// halfSubjects is halfDone for subjects.
func halfSubjects(m *mutant, w *protocol.Write) (uint64, error) {
	index, err := m.Target.Apply(w)
	if err == nil || w.Subjects == nil {
		return index, err
	}
	for _, u := range w.Subjects.Subjects {
		one := &protocol.PutSubjects{Subjects: []protocol.SubjectUpdate{u}}
		if _, bad := m.Target.Apply(&protocol.Write{Time: w.Time, Subjects: one}); bad != nil {
			break
		}
	}
	return index, err
}

// keepWrite applies puts only when the next question comes, from memory that was only lent.
func keepWrite(m *mutant, w *protocol.Write) (uint64, error) {
	applyKept(m)
	if w.Put != nil && w.Put.Table == "" && len(w.Put.IDs) == 0 {
		m.kept = w
		return m.Target.Apply(&protocol.Write{Time: w.Time, Put: &protocol.Put{}}) // takes an index
	}
	return m.Target.Apply(w)
}

// applyKept applies the write that was kept.
func applyKept(m *mutant) {
	if w, ok := m.kept.(*protocol.Write); ok {
		m.kept = nil
		_, _ = m.Target.Apply(w) // what it says comes too late for anybody
	}
}
