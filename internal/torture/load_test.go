package torture

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/internal/clustertest"
	"github.com/kamaitachi/kamaitachi/internal/oracle/oracletest"
	"github.com/kamaitachi/kamaitachi/protocol"
)

const (
	writers     = 4
	owned       = 6 // subjects of each writer
	writePause  = 8 * time.Millisecond
	readPause   = 4 * time.Millisecond
	oneTry      = 2 * time.Second // for a write, until it is sent again
	market      = "market"        // the topic of all subjects of writers
	outskirts   = "outskirts"     // that of some of them, at times
	tagKind     = "mood"
	daySeconds  = 86_400
	firstReport = 1_703_980_800 // 2023-12-31
)

// days are the dates of reports.
var days = [...]int64{firstReport, firstReport - 91*daySeconds, firstReport - 182*daySeconds, firstReport - 273*daySeconds,
	firstReport - 365*daySeconds}

func subjectKey(writer, i int) string { return fmt.Sprintf("33:%d%05d", writer+1, i) }

// outcomeUnknown tells whether a write that failed may have been carried out, as the SDK documents it.
func outcomeUnknown(err error) bool {
	var e *client.Error
	if !errors.As(err, &e) || e.Unsent {
		return false
	}
	return e.Stage == client.StageWrite || e.Stage == client.StageRead || errors.Is(err, protocol.ErrUnknownOutcome)
}

// expected tells whether an error is one of those that say: not now.
func expected(err error) bool {
	var refused *protocol.Error
	if !errors.As(err, &refused) {
		return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, client.ErrConnLost) ||
			errors.Is(err, client.ErrUnreachable) || errors.Is(err, client.ErrCircuitOpen)
	}
	return refused.Code.Retryable() || refused.Code == protocol.CodeUnknownOutcome || refused.Code == protocol.CodeNotMaster ||
		refused.Code == protocol.CodeDeadline
}

// writer is one client that writes its own subjects, one write after the other.
type writer struct {
	number int
	sdk    *client.Client
	ledger *ledger
	rng    *rand.Rand
	origin protocol.Origin // of the newest write
	value  float64         // the newest; each is written once
	last   uint64          // index of the newest write
	again  int             // how often a write was sent again
	done   []sent          // the newest that were acknowledged, at most remembered
	late   int             // how often one of these was sent once more
}

// sent is a write that was acknowledged.
type sent struct {
	write  *protocol.Write
	origin protocol.Origin
	index  uint64
}

// remembered is how many writes of a client every node knows again, with some to spare.
const remembered = 900

func newWriter(number int, sdk *client.Client, l *ledger, rng *rand.Rand) *writer {
	w := &writer{number: number, sdk: sdk, ledger: l, rng: rng, value: float64(number+1) * 1e9}
	w.origin.Client = protocol.ClientID{byte(number + 1), byte(rng.Uint32())}
	return w
}

// run writes until ctx ends.
func (w *writer) run(ctx context.Context, t testing.TB) {
	for ctx.Err() == nil {
		if w.rng.IntN(12) == 0 {
			w.repeat(t, w.done[w.rng.IntN(len(w.done))])
		} else {
			w.write(t, w.draw())
		}
		time.Sleep(writePause)
	}
}

// repeat sends once more what was acknowledged before, as a client does that did not get the answer. It must be answered as it
// was then, and do nothing: the oracle, who is not told, would notice.
func (w *writer) repeat(t testing.TB, old sent) {
	index, err := w.send(old.write, old.origin)
	switch {
	case err == nil && index != old.index:
		t.Errorf("writer %d: write %d, sent once more, is acknowledged at index %d; it was carried out at %d", w.number,
			old.origin.Sequence, index, old.index)
	case err == nil:
		w.late++
	case !expected(err):
		t.Errorf("writer %d: a write that is sent once more: %v", w.number, err)
	}
}

// write writes until it is acknowledged. A failed write is sent again under its origin, so that it is carried out once.
func (w *writer) write(t testing.TB, one *protocol.Write) {
	w.origin.Sequence++
	giveUp := time.Now().Add(2 * clustertest.Patience)
	for {
		index, err := w.send(one, w.origin)
		switch {
		case err == nil && index <= w.last:
			t.Errorf("writer %d: a write is acknowledged at index %d, the one before it was at %d", w.number, index, w.last)
			fallthrough
		case err == nil:
			w.last = index
			w.ledger.acknowledged(index, one)
			w.done = append(w.done[max(0, len(w.done)+1-remembered):], sent{one, w.origin, index})
			return
		case !expected(err):
			t.Errorf("writer %d: %v", w.number, err)
			return
		case time.Now().After(giveUp):
			t.Errorf("writer %d: not acknowledged within %v: %v", w.number, 2*clustertest.Patience, err)
			return
		}
		w.again++
		time.Sleep(writePause)
	}
}

// send sends a write once; the SDK may do so several times.
func (w *writer) send(one *protocol.Write, origin protocol.Origin) (uint64, error) {
	ctx, cancel := context.WithTimeout(context.Background(), oneTry)
	defer cancel()
	switch {
	case one.Put != nil:
		one.Put.Origin = origin
		return w.sdk.Put(ctx, one.Put)
	case one.Delete != nil:
		one.Delete.Origin = origin
		return w.sdk.Delete(ctx, one.Delete)
	}
	one.Subjects.Origin = origin
	return w.sdk.PutSubjects(ctx, one.Subjects)
}

