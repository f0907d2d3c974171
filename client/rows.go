package client

import (
	"iter"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// Row is one row of a Result, seen from the row's side. It is a small value that points into the Result.
type Row struct {
	result *protocol.Result
	index  int
}

// Rows returns the rows of a result in order. They are valid until the result is used again.
func Rows(r *protocol.Result) iter.Seq[Row] { return between(r, 0, r.Rows()) }

// Group returns the rows of group g of a result: of one subject (Period, Recent, Get, Search) or day (SelectPeriod).
func Group(r *protocol.Result, g int) iter.Seq[Row] {
	from, to := r.Group(g)
	return between(r, from, to)
}

func between(r *protocol.Result, from, to int) iter.Seq[Row] {
	return func(yield func(Row) bool) {
		for i := from; i < to; i++ {
			if !yield(Row{r, i}) {
				return
			}
		}
	}
}

// Index returns the row's place in the result.
func (w Row) Index() int { return w.index }

// Subject returns the row's subject. Only its Key is filled unless protocol.WithSubjects was asked for.
func (w Row) Subject() *protocol.Subject { return w.result.Subjects[w.index] }

// Head returns what the row says of its report, or nil where the query did not ask for it.
func (w Row) Head() *protocol.Head {
	if len(w.result.Heads) == 0 {
		return nil
	}
	return &w.result.Heads[w.index]
}

// Value returns the value of column c, and whether there is one.
func (w Row) Value(c int) (v float64, ok bool) {
	v = w.result.Value(w.index, c)
	return v, !protocol.IsMissing(v)
}
