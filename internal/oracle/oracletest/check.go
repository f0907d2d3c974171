package oracletest

import (
	"fmt"
	"strings"

	"pgregory.net/rapid"

	"github.com/kamaitachi/kamaitachi/internal/oracle"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// Check runs one random history beside a model: writes of every kind, refused ones among them, with queries of every
// operation in between, each compared with the model's answer; at the end, and after each reopening of a Reopener,
// everything that is there. It is the body of a rapid.Check:
//
//	rapid.Check(t, func(t *rapid.T) { oracletest.Check(t, open) })
func Check(t *rapid.T, open func() Target) {
	target := open()
	closeAfter(t, target)
	if failure := Run(t, target); failure != "" {
		t.Fatal(failure)
	}
}

// Run is Check on a target that the caller opened and closes; it returns the first difference with the history that led
// to it, or "".
func Run(t *rapid.T, target Target) string {
	s := session{model: oracle.New(), target: target, world: RandomWorld().Draw(t, "world")}
	s.ask(s.world.RandomQuery(t)) // of nothing: there is no table yet
	for _, w := range s.world.Setup() {
		s.write(w)
	}
	actions := map[string]func(*rapid.T){
		"ask":       func(t *rapid.T) { s.askSome(t) },
		"ask again": func(t *rapid.T) { s.askSome(t) }, // two actions of three ask
		"write":     func(t *rapid.T) { s.write(s.world.RandomWrite(t)) },
	}
	if r, ok := target.(Reopener); ok {
		actions["zz reopen"] = func(t *rapid.T) {
			if rapid.IntRange(0, 3).Draw(t, "reopen") == 3 {
				s.reopen(r)
			}
		}
	}
	t.Repeat(actions)
	s.sweep()
	return s.failure
}

// session is a history under way. Once something differs it does nothing any more.
type session struct {
	world   *World
	model   *oracle.Model
	target  Target
	last    uint64  // index of the newest write
	clock   int64   // Time of the newest write: a log's clock never goes back
	history []any   // writes, and notes between them
	asked   []Query // what may be asked again, so that an old answer is noticed
	failure string
}

// maxAsked is how many queries are kept to be asked again.
const maxAsked = 4

// askSome draws a few queries and asks them, and asks some of the earlier ones again, so that a cache comes to keep their
// answers.
func (s *session) askSome(t *rapid.T) {
	for range rapid.IntRange(1, 4).Draw(t, "number of queries") {
		q := s.world.RandomQuery(t)
		s.ask(q)
		if rapid.IntRange(0, 2).Draw(t, "to be asked again") != 0 {
			continue
		}
		if len(s.asked) == maxAsked {
			s.asked = s.asked[1:]
		}
		s.asked = append(s.asked, q)
	}
	for _, q := range s.asked {
		s.ask(q)
	}
}

// ask compares the answers to one query.
func (s *session) ask(q Query) {
	if s.failure != "" {
		return
	}
	if diff := Compare(s.model, s.target, q); diff != "" {
		s.fail("the query\n  " + Describe(q) + "\nis answered differently:\n" + diff)
	}
}

// write applies one write to both sides and compares what they say. What was lent to the target is overwritten
// afterwards.
func (s *session) write(w *protocol.Write) {
	if s.failure != "" {
		return
	}
	s.clock = max(s.clock, w.Time)
	w.Time = s.clock
	s.history = append(s.history, w)
	loan := lend(w)
	index, err := s.target.Apply(loan.write)
	if err == nil && index <= s.last {
		s.fail(fmt.Sprintf("the last write was given index %d after %d", index, s.last))
	}
	s.last = max(s.last, index)
	if diff := oracle.DiffErrors(s.model.Apply(index, w), err); diff != "" {
		s.fail("the last write is answered differently:\n" + diff)
	}
	loan.takeBack()
}

// reopen closes and opens the target, and looks at everything.
func (s *session) reopen(r Reopener) {
	if s.failure != "" {
		return
	}
	s.history = append(s.history, "(reopened)")
	if err := r.Reopen(); err != nil {
		s.fail(fmt.Sprintf("reopen: %v", err))
	}
	s.sweep()
}

// sweep asks for everything that is there.
func (s *session) sweep() {
	for _, q := range append(s.world.Everything(), s.asked...) {
		s.ask(q)
	}
}

func (s *session) fail(what string) {
	if s.failure != "" {
		return
	}
	var history strings.Builder
	for _, h := range s.history {
		history.WriteString("  " + Describe(h) + "\n")
	}
	s.failure = fmt.Sprintf("world: %+v\nhistory:\n%s%s", *s.world, history.String(), what)
}

// Everything returns queries that together see all that a history of the world can have written.
func (w *World) Everything() []Query {
	all := []Query{CatalogQuery{}, &protocol.ListSubjects{Limit: protocol.MaxLimit}}
	for _, topic := range topics {
		all = append(all, &protocol.ListSubjects{Topic: topic, Limit: protocol.MaxLimit})
	}
	for _, columns := range [][]string{{"1", "1001", "net_profit"}, {"2", "gdp"}, {"3", "7"}} {
		table := columns[0]
		view := protocol.View{Table: table, IDs: columns[1:], With: protocol.WithSubjects | protocol.WithReports}
		all = append(all,
			&protocol.Search{Table: table, Limit: protocol.MaxLimit},
			&protocol.Period{View: view, Subjects: w.Keys},
			&protocol.Snapshot{View: view, Topic: topics[0], Ranking: protocol.Ranking{Limit: protocol.MaxLimit}},
		)
	}
	return all
}

// Describe writes a query or write for people. It is long where the thing is.
func Describe(v any) string {
	const most = 2_000
	text := fmt.Sprintf("%T %+v", v, v)
	if w, ok := v.(*protocol.Write); ok {
		text = fmt.Sprintf("write at %d: ", w.Time)
		switch {
		case w.Put != nil:
			text += fmt.Sprintf("put %+v", *w.Put)
		case w.Delete != nil:
			text += fmt.Sprintf("delete %+v", *w.Delete)
		case w.Subjects != nil:
			text += fmt.Sprintf("subjects %+v", w.Subjects.Subjects)
		case w.Tables != nil:
			text += fmt.Sprintf("tables %+v", w.Tables.Tables)
		}
	}
	if len(text) > most {
		return text[:most] + fmt.Sprintf("... (%d bytes)", len(text))
	}
	return text
}
