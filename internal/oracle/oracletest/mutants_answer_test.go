package oracletest

import (
	"errors"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// onResult is a hook that changes results of any query.
func onResult(f func(r *protocol.Result)) func(*mutant, Query, *protocol.Result) {
	return func(_ *mutant, _ Query, r *protocol.Result) { f(r) }
}

// answerMutants write down a right answer wrongly.
var answerMutants = []mutant{
	{name: "ties are reversed", answer: func(m *mutant, q Query, r *protocol.Result) {
		resort(m, q, r, func(a, b int) bool { return r.Subjects[a].Key > r.Subjects[b].Key })
	}},
	{name: "ties sort without case", answer: func(m *mutant, q Query, r *protocol.Result) {
		resort(m, q, r, func(a, b int) bool { return fold(r.Subjects[a]) < fold(r.Subjects[b]) })
	}},
	{name: "missing sorts first", answer: missingFirst},
	{name: "missing is another NaN", answer: onResult(func(r *protocol.Result) {
		for i, v := range r.Values {
			if v != v {
				r.Values[i] = math.NaN()
			}
		}
	})},
	{name: "subjects without values are left out", answer: func(_ *mutant, q Query, r *protocol.Result) {
		if _, ok := q.(*protocol.Snapshot); ok {
			keepRows(r, func(row int) bool {
				for c := range r.IDs {
					if !protocol.IsMissing(r.Value(row, c)) {
						return true
					}
				}
				return false
			})
		}
	}},
	{name: "the oldest report comes first", answer: func(_ *mutant, q Query, r *protocol.Result) {
		for g := range r.Groups {
			if from, to := r.Group(g); viewOf(q) != nil && rankingOf(q) == nil {
				slices.Reverse(r.Heads[from:to])
			}
		}
	}},
	{name: "values of the last two columns are swapped", answer: onResult(func(r *protocol.Result) {
		if n := len(r.IDs); n > 1 {
			a, b := r.Column(n-2), r.Column(n-1)
			for i := range a {
				a[i], b[i] = b[i], a[i]
			}
		}
	})},
	{name: "columns are named by id", answer: onResult(func(r *protocol.Result) {
		for i, id := range r.IDs {
			if id == "1001" {
				r.IDs[i] = "operating_income"
			}
		}
	})},
	{name: "the year is always that of the report", answer: onResult(func(r *protocol.Result) {
		for i := range r.Heads {
			r.Heads[i].Year = int32(time.Unix(r.Heads[i].ReportDate, 0).UTC().Year())
		}
	})},
	{name: "a year that was not written is 0", answer: onResult(func(r *protocol.Result) {
		for i := range r.Heads {
			if r.Heads[i].Year == int32(time.Unix(r.Heads[i].ReportDate, 0).UTC().Year()) {
				r.Heads[i].Year = 0
			}
		}
	})},
	{name: "the last group ends one early", answer: onResult(func(r *protocol.Result) {
		if n := len(r.Groups); n > 1 {
			r.Groups[n-2]--
		}
	})},
	{name: "create time moves with every write", answer: onResult(func(r *protocol.Result) {
		for i := range r.Stamps {
			r.Stamps[i].Create = r.Stamps[i].Update
		}
	})},
	{name: "update time stays", answer: onResult(func(r *protocol.Result) {
		for i := range r.Stamps {
			r.Stamps[i].Update = r.Stamps[i].Create
		}
	})},
	{name: "total counts the page", answer: onResult(func(r *protocol.Result) { r.Total = len(r.Stamps) })},
	{name: "reports are not told", answer: onResult(func(r *protocol.Result) {
		r.With &^= protocol.WithReports
		r.Heads = r.Heads[:0]
	})},
	{name: "reports are told though nobody asked", query: onView(func(v *protocol.View) { v.With |= protocol.WithReports })},
	{name: "attributes are lost", answer: onResult(func(r *protocol.Result) {
		for i, s := range r.Subjects {
			r.Subjects[i] = &protocol.Subject{Key: s.Key}
		}
	})},
	{name: "an answer is added to the result's old content", ask: func(m *mutant, q Query, r *protocol.Result) error {
		var fresh protocol.Result
		if err := Ask(m.Target, q, &fresh).Err; err != nil {
			return err
		}
		fresh.Stamps = append(slices.Clone(r.Stamps), fresh.Stamps...)
		*r = fresh
		return nil
	}},
	{name: "an unknown subject is an empty row, not an error", err: func(q Query, err error) error {
		if _, ok := q.(*protocol.Get); ok && errors.Is(err, protocol.ErrNotFound) {
			return nil
		}
		return err
	}},
	{name: "an unknown topic is a bad request", err: func(q Query, err error) error {
		if errors.Is(err, protocol.ErrNotFound) && strings.Contains(err.Error(), "topic") {
			return protocol.Errorf(protocol.CodeBadRequest, "%v", err)
		}
		return err
	}},
	{name: "an error does not name what is unknown", err: func(_ Query, err error) error {
		if errors.Is(err, protocol.ErrUnknownIndicator) {
			return protocol.Errorf(protocol.CodeUnknownIndicator, "there is an unknown indicator")
		}
		return err
	}},
	{name: "errors are not protocol errors", err: func(_ Query, err error) error { return errors.New(err.Error()) }},
	{name: "days run upwards", answer: daysUpwards},
	{name: "a listing loses tags", list: func(_ *protocol.ListSubjects, l *protocol.SubjectList) {
		for i, s := range l.Subjects {
			c := *s
			c.Tags = c.Tags[:min(1, len(c.Tags))]
			l.Subjects[i] = &c
		}
	}},
	{name: "a listing loses topics", list: func(_ *protocol.ListSubjects, l *protocol.SubjectList) {
		for i, s := range l.Subjects {
			c := *s
			c.Topics = c.Topics[:min(1, len(c.Topics))]
			l.Subjects[i] = &c
		}
	}},
}

// fold returns a key without case, with the key behind it so that no two are equal.
func fold(s *protocol.Subject) string { return strings.ToLower(s.Key) + "\x00" + s.Key }

// resort puts the rows of a snapshot whose field is among its columns into another order where they tie.
func resort(_ *mutant, query Query, r *protocol.Result, before func(a, b int) bool) {
	q, ok := query.(*protocol.Snapshot)
	if !ok {
		return
	}
	column := slices.Index(r.IDs, q.Field)
	if column < 0 {
		return
	}
	tied := func(a, b int) bool {
		x, y := r.Value(a, column), r.Value(b, column)
		return x == y || protocol.IsMissing(x) && protocol.IsMissing(y)
	}
	order := rowNumbers(r)
	for i := range order {
		for j := i; j > 0 && tied(order[j-1], order[j]) && before(order[j], order[j-1]); j-- {
			order[j-1], order[j] = order[j], order[j-1]
		}
	}
	takeRows(r, order)
}

// missingFirst puts missing values first in ascending order.
func missingFirst(_ *mutant, query Query, r *protocol.Result) {
	ranking := rankingOf(query)
	if ranking == nil || len(r.Groups) > 0 || ranking.Order != protocol.Ascending {
		return
	}
	column := slices.Index(r.IDs, ranking.Field)
	if column < 0 {
		return
	}
	order := rowNumbers(r)
	slices.SortStableFunc(order, func(a, b int) int {
		x, y := protocol.IsMissing(r.Value(a, column)), protocol.IsMissing(r.Value(b, column))
		switch {
		case x == y:
			return 0
		case x:
			return -1
		}
		return 1
	})
	takeRows(r, order)
}

// daysUpwards turns the days of a selection around.
func daysUpwards(_ *mutant, query Query, r *protocol.Result) {
	if _, ok := query.(*protocol.SelectPeriod); !ok {
		return
	}
	var order []int
	var ends []int32
	for g := len(r.Groups) - 1; g >= 0; g-- {
		from, to := r.Group(g)
		for row := from; row < to; row++ {
			order = append(order, row)
		}
		ends = append(ends, int32(len(order)))
	}
	takeRows(r, order)
	r.Groups = ends
}

func rowNumbers(r *protocol.Result) []int {
	order := make([]int, r.Rows())
	for i := range order {
		order[i] = i
	}
	return order
}

// keepRows drops the rows that keep does not want, and groups that become empty.
func keepRows(r *protocol.Result, keep func(row int) bool) {
	var order []int
	var ends []int32
	for g := range r.Groups {
		from, to := r.Group(g)
		before := len(order)
		for row := from; row < to; row++ {
			if keep(row) {
				order = append(order, row)
			}
		}
		if len(order) > before {
			ends = append(ends, int32(len(order)))
		}
	}
	if len(r.Groups) == 0 {
		order = slices.DeleteFunc(rowNumbers(r), func(row int) bool { return !keep(row) })
	}
	takeRows(r, order)
	r.Groups = ends
}

// takeRows makes the result consist of the given rows.
func takeRows(r *protocol.Result, order []int) {
	old := *r
	r.Subjects, r.Heads, r.Values = nil, nil, nil
	for _, row := range order {
		r.Subjects = append(r.Subjects, old.Subjects[row])
		if len(old.Heads) > 0 {
			r.Heads = append(r.Heads, old.Heads[row])
		}
	}
	for c := range old.IDs {
		for _, row := range order {
			r.Values = append(r.Values, old.Value(row, c))
		}
	}
}
