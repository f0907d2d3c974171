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

// query says how a read is read, asked and shown.
type query[Q any] struct {
	op     protocol.Op
	fields fieldSet
	fill   func(*body, *Q) error
	ask    func(Queries, context.Context, *Q, *protocol.Result) error
	show   func(*exchange)
}

// answer reads a query from the body, lets the backend fill the result, and shows it; or answers as it did before. On an event
// loop it may put that off.
func answer[Q any, M interface {
	*Q
	protocol.Message
}](x *exchange, k *query[Q], q *Q) error {
	x.loop.own()
	request := x.http.PostBody()
	if x.answerKept(request) {
		return nil
	}
	x.reader.reset(request)
	if err := x.body.read(&x.reader, k.fields); err != nil {
		return err
	}
	if err := k.fill(&x.body, q); err != nil {
		return err
	}
	if x.loop.relay != nil {
		return x.relayed(k.op, M(q), k.show)
	}
	ctx, cancel := x.querying()
	defer cancel()
	if err := k.ask(x.loop.queries(x.h.backend), ctx, q, &x.result); err != nil {
		return x.loop.putOff(err)
	}
	x.showApplied(x.result.Applied)
	start := len(x.out)
	k.show(x)
	if x.kept != nil && x.kept.Wanted() {
		topic, subjects := dependsOn(q)
		x.kept.Keep(x.endpoint.kind, request, x.result.Applied, topic, subjects, x.out[start:])
	}
	return nil
}

// answerKept answers as the backend's memory says, if it has a word about this request that still holds.
func (x *exchange) answerKept(request []byte) bool {
	if x.kept == nil || x.looked {
		return false
	}
	x.looked = true
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

// The queries that bodies ask.
var (
	askSnapshot = query[protocol.Snapshot]{protocol.OpSnapshot, snapshotFields, (*body).snapshot, Queries.Snapshot,
		(*exchange).showSnapshot}
	askPeriod = query[protocol.Period]{protocol.OpPeriod, periodFields, (*body).period, Queries.Period, (*exchange).showPeriod}
	askRecent = query[protocol.Recent]{protocol.OpRecent, recentFields, (*body).recent, Queries.Recent, (*exchange).showRecent}

	askSelectSnapshot = query[protocol.SelectSnapshot]{protocol.OpSelectSnapshot, selectSnapshotFields, (*body).selectSnapshot,
		Queries.SelectSnapshot, (*exchange).showSnapshot}
	askSelectPeriod = query[protocol.SelectPeriod]{protocol.OpSelectPeriod, selectPeriodFields, (*body).selectPeriod,
		Queries.SelectPeriod, (*exchange).showDays}
	askSearch = query[protocol.Search]{protocol.OpSearch, searchFields, (*body).search, Queries.Search, (*exchange).showRows}
)

func (x *exchange) snapshot() error { return answer(x, &askSnapshot, &x.queries.snapshot) }
func (x *exchange) period() error   { return answer(x, &askPeriod, &x.queries.period) }
func (x *exchange) recent() error   { return answer(x, &askRecent, &x.queries.recent) }
func (x *exchange) selectSnapshot() error {
	return answer(x, &askSelectSnapshot, &x.queries.selectSnapshot)
}
func (x *exchange) selectPeriod() error { return answer(x, &askSelectPeriod, &x.queries.selectPeriod) }
func (x *exchange) search() error       { return answer(x, &askSearch, &x.queries.search) }

func (x *exchange) showPeriod() { x.out = appendSeries(x.out, &x.result, &x.labels, false) }
func (x *exchange) showRecent() { x.out = appendSeries(x.out, &x.result, &x.labels, true) }
func (x *exchange) showDays()   { x.out = appendDays(x.out, &x.result, &x.labels) }
func (x *exchange) showRows()   { x.out = appendRows(x.out, &x.result) }

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
