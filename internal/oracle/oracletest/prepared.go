package oracletest

import (
	"fmt"
	"io"
	"sync"

	"pgregory.net/rapid"

	"github.com/kamaitachi/kamaitachi/internal/oracle"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// Preparer is a Target whose queries can be prepared: those that protocol.QueryOp knows.
type Preparer interface {
	Target
	// Prepare may keep q, which is not changed any more.
	Prepare(q protocol.Message) (Prepared, error)
}

// Prepared is a query that can be asked again and again.
type Prepared interface {
	Execute(c *protocol.Change, r *protocol.Result) error
}

// maxHeld is how many prepared queries a history holds on to at once.
const maxHeld = 8

// held is a prepared query of a history.
type held struct {
	query    protocol.Message
	prepared Prepared
}

// CheckPrepared is Check for prepared queries: they are prepared at some point of a random history and executed with
// changes later on, whatever was written between.
func CheckPrepared(t *rapid.T, open func() Preparer) {
	target := open()
	closeAfter(t, target)
	if failure := RunPrepared(t, target); failure != "" {
		t.Fatal(failure)
	}
}

// RunPrepared is CheckPrepared on a target that the caller opened and closes.
func RunPrepared(t *rapid.T, target Preparer) string {
	s := session{model: oracle.New(), target: target, world: RandomWorld().Draw(t, "world")}
	for _, w := range s.world.Setup() {
		s.write(w)
	}
	var all []*held
	t.Repeat(map[string]func(*rapid.T){
		"prepare": func(t *rapid.T) {
			if h := s.prepare(t, target); h != nil {
				all = append(all, h)
			}
			if len(all) > maxHeld {
				s.drop(all[0])
				all = all[1:]
			}
		},
		"execute": func(t *rapid.T) {
			for _, h := range all {
				s.execute(h, change(t, h.query))
			}
		},
		"write": func(t *rapid.T) { s.write(s.world.RandomWrite(t)) },
	})
	for _, h := range all {
		s.execute(h, &protocol.Change{})
		s.drop(h)
	}
	return s.failure
}

// drop closes a prepared query that can be closed.
func (s *session) drop(h *held) {
	if c, ok := h.prepared.(io.Closer); ok {
		if err := c.Close(); err != nil {
			s.fail(fmt.Sprintf("close a prepared query: %v", err))
		}
	}
}

// prepare prepares a random query. It returns nil where the model refuses that too.
func (s *session) prepare(t *rapid.T, target Preparer) *held {
	var q protocol.Message
	for ok := false; !ok; {
		if q, ok = s.world.RandomQuery(t).(protocol.Message); ok {
			_, ok = protocol.QueryOp(q)
		}
	}
	if s.failure != "" {
		return nil
	}
	p, err := target.Prepare(q)
	s.history = append(s.history, "prepared "+Describe(q))
	want := Ask(s.model, q, nil)
	if diff := oracle.DiffErrors(want.Err, err); diff != "" {
		s.fail("preparing it is answered differently:\n" + diff)
	}
	if want.Err != nil || err != nil {
		return nil
	}
	return &held{q, p}
}

// execute compares the answer to a changed query with that to the query that it then is.
func (s *session) execute(h *held, c *protocol.Change) {
	if s.failure != "" {
		return
	}
	r := usedResult()
	got := Answer{Err: h.prepared.Execute(c, r), Result: r}
	op, _ := protocol.QueryOp(h.query)
	want := Answer{Err: c.Fits(op)}
	if want.Err == nil {
		want = Ask(s.model, changed(h.query, c), nil)
	}
	if diff := DiffAnswers(want, got); diff != "" {
		s.fail(fmt.Sprintf("the prepared query\n  %s\nwith %+v\nis answered differently:\n%s", Describe(h.query), *c, diff))
	}
}

// changed returns the query with a change.
func changed(q protocol.Message, c *protocol.Change) Query {
	switch q := q.(type) {
	case *protocol.Snapshot:
		n := *q
		n.Ranking, n.Timestamp = c.Ranking(q.Ranking), c.When(q.Timestamp)
		return &n
	case *protocol.SelectSnapshot:
		n := *q
		n.Ranking, n.Timestamp = c.Ranking(q.Ranking), c.When(q.Timestamp)
		return &n
	case *protocol.SelectPeriod:
		n := *q
		n.Ranking = c.Ranking(q.Ranking)
		return &n
	case *protocol.Recent:
		n := *q
		n.Limit = c.Limit.Or(q.Limit)
		return &n
	}
	return q
}

// change draws a change, mostly one that the query has.
func change(t *rapid.T, q protocol.Message) *protocol.Change {
	c := &protocol.Change{}
	odd := rarely(t, "odd change")
	op, _ := protocol.QueryOp(q)
	r := ranking(t, tableOf(q))
	for _, set := range []func(n *protocol.Change){
		func(n *protocol.Change) { n.Offset = protocol.Some(r.Offset) },
		func(n *protocol.Change) { n.Limit = protocol.Some(r.Limit) },
		func(n *protocol.Change) { n.Order = protocol.Some(r.Order) },
		func(n *protocol.Change) { n.Field = protocol.Some(r.Field) },
		func(n *protocol.Change) { n.Timestamp = moment(t, "timestamp") },
	} {
		n := *c
		if set(&n); sometimes(t, "changed") && (odd || n.Fits(op) == nil) {
			*c = n
		}
	}
	return c
}

// tableOf returns the table that a query names.
func tableOf(q protocol.Message) string {
	switch q := q.(type) {
	case *protocol.Snapshot:
		return q.Table
	case *protocol.SelectSnapshot:
		return q.Table
	case *protocol.SelectPeriod:
		return q.Table
	}
	return ""
}

// Preparing returns a target that prepares every query without its ranking and timestamp when it is first asked, and from
// then on executes it with these as a change. Queries are told apart by their pointers.
func Preparing(target Preparer) Target { return &preparing{Preparer: target} }

type preparing struct {
	Preparer
	prepared sync.Map // query -> Prepared
}

func (p *preparing) execute(q, bare protocol.Message, c *protocol.Change, r *protocol.Result) error {
	have, ok := p.prepared.Load(q)
	if !ok {
		fresh, err := p.Prepare(bare)
		if err != nil {
			r.Reset()
			return err
		}
		have, _ = p.prepared.LoadOrStore(q, fresh)
	}
	return have.(Prepared).Execute(c, r)
}

// all returns the change to a ranking and a timestamp.
func all(k protocol.Ranking, timestamp protocol.Instant) *protocol.Change {
	return &protocol.Change{Offset: protocol.Some(k.Offset), Limit: protocol.Some(k.Limit), Order: protocol.Some(k.Order),
		Field: protocol.Some(k.Field), Timestamp: timestamp}
}

func (p *preparing) Snapshot(q *protocol.Snapshot, r *protocol.Result) error {
	bare := *q
	bare.Ranking, bare.Timestamp = protocol.Ranking{}, protocol.Instant{}
	return p.execute(q, &bare, all(q.Ranking, q.Timestamp), r)
}

func (p *preparing) SelectSnapshot(q *protocol.SelectSnapshot, r *protocol.Result) error {
	bare := *q
	bare.Ranking, bare.Timestamp = protocol.Ranking{}, protocol.Instant{}
	return p.execute(q, &bare, all(q.Ranking, q.Timestamp), r)
}

func (p *preparing) SelectPeriod(q *protocol.SelectPeriod, r *protocol.Result) error {
	bare := *q
	bare.Ranking = protocol.Ranking{}
	return p.execute(q, &bare, all(q.Ranking, protocol.Instant{}), r)
}

func (p *preparing) Period(q *protocol.Period, r *protocol.Result) error {
	return p.execute(q, q, &protocol.Change{}, r)
}

func (p *preparing) Recent(q *protocol.Recent, r *protocol.Result) error {
	bare := *q
	bare.Limit = 0
	return p.execute(q, &bare, &protocol.Change{Limit: protocol.Some(q.Limit)}, r)
}
