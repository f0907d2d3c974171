package server

import (
	"math"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// What answering takes is estimated in points of about 20 ns on the machine of the benchmarks. Being wrong by a factor
// of a few is fine: it decides where a read runs, not what it answers.
const (
	// maxLoopCost is the most that one request may cost on a loop: about 100 us.
	maxLoopCost = 5_000
	// loopBudget is the most that a connection may cost a loop in one wake-up: about 1 ms.
	loopBudget = 50_000
	// maxLoopFrame is the longest frame that is decoded on a loop, in bytes.
	maxLoopFrame = 16 << 10

	forWorkers = math.MaxInt32 // always more than maxLoopCost
	baseCost   = 10            // cutting, header, reply
	getCost    = 2_000         // a whole history in full width; how long it is shows only when it is read

	subjectCost   = 2  // to look a subject up and rank it
	memberCost    = 1  // to rank a subject of a topic
	orderCost     = 4  // to bring a subject of a topic into a standing order, over ranking it
	historyFactor = 8  // to look for the newest report in a history, over taking the newest
	historyLen    = 40 // reports in a history: ten years of quarters
	listCost      = 20 // to list a subject with its attributes
	valuesPerCost = 4  // values and fields copied and encoded per point
)

// rowsCost is what it costs to fill in and encode rows of so many indicators.
func rowsCost(rows int, v *protocol.View) int { return rows * (4 + len(v.IDs)) / valuesPerCost }

// pageRows returns how many rows a ranking over n subjects answers at most.
func pageRows(k *protocol.Ranking, n int) int {
	limit := k.Limit
	if limit <= 0 {
		limit = protocol.DefaultLimit
	}
	return min(limit, n)
}

// historic tells whether a view needs histories rather than the newest reports.
func historic(v *protocol.View, timestamp protocol.Instant, r protocol.Range) bool {
	return timestamp.Given || v.KnownAt.Given || len(v.ReportTypes) > 0 || r.From.Given || r.To.Given
}

// noChange is that of a query that is not prepared.
var noChange protocol.Change

func costSnapshot(e Engine, sc *scratch) int { return costOf(e, &sc.snapshot, &noChange) }

func costPeriod(e Engine, sc *scratch) int { return costOf(e, &sc.period, &noChange) }

func costRecent(e Engine, sc *scratch) int { return costOf(e, &sc.recent, &noChange) }

func costSelectSnapshot(e Engine, sc *scratch) int {
	return costOf(e, &sc.selectSnapshot, &noChange)
}

func costSelectPeriod(e Engine, sc *scratch) int {
	return costOf(e, &sc.selectPeriod, &noChange)
}

// costOf estimates a query with a change.
func costOf(e Engine, q protocol.Message, c *protocol.Change) int {
	switch q := q.(type) {
	case *protocol.Snapshot:
		if q.Topic == "" {
			return costRanking(len(q.Subjects), subjectCost, &q.View, c.Ranking(q.Ranking), c.When(q.Timestamp), q.Range)
		}
		return costWhom(e, q, c, q.Topic, memberCost, &q.View, q.Ranking, q.Timestamp, q.Range)
	case *protocol.SelectSnapshot:
		return costWhom(e, q, c, q.Topic, subjectCost, &q.View, q.Ranking, q.Timestamp, q.Range)
	case *protocol.SelectPeriod:
		return baseCost + e.TopicSize(q.Topic)*(subjectCost+historyLen*memberCost)
	case *protocol.Period:
		return baseCost + len(q.Subjects)*(subjectCost+rowsCost(historyLen, &q.View))
	case *protocol.Recent:
		reports := c.Limit.Or(q.Limit)
		switch {
		case len(q.Periods) > 0:
			reports = len(q.Periods)
		case reports <= 0:
			reports = protocol.DefaultRecentLimit
		}
		return baseCost + len(q.Subjects)*(subjectCost+rowsCost(min(reports, historyLen), &q.View))
	}
	return forWorkers
}

// costWhom estimates a ranking of a topic or a selection, whose subjects cost so much each: nothing where they stand in
// order, and otherwise perhaps the making of an order.
func costWhom(e Engine, q protocol.Message, c *protocol.Change, topic string, each int, v *protocol.View,
	rank protocol.Ranking, timestamp protocol.Instant, span protocol.Range) int {
	rank, timestamp = c.Ranking(rank), c.When(timestamp)
	switch {
	case e.Standing(q, c):
		each = 0
	case !historic(v, timestamp, span):
		each *= orderCost
	}
	return costRanking(e.TopicSize(topic), each, v, rank, timestamp, span)
}

// costRanking estimates a ranking of n subjects, each of which costs so much.
func costRanking(n, each int, v *protocol.View, k protocol.Ranking, timestamp protocol.Instant, span protocol.Range) int {
	if historic(v, timestamp, span) {
		each *= historyFactor
	}
	return baseCost + n*each + rowsCost(pageRows(&k, n), v)
}

func costSubjects(_ Engine, sc *scratch) int {
	q := &sc.listSubjects
	if len(q.Tags) > 0 || q.Topic != "" {
		return forWorkers
	}
	limit := q.Limit
	if limit <= 0 {
		limit = protocol.DefaultSearchLimit
	}
	return baseCost + min(limit, protocol.MaxLimit)*listCost
}
