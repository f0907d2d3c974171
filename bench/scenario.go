package bench

import (
	"fmt"

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
	TopicRanking   Scenario = 5 // a whole topic, newest report, by any field, any page
	TopicAtDate    Scenario = 6 // the same at a given date
	// PreparedRanking is RankingOfMany as prepared queries; its load needs the dialect Prepared.
	PreparedRanking Scenario = 7
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
	case TopicRanking:
		return "5 topic"
	case TopicAtDate:
		return "6 topic at a date"
	case PreparedRanking:
		return "7 prepared ranking"
	}
	return fmt.Sprintf("scenario %d", int(s))
}

// Validate refuses numbers that are not a scenario.
func (s Scenario) Validate() error {
	if s < OneSubject || s > PreparedRanking {
		return fmt.Errorf("bench: scenario %d is not one of 0 to 7", int(s))
	}
	return nil
}

// Query is one request of a scenario; Op tells which of its parts counts. It is reused.
type Query struct {
	Op       protocol.Op
	Snapshot protocol.Snapshot
	Period   protocol.Period
	Recent   protocol.Recent
	List     int             // of an OpExecute: which of the prepared lists
	Change   protocol.Change // of an OpExecute
}

// message returns the part that op names.
func (q *Query) message() protocol.Message {
	switch q.Op {
	case protocol.OpPeriod:
		return &q.Period
	case protocol.OpRecent:
		return &q.Recent
	}
	return &q.Snapshot
}