// setup returns the writes that make the writer's subjects, each with a report.
func (w *writer) setup() []*protocol.Write {
	subjects, put := &protocol.PutSubjects{}, &protocol.Put{IDs: []string{"1001"}}
	for i := range owned {
		u := protocol.SubjectUpdate{Subject: protocol.NewSubject(subjectKey(w.number, i)), Set: protocol.FieldTopics}
		u.Topics = []string{market, outskirts}
		subjects.Subjects = append(subjects.Subjects, u)
		w.value++
		put.Reports = append(put.Reports, protocol.Report{Subject: u.Key, ReportDate: days[0], Values: []float64{w.value}})
	}
	return []*protocol.Write{{Subjects: subjects}, {Put: put}}
}

// draw returns a write of the writer's own subjects. The first keeps its topics and has reports, so that no question ever
// is about what does not exist.
func (w *writer) draw() *protocol.Write {
	n := w.rng.IntN(owned)
	key := subjectKey(w.number, n)
	switch choice := w.rng.IntN(20); {
	case choice == 0 && n > 0:
		return &protocol.Write{Delete: &protocol.Delete{Subjects: []string{key}}}
	case choice < 4:
		u := protocol.SubjectUpdate{Subject: protocol.NewSubject(key), Set: protocol.FieldTopics | protocol.FieldTags | protocol.FieldName}
		u.Name = fmt.Sprint("name ", w.origin.Sequence)
		u.Topics = []string{market}
		if n == 0 || w.rng.IntN(2) == 0 {
			u.Topics = append(u.Topics, outskirts)
		}
		u.Tags = []protocol.Tag{{Kind: tagKind, Text: []string{"merry", "sad"}[w.rng.IntN(2)]}}
		return &protocol.Write{Subjects: &protocol.PutSubjects{Subjects: []protocol.SubjectUpdate{u}}}
	}
	p := &protocol.Put{IDs: []string{"1001", "net_profit"}}
	for range 1 + w.rng.IntN(4) {
		w.value++
		r := protocol.Report{Subject: subjectKey(w.number, w.rng.IntN(owned)), ReportDate: days[w.rng.IntN(len(days))],
			Values: []float64{w.value, -w.value}}
		if w.rng.IntN(3) == 0 {
			r.DeclareDate = protocol.At(r.ReportDate + int64(30+w.rng.IntN(3))*daySeconds)
		}
		p.Reports = append(p.Reports, r)
	}
	return &protocol.Write{Put: p}
}

// questions are the few queries that are asked over and over, so that nodes answer them from their caches, and together
// see everything that writers write.
func questions() []oracletest.Query {
	view := protocol.View{IDs: []string{"1001", "net_profit"}, With: protocol.WithReports | protocol.WithSubjects}
	plain := protocol.View{IDs: []string{"1001"}}
	all := oracletest.Query(&protocol.ListSubjects{Topic: market, Limit: protocol.MaxLimit})
	list := []oracletest.Query{
		all,
		&protocol.ListSubjects{Topic: outskirts, Limit: protocol.MaxLimit},
		&protocol.Snapshot{View: plain, Topic: market, Ranking: protocol.Ranking{Limit: 5}},
		&protocol.Snapshot{View: view, Topic: outskirts, Ranking: protocol.Ranking{Order: protocol.Ascending, Field: "net_profit"}},
		&protocol.Snapshot{View: plain, Topic: market, Timestamp: protocol.At(days[2])},
		&protocol.SelectSnapshot{View: view, Selection: protocol.Selection{Kind: tagKind, Topic: market, Keyword: "merry"}},
		&protocol.SelectPeriod{View: plain, Selection: protocol.Selection{Kind: tagKind, Topic: market, Keyword: "a"}},
	}
	for w := range writers {
		var keys []string
		for i := range owned {
			keys = append(keys, subjectKey(w, i))
		}
		list = append(list,
			&protocol.Search{Subjects: keys, Limit: protocol.MaxLimit},
			&protocol.Snapshot{View: plain, Subjects: keys},
			&protocol.Recent{View: view, Subjects: keys[:3], Limit: 2},
			&protocol.Period{View: plain, Subjects: keys[3:]},
			&protocol.Get{Subject: keys[0]},
		)
	}
	return list
}

// asker asks as ctx says.
type asker struct {
	oracletest.Reader // has no catalog here
	ctx               context.Context
	sdk               *client.Client
}

func (a asker) Snapshot(q *protocol.Snapshot, r *protocol.Result) error {
	return a.sdk.Snapshot(a.ctx, q, r)
}
func (a asker) Period(q *protocol.Period, r *protocol.Result) error { return a.sdk.Period(a.ctx, q, r) }
func (a asker) Recent(q *protocol.Recent, r *protocol.Result) error { return a.sdk.Recent(a.ctx, q, r) }
func (a asker) Get(q *protocol.Get, r *protocol.Result) error       { return a.sdk.Get(a.ctx, q, r) }
func (a asker) Search(q *protocol.Search, r *protocol.Result) error { return a.sdk.Search(a.ctx, q, r) }
func (a asker) SelectSnapshot(q *protocol.SelectSnapshot, r *protocol.Result) error {
	return a.sdk.SelectSnapshot(a.ctx, q, r)
}
func (a asker) SelectPeriod(q *protocol.SelectPeriod, r *protocol.Result) error {
	return a.sdk.SelectPeriod(a.ctx, q, r)
}
func (a asker) Subjects(q *protocol.ListSubjects, l *protocol.SubjectList) error {
	return a.sdk.Subjects(a.ctx, q, l)
}

// ask asks one question and notes the answer, which shows index; what fails is returned.
func ask(ctx context.Context, t testing.TB, sdk *client.Client, l *ledger, by string, q oracletest.Query) (index uint64, err error) {
	a := oracletest.Ask(asker{ctx: ctx, sdk: sdk}, q, nil)
	switch {
	case a.Err != nil:
		return 0, a.Err
	case a.Result != nil:
		index = a.Result.Applied
	default:
		index = a.List.Applied
	}
	l.answered(t, by, q, index, a)
	return index, nil
}
