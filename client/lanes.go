package client

import "github.com/kamaitachi/kamaitachi/protocol"

// What decides whether a read may answer much. Sizes are guesses; they only choose the lane.
const (
	bulkReply      = 64 << 10 // bytes
	guessedReports = 16       // of a subject in a period
	guessedSubject = 128      // bytes of a subject with its attributes
	guessedRow     = 32       // bytes of a row besides its values
)

// laneOf returns the lane of a read with an answer of so many rows and columns.
func laneOf(rows, columns int) int {
	if rows*(guessedRow+8*columns) > bulkReply {
		return laneBulk
	}
	return laneQuick
}

// limitRows returns the rows of a ranking's limit.
func limitRows(limit int) int {
	if limit == 0 {
		return protocol.DefaultLimit
	}
	return limit
}

func snapshotLane(q *protocol.Snapshot) int {
	rows := limitRows(q.Limit)
	if q.Topic == "" {
		rows = min(rows, len(q.Subjects))
	}
	return laneOf(rows, len(q.IDs))
}

func periodLane(q *protocol.Period) int { return laneOf(len(q.Subjects)*guessedReports, len(q.IDs)) }

func recentLane(q *protocol.Recent) int {
	return laneOf(len(q.Subjects)*recentRows(len(q.Periods), q.Limit), len(q.IDs))
}

// recentRows is how many reports of each subject a recent query answers at most.
func recentRows(periods, limit int) int {
	switch {
	case periods > 0:
		return periods
	case limit == 0:
		return protocol.DefaultRecentLimit
	}
	return limit
}

func subjectsLane(q *protocol.ListSubjects) int {
	if q.Limit*guessedSubject > bulkReply {
		return laneBulk
	}
	return laneQuick
}

// routeOf returns the lane of a read, and the key by which the ring finds its node; "" = any node does.
func routeOf(q protocol.Message) (lane int, key string) {
	switch q := q.(type) {
	case *protocol.Snapshot:
		return snapshotLane(q), ""
	case *protocol.Period:
		return periodLane(q), firstOf(q.Subjects)
	case *protocol.Recent:
		return recentLane(q), firstOf(q.Subjects)
	case *protocol.SelectSnapshot:
		return laneOf(limitRows(q.Limit), len(q.IDs)), ""
	case *protocol.Get:
		return laneQuick, q.Subject
	case *protocol.ListSubjects:
		return subjectsLane(q), ""
	case *protocol.SelectPeriod, *protocol.Search:
		return laneBulk, ""
	}
	return laneQuick, ""
}
