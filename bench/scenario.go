package bench

import (
	"fmt"
	"math/rand/v2"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// Scenario is one of the four things that stock applications ask (product.md).
type Scenario int

// The scenarios.
const (
	OneSubject     Scenario = 0 // one subject, two indicators, 2020 to 2023, newest first: the reference's first benchmark
	PeriodOfSome   Scenario = 1 // several subjects, several indicators, a range of time
	RecentOfOne    Scenario = 2 // one subject, several indicators, the most recent reports
	RankingOfMany  Scenario = 3 // 50 subjects, newest report, sorted and paged
	SnapshotAtDate Scenario = 4 // several subjects at a given date
)

// What a scenario asks for.
const (
	indicatorsAsked = 4
	periodSubjects  = 5
	periodSpan      = 2 * 365 * protocol.SecondsPerDay
	rankedSubjects  = 50
	rankedLimit     = 20
	datedSubjects   = 10
	oneFrom         = 1_577_836_800 // 2020-01-01
	oneTo           = 1_703_980_800 // 2023-12-31
)

// ReferenceTarget is the requests per second that the reference's load tool asks of a scenario (product.md).
func (s Scenario) ReferenceTarget() float64 {
	switch s {
	case RecentOfOne:
		return 500
	case RankingOfMany, OneSubject:
		return 10_000
	}
	return 300
}

// String names the scenario for people.
func (s Scenario) String() string {
	switch s {
	case OneSubject:
		return "0 one subject"
	case PeriodOfSome:
		return "1 period"
	case RecentOfOne:
		return "2 recent"
	case RankingOfMany:
		return "3 ranking"
	case SnapshotAtDate:
		return "4 at a date"
	}
	return fmt.Sprintf("scenario %d", int(s))
}

// Validate refuses numbers that are not a scenario.
func (s Scenario) Validate() error {
	if s < OneSubject || s > SnapshotAtDate {
		return fmt.Errorf("bench: scenario %d is not one of 0 to 4", int(s))
	}
	return nil
}

// query is one request of a scenario; op tells which of its parts counts. It is reused.
type query struct {
	op       protocol.Op
	snapshot protocol.Snapshot
	period   protocol.Period
	recent   protocol.Recent
}

// message returns the part that op names.
func (q *query) message() protocol.Message {
	switch q.op {
	case protocol.OpPeriod:
		return &q.period
	case protocol.OpRecent:
		return &q.recent
	}
	return &q.snapshot
}

// maker makes the requests of one scenario. Each connection has its own.
type maker struct {
	scenario Scenario
	market   *Market
	rnd      *rand.Rand
	query    query
	ids      []string
	subjects []string
}

func newMaker(s Scenario, m *Market, seed, stream uint64) *maker {
	return &maker{scenario: s, market: m, rnd: rand.New(rand.NewPCG(seed, stream)), ids: append([]string(nil), m.IDs...)}
}

// next returns a new request, valid until the next call.
func (k *maker) next() *query {
	q := &k.query
	ids := k.someIDs()
	switch k.scenario {
	case OneSubject:
		q.op = protocol.OpSnapshot
		q.snapshot.IDs, q.snapshot.Subjects = ids[:min(2, len(ids))], k.someSubjects(1)
		q.snapshot.Field, q.snapshot.Limit = protocol.ReportDateField, 1+k.rnd.IntN(protocol.MaxLimit)
		q.snapshot.Range = protocol.Range{From: protocol.At(oneFrom), To: protocol.At(oneTo)}
	case PeriodOfSome:
		q.op = protocol.OpPeriod
		q.period.IDs, q.period.Subjects = ids, k.someSubjects(periodSubjects)
		from := k.date(k.market.From, max(k.market.From, k.market.To-periodSpan))
		q.period.Range = protocol.Range{From: protocol.At(from), To: protocol.At(from + periodSpan)}
	case RecentOfOne:
		q.op = protocol.OpRecent
		q.recent.IDs, q.recent.Subjects = ids, k.someSubjects(1)
		q.recent.Limit = 4 + k.rnd.IntN(8)
	case SnapshotAtDate:
		q.op = protocol.OpSnapshot
		q.snapshot.IDs, q.snapshot.Subjects = ids, k.someSubjects(datedSubjects)
		q.snapshot.Field, q.snapshot.Limit = ids[0], rankedLimit
		q.snapshot.Timestamp = protocol.At(k.date((k.market.From+k.market.To)/2, k.market.To))
	default:
		q.op = protocol.OpSnapshot
		q.snapshot.IDs, q.snapshot.Subjects = ids, k.someSubjects(rankedSubjects)
		q.snapshot.Field, q.snapshot.Limit = ids[0], rankedLimit
		q.snapshot.Order = protocol.Order(k.rnd.IntN(2))
	}
	return q
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

// someSubjects returns n random subjects; of a large market a repetition is rare and counts once.
func (k *maker) someSubjects(n int) []string {
	k.subjects = k.subjects[:0]
	for range min(n, len(k.market.Keys)) {
		k.subjects = append(k.subjects, k.market.Keys[k.rnd.IntN(len(k.market.Keys))])
	}
	return k.subjects
}
