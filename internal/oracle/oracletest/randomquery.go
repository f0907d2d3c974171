package oracletest

import (
	"math"
	"slices"

	"pgregory.net/rapid"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// RandomQuery draws one query of any operation. Most are answered; the others are wrong in one place or more.
func (w *World) RandomQuery(t *rapid.T) Query {
	switch rapid.IntRange(0, 11).Draw(t, "operation") {
	case 0, 1, 2:
		q := &protocol.Snapshot{View: w.view(t), Timestamp: moment(t, "timestamp"), Range: span(t)}
		q.Ranking = ranking(t, q.Table)
		w.subjectsOrTopic(t, q)
		return q
	case 3:
		return &protocol.Period{View: w.view(t), Subjects: w.asked(t), Range: span(t)}
	case 4, 5:
		return w.recent(t)
	case 6:
		q := &protocol.SelectSnapshot{Selection: w.selection(t), View: w.view(t), Timestamp: moment(t, "timestamp"), Range: span(t)}
		q.Ranking = ranking(t, q.Table)
		return q
	case 7:
		q := &protocol.SelectPeriod{Selection: w.selection(t), View: w.view(t), Range: span(t)}
		q.Ranking = ranking(t, q.Table)
		return q
	case 8:
		return &protocol.Get{Table: w.tableRef(t), Subject: pick(t, "subject", slices.Concat(w.Keys, w.Keys, strangers[:1]))}
	case 9:
		return w.search(t)
	case 10:
		return w.list(t)
	}
	return CatalogQuery{}
}

// tableRef draws a reference to a table, mostly to one that exists.
func (w *World) tableRef(t *rapid.T) string {
	if rarely(t, "odd table") {
		return pick(t, "table", []string{"extra", "3", "nope", "99", "99999999999999999999", "Finance", "0"})
	}
	return pick(t, "table", []string{"", "", "", "", "1", "finance", "2", "macro"})
}

// isMacro tells whether a reference means table 2.
func isMacro(table string) bool { return table == "2" || table == "macro" }

// indicatorsOf returns the indicators that the table has from the start.
func indicatorsOf(table string) []protocol.Indicator {
	if isMacro(table) {
		return macro().Indicators
	}
	return finance().Indicators
}

// view draws what a query says about reports and values.
func (w *World) view(t *rapid.T) protocol.View {
	v := protocol.View{Table: w.tableRef(t), KnownAt: moment(t, "known at")}
	names := namesOf(indicatorsOf(v.Table))
	if seldom(t, "later indicators") {
		names = append(names, namesOf(growth)...)
	}
	v.IDs = some(t, "ids", names, 1, 6)
	if rarely(t, "bad ids") {
		v.IDs = pick(t, "bad ids", [][]string{nil, {"no_such_id"}, append(v.IDs, "report_date"), append(v.IDs, "Assets")})
	}
	if sometimes(t, "with types") {
		v.ReportTypes = some(t, "types", append([]string{"unknown", "04"}, reportTypes[1:]...), 1, 3)
	}
	v.With = protocol.With(rapid.IntRange(0, 7).Draw(t, "with"))
	return v
}

// moment draws an optional time; every third is given.
func moment(t *rapid.T, label string) protocol.Instant {
	if rapid.IntRange(0, 2).Draw(t, label+"?") < 2 {
		return protocol.Instant{}
	}
	if rarely(t, "bad "+label) {
		return protocol.At(pick(t, label, []int64{protocol.MinTime - 1, protocol.MaxTime + 1, math.MaxInt64, math.MinInt64}))
	}
	return protocol.At(pick(t, label, moments))
}

// span draws a range, open at either end or both, seldom inverted.
func span(t *rapid.T) protocol.Range {
	r := protocol.Range{From: moment(t, "from"), To: moment(t, "to")}
	inverted := r.From.Given && r.To.Given && r.From.Seconds > r.To.Seconds
	if inverted && !rarely(t, "inverted") {
		r.From, r.To = r.To, r.From
	}
	return r
}

// ranking draws how rows are sorted and paged.
func ranking(t *rapid.T, table string) protocol.Ranking {
	fields := append([]string{"", protocol.ReportDateField}, namesOf(indicatorsOf(table))...)
	r := protocol.Ranking{
		Field:  pick(t, "field", fields),
		Order:  pick(t, "order", []protocol.Order{protocol.Descending, protocol.Ascending}),
		Offset: offset(t),
		Limit:  limit(t, protocol.MaxLimit),
	}
	if rarely(t, "odd field") {
		r.Field = pick(t, "field", append(namesOf(growth), "no_such_field", "declare_date"))
	}
	if rarely(t, "bad order") {
		r.Order = pick(t, "order", []protocol.Order{2, -1, 127})
	}
	return r
}

// offset draws an offset: none, small, past the end, or seldom negative.
func offset(t *rapid.T) int {
	if rarely(t, "bad offset") {
		return pick(t, "offset", []int{-1, math.MinInt})
	}
	return pick(t, "offset", []int{0, 0, 0, 0, 1, 2, 3, 7, 250, 1_000_000, math.MaxInt})
}

// limit draws a limit up to most, seldom one that is refused.
func limit(t *rapid.T, most int) int {
	if rarely(t, "bad limit") {
		return pick(t, "limit", []int{-1, most + 1, math.MaxInt, math.MinInt})
	}
	return pick(t, "limit", []int{0, 1, 2, 3, 5, 8, 300, most})
}

// keys draws one to three of the world's subjects, or strangers.
func (w *World) keys(t *rapid.T) []string {
	return some(t, "subjects", slices.Concat(w.Keys, strangers[:1]), 1, 3)
}

// asked draws the subjects of a query: repeated, unknown, in any order, seldom none, and sometimes many of the crowd.
func (w *World) asked(t *rapid.T) []string {
	if rarely(t, "no subjects") {
		return nil
	}
	keys := some(t, "subjects", slices.Concat(w.Keys, w.Keys, strangers), 1, 12)
	if w.Crowd > 0 && sometimes(t, "crowd") {
		from := rapid.IntRange(0, w.Crowd-1).Draw(t, "first of the crowd")
		for i := range 60 {
			keys = append(keys, crowdKey((from+i*13)%w.Crowd))
		}
	}
	return keys
}

// subjectsOrTopic draws whom a snapshot is about; seldom both or neither.
func (w *World) subjectsOrTopic(t *rapid.T, q *protocol.Snapshot) {
	if often(t, "by topic") {
		q.Topic = topic(t)
		if !rarely(t, "both") {
			return
		}
	}
	q.Subjects = w.asked(t)
}

// topic draws a topic, seldom one that never exists.
func topic(t *rapid.T) string {
	if rarely(t, "odd topic") {
		return "no such topic"
	}
	return pick(t, "topic", slices.Concat(topics[:1], topics[:1], topics[:1], topics[:2], topics))
}

// recent draws a recent query: the last few, or those of given days.
func (w *World) recent(t *rapid.T) *protocol.Recent {
	q := &protocol.Recent{View: w.view(t), Subjects: w.asked(t)}
	if !sometimes(t, "by periods") {
		q.Limit = limit(t, protocol.MaxRecentLimit)
		return q
	}
	q.Limit = pick(t, "ignored limit", []int{0, 1})
	q.Periods = some(t, "periods", moments, 1, 4)
	if rarely(t, "bad period") {
		q.Periods = append(q.Periods, protocol.MaxTime+1)
	}
	return q
}

// selection draws a criterion; kind and topic are seldom left out.
func (w *World) selection(t *rapid.T) protocol.Selection {
	s := protocol.Selection{Kind: pick(t, "kind", tagKinds), Topic: topic(t), Keyword: pick(t, "keyword", keywords)}
	if sometimes(t, "one subject") {
		s.Subject = pick(t, "subject", slices.Concat(w.Keys, strangers))
	}
	if rarely(t, "odd selection") {
		s.Kind = pick(t, "kind", []string{"", "mood"})
	}
	if rarely(t, "no topic") {
		s.Topic = ""
	}
	return s
}

// search draws a search for some subjects or all.
func (w *World) search(t *rapid.T) *protocol.Search {
	q := &protocol.Search{Table: w.tableRef(t), Range: span(t), Offset: offset(t), Limit: limit(t, protocol.MaxLimit)}
	if often(t, "some") {
		q.Subjects = w.asked(t)
	}
	return q
}

// list draws a listing of subjects.
func (w *World) list(t *rapid.T) *protocol.ListSubjects {
	q := &protocol.ListSubjects{Limit: limit(t, protocol.MaxLimit)}
	if often(t, "of topic") {
		q.Topic = topic(t)
	}
	for range rapid.IntRange(0, 2).Draw(t, "number of tags") {
		text := pick(t, "text", append([]string{"", "nothing"}, tagTexts...))
		q.Tags = append(q.Tags, protocol.Tag{Kind: pick(t, "kind", tagKinds), Text: text})
	}
	if sometimes(t, "after") {
		q.After = pick(t, "after key", slices.Concat(w.Keys, strangers))
	}
	return q
}
