package httpcompat

import (
	"context"
	"strconv"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// querying returns the context of a read. Without a timeout nothing is allocated.
func (x *exchange) querying() (context.Context, context.CancelFunc) {
	if x.h.options.QueryTimeout == 0 {
		return x.h.base, func() {}
	}
	return context.WithTimeout(x.h.base, x.h.options.QueryTimeout)
}

// answer reads a query from the body and lets the backend fill the result.
func answer[Q any](x *exchange, fields fieldSet, q *Q, fill func(*body, *Q) error,
	ask func(Backend, context.Context, *Q, *protocol.Result) error) error {
	x.reader.reset(x.http.PostBody())
	if err := x.body.read(&x.reader, fields); err != nil {
		return err
	}
	if err := fill(&x.body, q); err != nil {
		return err
	}
	ctx, cancel := x.querying()
	defer cancel()
	if err := ask(x.h.backend, ctx, q, &x.result); err != nil {
		return err
	}
	x.showApplied(x.result.Applied)
	return nil
}

func (x *exchange) snapshot() error {
	err := answer(x, snapshotFields, &x.queries.snapshot, (*body).snapshot, Backend.Snapshot)
	if err == nil {
		x.out = appendSnapshot(x.out, &x.result, &x.labels)
	}
	return err
}

func (x *exchange) period() error {
	err := answer(x, periodFields, &x.queries.period, (*body).period, Backend.Period)
	if err == nil {
		x.out = appendSeries(x.out, &x.result, &x.labels, false)
	}
	return err
}

func (x *exchange) recent() error {
	err := answer(x, recentFields, &x.queries.recent, (*body).recent, Backend.Recent)
	if err == nil {
		x.out = appendSeries(x.out, &x.result, &x.labels, true)
	}
	return err
}

func (x *exchange) selectSnapshot() error {
	err := answer(x, selectSnapshotFields, &x.queries.selectSnapshot, (*body).selectSnapshot, Backend.SelectSnapshot)
	if err == nil {
		x.out = appendSnapshot(x.out, &x.result, &x.labels)
	}
	return err
}

func (x *exchange) selectPeriod() error {
	err := answer(x, selectPeriodFields, &x.queries.selectPeriod, (*body).selectPeriod, Backend.SelectPeriod)
	if err == nil {
		x.out = appendDays(x.out, &x.result, &x.labels)
	}
	return err
}

func (x *exchange) search() error {
	err := answer(x, searchFields, &x.queries.search, (*body).search, Backend.Search)
	if err == nil {
		x.out = appendRows(x.out, &x.result)
	}
	return err
}

// showApplied tells the applied index that the answer shows, or that of the write which it acknowledges.
func (x *exchange) showApplied(applied uint64) {
	var digits [20]byte
	x.http.Response.Header.SetCanonical(headerApplied, strconv.AppendUint(digits[:0], applied, 10))
}

func (x *exchange) tables() error {
	ctx, cancel := x.querying()
	defer cancel()
	var c protocol.Catalog
	if err := x.h.backend.Catalog(ctx, &c); err != nil {
		return err
	}
	x.showApplied(c.Applied)
	x.out = appendTables(x.out, c.Tables)
	return nil
}

func (x *exchange) subjects() error {
	q, err := x.listQuery()
	if err != nil {
		return err
	}
	ctx, cancel := x.querying()
	defer cancel()
	var l protocol.SubjectList
	if err := x.h.backend.Subjects(ctx, q, &l); err != nil {
		return err
	}
	x.showApplied(l.Applied)
	x.out = appendSubjects(x.out, l.Subjects)
	return nil
}

// maxListTags is how many tags a listing may ask for at once.
const maxListTags = 64

// listQuery reads the query of GET /api/v1/subjects.
func (x *exchange) listQuery() (*protocol.ListSubjects, error) {
	args := x.http.QueryArgs()
	q := &protocol.ListSubjects{Topic: string(args.Peek("topic")), After: string(args.Peek("after"))}
	if text := string(args.Peek("limit")); text != "" {
		limit, err := strconv.Atoi(text)
		if err != nil {
			return nil, badField("limit", "%.40q is not a whole number", text)
		}
		q.Limit = limit
	}
	for name, value := range args.All() {
		kind, isTag := cutTag(string(name))
		if !isTag {
			continue
		}
		if len(q.Tags) == maxListTags {
			return nil, badField("tag."+kind, "more than %d tags in one request", maxListTags)
		}
		q.Tags = append(q.Tags, protocol.Tag{Kind: kind, Text: string(value)})
	}
	return q, nil
}
