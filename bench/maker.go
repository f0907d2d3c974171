package bench

import (
	"math/rand/v2"
	"slices"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// maker makes the requests of one scenario. Each connection has its own.
type maker struct {
	scenario Scenario
	market   *Market
	deck     *Deck
	rnd      *rand.Rand
	query    Query
	ids      []string
	picked   []int
	subjects []string
}

func newMaker(s Scenario, m *Market, seed uint64, deck *Deck) *maker {
	return &maker{scenario: s, market: m, deck: deck, rnd: deck.random(seed), ids: slices.Clone(m.IDs)}
}

// Queries returns what makes the requests of a scenario, for those who send them by other means than Run. Each is valid
// until the next one is made; it is for one goroutine.
func Queries(s Scenario, m *Market, seed uint64, d *Deck) func() *Query {
	return newMaker(s, m, seed, d).next
}

// Bounds of what is asked for.
const (
	leastRecent = 4 // reports
	recentSpan  = 8
)

// next returns a new request, valid until the next call.
func (k *maker) next() *Query {
	q := &k.query
	q.Op = protocol.OpSnapshot
	switch k.scenario {
	case OneSubject:
		k.oneSubject(&q.Snapshot)
	case PeriodOfSome:
		q.Op = protocol.OpPeriod
		q.Period.IDs, q.Period.Subjects = k.someIDs(), k.someSubjects(periodSubjects)
		from := k.date(k.market.From, max(k.market.From, k.market.To-periodSpan))
		q.Period.Range = protocol.Range{From: protocol.At(from), To: protocol.At(from + periodSpan)}
	case RecentOfOne:
		q.Op = protocol.OpRecent
		k.recent(&q.Recent)
	case SnapshotAtDate:
		q.Snapshot.IDs, q.Snapshot.Subjects = k.someIDs(), k.someSubjects(datedSubjects)
		q.Snapshot.Field, q.Snapshot.Limit = k.ids[0], rankedLimit
		q.Snapshot.Timestamp = protocol.At(k.date((k.market.From+k.market.To)/2, k.market.To))
	case PreparedRanking:
		q.Op = protocol.OpExecute
		k.prepared(q)
	case TopicRanking:
		k.topic(&q.Snapshot)
	case TopicAtDate:
		k.topic(&q.Snapshot)
		q.Snapshot.Timestamp = protocol.At(k.date((k.market.From+k.market.To)/2, k.market.To))
	default:
		q.Snapshot.IDs, q.Snapshot.Subjects = k.someIDs(), k.someSubjects(rankedSubjects)
		q.Snapshot.Field, q.Snapshot.Limit = k.ids[0], rankedLimit
		q.Snapshot.Order = protocol.Order(k.rnd.IntN(2))
	}
	return q
}

// oneSubject makes a request out of a number that was not dealt before.
func (k *maker) oneSubject(q *protocol.Snapshot) {
	width := min(2, len(k.ids))
	number := digits(k.deck.deal(uint64(len(k.market.Keys)) * protocol.MaxLimit * choices(len(k.ids), width)))
	q.Subjects = k.oneOfAll(&number)
	q.Field, q.Limit = protocol.ReportDateField, 1+number.below(protocol.MaxLimit)
	q.IDs = k.chooseIDs(&number, width)
	q.Range = protocol.Range{From: protocol.At(oneFrom), To: protocol.At(oneTo)}
}

// recent is like oneSubject.
func (k *maker) recent(q *protocol.Recent) {
	width := min(indicatorsAsked, len(k.ids))
	number := digits(k.deck.deal(uint64(len(k.market.Keys)) * recentSpan * choices(len(k.ids), width)))
	q.Subjects = k.oneOfAll(&number)
	q.Limit = leastRecent + number.below(recentSpan)
	q.IDs = k.chooseIDs(&number, width)
}

// topic is like oneSubject. The field is the first of the indicators, which may be any.
func (k *maker) topic(q *protocol.Snapshot) {
	width, pages := min(indicatorsAsked, len(k.ids)), max(1, len(k.market.Keys)-rankedLimit)
	number := digits(k.deck.deal(uint64(pages) * 2 * choices(len(k.ids), width)))
	q.Topic, q.Limit, q.Offset = k.market.Topic, rankedLimit, number.below(pages)
	q.Order = protocol.Order(number.below(2))
	q.IDs = k.chooseIDs(&number, width)
	q.Field = q.IDs[0]
}

// choices is the number of ways to choose width of n in order.
func choices(n, width int) uint64 {
	ways := uint64(1)
	for i := range width {
		ways *= uint64(n - i)
	}
	return ways
}

// chooseIDs returns the width indicators, in order, that a number stands for.
func (k *maker) chooseIDs(number *digits, width int) []string {
	copy(k.ids, k.market.IDs)
	for i := range width {
		j := i + number.below(len(k.ids)-i)
		k.ids[i], k.ids[j] = k.ids[j], k.ids[i]
	}
	return k.ids[:width]
}

func (k *maker) oneOfAll(number *digits) []string {
	k.subjects = append(k.subjects[:0], k.market.Keys[number.below(len(k.market.Keys))])
	return k.subjects
}

func (k *maker) date(from, to int64) int64 { return from + k.rnd.Int64N(to-from+1) }

// someIDs returns some of the indicators in random order.
func (k *maker) someIDs() []string {
	n := min(indicatorsAsked, len(k.ids))
	for i := range n {
		j := i + k.rnd.IntN(len(k.ids)-i)
		k.ids[i], k.ids[j] = k.ids[j], k.ids[i]
	}
	return k.ids[:n]
}

// someSubjects returns n random subjects, or all when there are fewer, each once.
func (k *maker) someSubjects(n int) []string {
	k.picked, k.subjects = k.picked[:0], k.subjects[:0]
	for len(k.picked) < min(n, len(k.market.Keys)) {
		if i := k.rnd.IntN(len(k.market.Keys)); !slices.Contains(k.picked, i) {
			k.picked = append(k.picked, i)
			k.subjects = append(k.subjects, k.market.Keys[i])
		}
	}
	return k.subjects
}
