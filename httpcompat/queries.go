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

// answer reads a query from the body, lets the backend fill the result, and shows it; or answers as it did before.
func answer[Q any](x *exchange, fields fieldSet, q *Q, fill func(*body, *Q) error,
	ask func(Backend, context.Context, *Q, *protocol.Result) error, show func(*exchange)) error {
	request := x.http.PostBody()
	if x.answerKept(request) {
		return nil
	}
	x.reader.reset(request)
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
	start := len(x.out)
	show(x)
	if x.kept != nil && x.kept.Wanted() {
		topic, subjects := dependsOn(q)
		x.kept.Keep(x.endpoint.kind, request, x.result.Applied, topic, subjects, x.out[start:])
	}
	return nil
}

// answerKept answers as the backend's memory says, if it has a word about this request that still holds.
func (x *exchange) answerKept(request []byte) bool {
	if x.kept == nil {
		return false
	}
	kept, applied, ok := x.kept.Find(x.endpoint.kind, request)
	if ok {
		x.showApplied(applied)
		x.out = append(x.out, kept...)
	}
	return ok
}

// dependsOn returns what the answer to a query is computed from: a topic, or else some subjects.
func dependsOn(query any) (topic string, subjects []string) {
	switch q := query.(type) {
	case *protocol.Snapshot:
		return q.Topic, q.Subjects
	case *protocol.Period:
		return "", q.Subjects
	case *protocol.Recent:
		return "", q.Subjects
	case *protocol.SelectSnapshot:
		return q.Selection.Topic, nil
	case *protocol.SelectPeriod:
		return q.Selection.Topic, nil
	case *protocol.Search:
		return "", q.Subjects
	}
	return "", nil
}

func (x *exchange) snapshot() error {
	return answer(x, snapshotFields, &x.queries.snapshot, (*body).snapshot, Backend.Snapshot, (*exchange).showSnapshot)
}

func (x *exchange) period() error {
	return answer(x, periodFields, &x.queries.period, (*body).period, Backend.Period, func(x *exchange) {
		x.out = appendSeries(x.out, &x.result, &x.labels, false)
	})
}

func (x *exchange) recent() error {
	return answer(x, recentFields, &x.queries.recent, (*body).recent, Backend.Recent, func(x *exchange) {
		x.out = appendSeries(x.out, &x.result, &x.labels, true)
	})
}

func (x *exchange) selectSnapshot() error {
	return answer(x, selectSnapshotFields, &x.queries.selectSnapshot, (*body).selectSnapshot, Backend.SelectSnapshot,
		(*exchange).showSnapshot)
}

func (x *exchange) selectPeriod() error {
	return answer(x, selectPeriodFields, &x.queries.selectPeriod, (*body).selectPeriod, Backend.SelectPeriod, func(x *exchange) {
		x.out = appendDays(x.out, &x.result, &x.labels)
	})
}

func (x *exchange) search() error {
	return answer(x, searchFields, &x.queries.search, (*body).search, Backend.Search, func(x *exchange) {
		x.out = appendRows(x.out, &x.result)
	})
}

func (x *exchange) showSnapshot() { x.out = appendSnapshot(x.out, &x.result, &x.labels) }

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
