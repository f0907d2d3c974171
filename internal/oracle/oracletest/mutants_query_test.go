package oracletest

import (
	"slices"
	"strings"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// onView, onRanking, onSpan, onSelection, onTimestamp and onQuery are hooks that change the part of a query where it has one.
func onView(f func(v *protocol.View)) func(Query) {
	return func(q Query) {
		if v := viewOf(q); v != nil {
			f(v)
		}
	}
}

func onRanking(f func(r *protocol.Ranking)) func(Query) {
	return func(q Query) {
		if r := rankingOf(q); r != nil {
			f(r)
		}
	}
}

func onSpan(f func(r *protocol.Range)) func(Query) {
	return func(q Query) {
		if r := spanOf(q); r != nil {
			f(r)
		}
	}
}

func onSelection(f func(s *protocol.Selection)) func(Query) {
	return func(q Query) {
		if s := selectionOf(q); s != nil {
			f(s)
		}
	}
}

func onTimestamp(f func(at *protocol.Instant)) func(Query) {
	return func(query Query) {
		switch q := query.(type) {
		case *protocol.Snapshot:
			f(&q.Timestamp)
		case *protocol.SelectSnapshot:
			f(&q.Timestamp)
		}
	}
}

func onQuery[Q any](f func(q *Q)) func(Query) {
	return func(query Query) {
		if q, ok := query.(*Q); ok {
			f(q)
		}
	}
}

// queryMutants understand a query wrongly.
var queryMutants = []mutant{
	{name: "known_at is ignored", query: onView(func(v *protocol.View) { v.KnownAt = protocol.Instant{} })},
	{name: "known_at excludes its own second", query: onView(func(v *protocol.View) { earlier(&v.KnownAt) })},
	{name: "report types are ignored", query: onView(func(v *protocol.View) { v.ReportTypes = nil })},
	{name: "report types beyond the first are ignored", query: onView(func(v *protocol.View) {
		v.ReportTypes = v.ReportTypes[:min(1, len(v.ReportTypes))]
	})},
	{name: "an unknown table falls back to table 1", query: onView(func(v *protocol.View) {
		if !slices.Contains([]string{"", "1", "2", "finance", "macro", "3", "extra"}, v.Table) {
			v.Table = ""
		}
	})},
	{name: "an unknown indicator is left out", query: onView(func(v *protocol.View) {
		v.IDs = slices.DeleteFunc(v.IDs, func(id string) bool { return id == "no_such_id" || id == "nope" })
	})},
	{name: "indicators compare without case", query: onView(func(v *protocol.View) {
		for i := range v.IDs {
			v.IDs[i] = strings.ToLower(v.IDs[i])
		}
	})},
	{name: "repeated indicators keep their last place", query: onView(func(v *protocol.View) {
		v.IDs = keepLast(v.IDs)
	})},
	{name: "id and code of one indicator count once", query: onView(func(v *protocol.View) {
		if i := slices.Index(v.IDs, "1002"); i >= 0 && slices.Contains(v.IDs, "net_profit") {
			v.IDs = slices.Delete(v.IDs, i, i+1)
		}
	})},
	{name: "timestamp is ignored", query: onTimestamp(func(at *protocol.Instant) { *at = protocol.Instant{} })},
	{name: "timestamp excludes its own second", query: onTimestamp(earlier)},
	{name: "timestamp means the whole day", query: onTimestamp(func(at *protocol.Instant) {
		at.Seconds = min(protocol.DayStart(at.Seconds)+protocol.SecondsPerDay-1, protocol.MaxTime)
	})},
	{name: "the range's end is exclusive", query: onSpan(func(r *protocol.Range) { earlier(&r.To) })},
	{name: "the range's start is exclusive", query: onSpan(func(r *protocol.Range) {
		if r.From.Seconds < protocol.MaxTime {
			r.From.Seconds++
		}
		r.To.Seconds = max(r.To.Seconds, r.From.Seconds)
	})},
	{name: "an inverted range is empty, not an error", err: func(q Query, err error) error {
		if s := spanOf(q); s != nil && s.From.Given && s.To.Given && s.From.Seconds > s.To.Seconds {
			return nil
		}
		return err
	}},
	{name: "the order is always descending", query: onRanking(func(r *protocol.Ranking) {
		if r.Order == protocol.Ascending {
			r.Order = protocol.Descending
		}
	})},
	{name: "unknown orders are descending", query: onRanking(func(r *protocol.Ranking) { r.Order &= 1 })},
	{name: "offset is off by one", query: onRanking(func(r *protocol.Ranking) { r.Offset -= min(1, max(r.Offset, 0)) })},
	{name: "offset is ignored", query: onRanking(func(r *protocol.Ranking) { r.Offset = min(r.Offset, 0) })},
	{name: "a negative offset is none", query: onRanking(func(r *protocol.Ranking) { r.Offset = max(r.Offset, 0) })},
	{name: "limit is off by one", query: onRanking(func(r *protocol.Ranking) {
		if r.Limit > 1 {
			r.Limit--
		}
	})},
	{name: "limit 0 is all", query: onRanking(func(r *protocol.Ranking) {
		if r.Limit == 0 {
			r.Limit = protocol.MaxLimit
		}
	})},
	{name: "a limit above the maximum is the maximum", query: onRanking(func(r *protocol.Ranking) {
		r.Limit = min(r.Limit, protocol.MaxLimit)
	})},
	{name: "the default field is the first id", query: func(q Query) {
		if r, v := rankingOf(q), viewOf(q); r != nil && r.Field == "" && len(v.IDs) > 0 {
			r.Field = v.IDs[0]
		}
	}},
	{name: "the field report_date is the default field", query: onRanking(func(r *protocol.Ranking) {
		if r.Field == protocol.ReportDateField {
			r.Field = ""
		}
	})},
	{name: "the keyword is ignored", query: onSelection(func(s *protocol.Selection) { s.Keyword = "" })},
	{name: "the keyword is any of its words", query: onSelection(func(s *protocol.Selection) {
		s.Keyword, _, _ = strings.Cut(s.Keyword, " ")
	})},
	{name: "the selected subject is ignored", query: onSelection(func(s *protocol.Selection) { s.Subject = "" })},
	{name: "a selection needs no topic", query: onSelection(func(s *protocol.Selection) {
		if s.Topic == "" {
			s.Topic = topics[0]
		}
	})},
	{name: "period groups are in key order", query: onQuery(func(q *protocol.Period) { slices.Sort(q.Subjects) })},
	{name: "recent groups keep the last place", query: onQuery(func(q *protocol.Recent) { q.Subjects = keepLast(q.Subjects) })},
	{name: "recent shows ten by default", query: onQuery(func(q *protocol.Recent) {
		if q.Limit == 0 {
			q.Limit = 10
		}
	})},
	{name: "recent takes more than its maximum", query: onQuery(func(q *protocol.Recent) { q.Limit = min(q.Limit, 1000) })},
	{name: "recent's periods are cut to the limit", ask: recentPeriodsCut},
	{name: "periods are exact seconds", ask: recentPeriodsExact},
	{name: "search needs subjects", query: onQuery(func(q *protocol.Search) {
		if len(q.Subjects) == 0 {
			q.Subjects = strangers
		}
	})},
	{name: "search's offset is ignored", query: onQuery(func(q *protocol.Search) { q.Offset = min(q.Offset, 0) })},
	{name: "search shows ten by default", query: onQuery(func(q *protocol.Search) {
		if q.Limit == 0 {
			q.Limit = 10
		}
	})},
	{name: "after is inclusive", query: onQuery(func(q *protocol.ListSubjects) {
		if n := len(q.After); n > 0 {
			q.After = q.After[:n-1] + string(rune(q.After[n-1]-1)) + "\xff"
		}
	})},
	{name: "a listing looks at one tag only", query: onQuery(func(q *protocol.ListSubjects) { q.Tags = q.Tags[:min(1, len(q.Tags))] })},
	{name: "a listing takes any text of a kind", query: onQuery(func(q *protocol.ListSubjects) {
		for i := range q.Tags {
			q.Tags[i].Text = ""
		}
	})},
	{name: "a listing ignores its topic", query: onQuery(func(q *protocol.ListSubjects) {
		if q.Topic != "no such topic" && q.Topic != "nope" {
			q.Topic = ""
		}
	})},
}

// earlier moves a given instant one second back, as far as there is one.
func earlier(at *protocol.Instant) {
	if at.Given && at.Seconds > protocol.MinTime && at.Seconds <= protocol.MaxTime {
		at.Seconds--
	}
}

// keepLast drops all but the last of equal entries.
func keepLast(list []string) []string {
	var out []string
	for i, s := range list {
		if !slices.Contains(list[i+1:], s) {
			out = append(out, s)
		}
	}
	return out
}

// recentPeriodsCut answers the named periods only as far as the limit goes.
func recentPeriodsCut(m *mutant, query Query, r *protocol.Result) error {
	q, ok := query.(*protocol.Recent)
	if ok && q.Limit == 1 && len(q.Periods) > 1 {
		one := *q
		one.Periods = q.Periods[:1]
		query = &one
	}
	return Ask(m.Target, query, r).Err
}

// recentPeriodsExact answers only a report that ends at the very second of a period.
func recentPeriodsExact(m *mutant, query Query, r *protocol.Result) error {
	q, ok := query.(*protocol.Recent)
	if err := Ask(m.Target, query, r).Err; err != nil || !ok || len(q.Periods) == 0 {
		return err
	}
	keepRows(r, func(row int) bool { return slices.Contains(q.Periods, r.Heads[row].ReportDate) })
	return nil
}
