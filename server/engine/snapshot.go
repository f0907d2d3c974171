package engine

import (
	"math"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// answerSnapshot is Reader.Snapshot at one moment; so are the answers of the other queries.
func (e *Engine) answerSnapshot(rt *root, sc *scratch, q *protocol.Snapshot, r *protocol.Result) error {
	if err := checkWhom(q); err != nil {
		return err
	}
	v, err := e.resolve(rt, &q.View, sc, r)
	if err != nil {
		return err
	}
	if q.Topic == "" {
		return e.rankNames(&v, q.Subjects, &q.Ranking, q.Timestamp, q.Range, sc, r)
	}
	return e.rankWhom(&v, &whom{topic: q.Topic}, &q.Ranking, q.Timestamp, q.Range, sc, r)
}

// checkWhom refuses a snapshot of both a list and a topic, or of neither.
func checkWhom(q *protocol.Snapshot) error {
	if (len(q.Subjects) == 0) == (q.Topic == "") {
		return protocol.Errorf(protocol.CodeBadRequest, "exactly one of subjects and topic is required")
	}
	return nil
}

// scope is which reports are ranked, and how.
type scope struct {
	page
	newest   bool // the newest of each subject, whatever it is
	nothing  bool // no report is within the range
	from, to int64
}

func scopeOf(v *view, rank *protocol.Ranking, timestamp protocol.Instant, span protocol.Range) (s scope, err error) {
	if s.page, err = pageOf(v, rank); err != nil {
		return s, err
	}
	if s.from, s.to, err = bounds(span); err != nil {
		return s, err
	}
	if err := checkInstant("timestamp", timestamp); err != nil {
		return s, err
	}
	s.until(timestamp)
	s.narrow(v)
	return s, nil
}

// until ends the range at a timestamp, if that is given.
func (s *scope) until(timestamp protocol.Instant) {
	if timestamp.Given {
		s.to = min(s.to, timestamp.Seconds)
	}
}

// narrow brings range and filter to what tells reports of the table apart, so that a query about now is one of the newest
// reports.
func (s *scope) narrow(v *view) {
	if v.filter.hasKnown && v.table.calendar.knows(v.filter.known) {
		v.filter.hasKnown, v.filter.known = false, 0
	}
	some := false
	s.from, s.to, some = v.table.calendar.narrow(s.from, s.to)
	s.nothing = !some || v.filter.noTypes
	s.newest = v.filter.plain() && s.from == lowest && s.to == highest
}

// rankWhom answers a ranking of a topic or of a selection from it.
func (e *Engine) rankWhom(v *view, w *whom, rank *protocol.Ranking, timestamp protocol.Instant, span protocol.Range,
	sc *scratch, r *protocol.Result) error {
	topic, err := v.root.topic(w.topic)
	if err != nil {
		return err
	}
	s, err := scopeOf(v, rank, timestamp, span)
	if err != nil || s.nothing {
		return err
	}
	in, err := v.enter(&s, len(topic), sc)
	if err != nil {
		return err
	}
	if s.newest {
		o, err := v.orderOf(in, &orderKey{whom: *w, slot: v.slot, column: s.column}, len(topic), sc)
		if err != nil {
			return err
		}
		if o != nil {
			sc.items = o.page(sc.items[:0], v.root, figures{v.table, s.column}, &s.page)
			return e.fillNewest(v, sc.numbersOf(sc.items), sc, r)
		}
	}
	numbers, err := sc.members(v.root, w)
	if err != nil {
		return err
	}
	return e.rank(v, numbers, true, &s, sc, r)
}

// enter lets the view see a past as the newest reports, if what it asks for stands or comes to stand. size is of how many
// subjects that is asked.
func (v *view) enter(s *scope, size int, sc *scratch) (*past, error) {
	if s.newest {
		return nil, nil
	}
	in, err := v.pastOf(s, size, sc)
	if in != nil {
		v.table, s.newest = in.table, true
	}
	return in, err
}

// rankList answers a ranking of some subjects; keyed tells that they come in key order.
func (e *Engine) rankList(v *view, numbers []uint32, keyed bool, rank *protocol.Ranking, timestamp protocol.Instant,
	span protocol.Range, sc *scratch, r *protocol.Result) error {
	s, err := scopeOf(v, rank, timestamp, span)
	if err != nil || s.nothing {
		return err
	}
	return e.rankScope(v, numbers, keyed, &s, sc, r)
}

// rankScope is rankList of a scope that has reports.
func (e *Engine) rankScope(v *view, numbers []uint32, keyed bool, s *scope, sc *scratch, r *protocol.Result) error {
	if err := v.enterList(s, sc); err != nil {
		return err
	}
	return e.rank(v, numbers, keyed, s, sc, r)
}

// enterList is enter of who asks about a list, for which no past comes to stand.
func (v *view) enterList(s *scope, sc *scratch) error {
	if v.root.pasts.len() == 0 {
		return nil
	}
	_, err := v.enter(s, 0, sc)
	return err
}

// rank ranks the candidates; keyed tells that they come in key order.
func (e *Engine) rank(v *view, numbers []uint32, keyed bool, s *scope, sc *scratch, r *protocol.Result) error {
	if s.newest {
		sc.items = v.newestItems(sc.items[:0], numbers, &s.page)
	} else if err := v.itemsWithin(sc, numbers, s); err != nil {
		return err
	}
	var items []item
	if keyed {
		items = s.rankKeyed(sc.items, sc)
	} else {
		items = s.rankListed(sc.items, sc, v.root)
	}
	if s.newest {
		return e.fillNewest(v, sc.numbersOf(items), sc, r)
	}
	if err := e.checkSize(len(items), len(v.columns)); err != nil {
		return err
	}
	v.fillSubjects(sc.numbersOf(items), r)
	return v.fillRows(items, sc, r)
}

// newestItems makes an item of each candidate that has a report, by its newest.
func (v *view) newestItems(items []item, numbers []uint32, p *page) []item {
	flip := p.flip()
	shape, place := noShape, -1 // those of the chunk before: nearly always the same
	for i, n := range numbers {
		c, row := v.table.chunkOf(n)
		if c == nil {
			continue
		}
		if c.shape != shape {
			shape, place = c.shape, c.shape.place(p.column)
		}
		words := c.row(row)
		date := int64(words[0])
		if date == noDate {
			continue
		}
		key := uint64(missingKey)
		if p.column == byReportDate {
			key = dateKey(date, flip)
		} else if place >= 0 {
			key = sortKey(math.Float64frombits(words[1+place]), flip)
		}
		items = append(items, item{key: key, number: n, tie: uint32(i)})
	}
	return items
}

// itemsWithin makes an item of each candidate's newest report that passes the filter and lies within the dates.
// sc.rows then has the place of that report in its series, by item.tie.
func (v *view) itemsWithin(sc *scratch, numbers []uint32, scope *scope) error {
	sc.items, sc.rows = sc.items[:0], sc.rows[:0]
	flip, guess := scope.flip(), noGuess
	for len(numbers) > 0 {
		n, err := v.near(numbers, sc)
		if err != nil {
			return err
		}
		numbers = numbers[n:]
		before := len(sc.items)
		for i := range sc.near {
			c := &sc.near[i]
			if guess = c.s.firstNear(scope.to, guess); i == 0 {
				fetchRuns(sc.near[1:], guess-1, guess+1)
			}
			if row := c.s.newestBehind(guess, &v.filter, scope.from); row >= 0 {
				c.from = int32(row)
				sc.near[len(sc.items)-before] = *c
				sc.items = append(sc.items, item{number: c.number, tie: uint32(len(sc.rows))})
				sc.rows = append(sc.rows, uint32(row))
			}
		}
		// Each value is a line of memory that is far away: read one by one, between the decisions of finding the next
		// report, they made up half of a ranking.
		items := sc.items[before:]
		for i := range items {
			items[i].key = v.rowKey(sc.near[i].s, int(sc.near[i].from), &scope.page, flip)
		}
		if len(sc.near) == 1 { // what is lent comes alone
			sc.shelf.release(sc.near[0].s)
		}
	}
	return nil
}

func (v *view) rowKey(s *series, row int, p *page, flip uint64) uint64 {
	if p.column == byReportDate {
		return dateKey(s.date(row), flip)
	}
	return sortKey(s.value(row, p.column), flip)
}

// fillSubjects appends the subjects of the page.
func (v *view) fillSubjects(numbers []uint32, r *protocol.Result) {
	for _, n := range numbers {
		s := v.root.named(n)
		r.AppendRow(s.Subject, s.short)
	}
}

func (v *view) head(rep report) protocol.Head {
	return protocol.Head{
		ReportDate:  rep.date,
		DeclareDate: rep.declareDate(),
		Type:        v.root.types[rep.typ()],
		Period:      v.root.periods[rep.period()],
		Year:        rep.year(),
	}
}

// numbersOf returns the subjects of items, in place of the candidates.
func (sc *scratch) numbersOf(items []item) []uint32 {
	sc.numbers = sc.numbers[:0]
	for i := range items {
		sc.numbers = append(sc.numbers, items[i].number)
	}
	return sc.numbers
}

// fillNewest fills in a page from the columns of newest values, and the heads where asked for.
func (e *Engine) fillNewest(v *view, numbers []uint32, sc *scratch, r *protocol.Result) error {
	if err := e.checkSize(len(numbers), len(v.columns)); err != nil {
		return err
	}
	v.fillSubjects(numbers, r)
	if r.With&protocol.WithReports != 0 {
		for _, n := range numbers {
			r.Heads = append(r.Heads, v.head(v.table.summaryOf(n).head))
		}
	}
	sc.places = v.fillValues(grow(r, len(numbers)*len(v.columns)), numbers, sc.places[:0])
	return nil
}

// fillValues copies the asked columns of subjects that have a report. places is working memory.
func (v *view) fillValues(out []float64, numbers []uint32, places []int32) []int32 {
	var shape *shape // places are those in it
	for i, n := range numbers {
		c, row := v.table.chunkOf(n)
		if c.shape != shape {
			shape, places = c.shape, c.shape.placesOf(v.columns, places[:0])
		}
		words := c.row(row)
		at := i
		for _, place := range places {
			value := missingBits
			if place > 0 {
				value = words[place]
			}
			out[at] = math.Float64frombits(value)
			at += len(numbers)
		}
	}
	return places
}

// fillRows gathers the asked columns of the page from the subjects' series, and the heads where asked for.
func (v *view) fillRows(items []item, sc *scratch, r *protocol.Result) error {
	out := grow(r, len(items)*len(v.columns))
	for i, it := range items {
		s, err := v.seriesOf(it.number, sc)
		if err != nil {
			return err
		}
		row := int(sc.rows[it.tie])
		if r.With&protocol.WithReports != 0 {
			r.Heads = append(r.Heads, v.head(s.report(row)))
		}
		for c, col := range v.columns {
			out[c*len(items)+i] = s.value(row, col)
		}
		sc.shelf.release(s)
	}
	return nil
}

// grow makes r.Values n long, reusing its memory, and returns it.
func grow(r *protocol.Result, n int) []float64 {
	if cap(r.Values) < n {
		r.Values = make([]float64, n)
	}
	r.Values = r.Values[:n]
	return r.Values
}
