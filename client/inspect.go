package client

import (
	"sync"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// inspector decodes raw requests, to check them and to see where they belong. It borrows from the payload.
type inspector struct {
	snapshot       protocol.Snapshot
	period         protocol.Period
	recent         protocol.Recent
	selectSnapshot protocol.SelectSnapshot
	selectPeriod   protocol.SelectPeriod
	get            protocol.Get
	search         protocol.Search
	listSubjects   protocol.ListSubjects
	put            protocol.Put
	delete         protocol.Delete
	putSubjects    protocol.PutSubjects
	putTables      protocol.PutTables
}

var inspectors = sync.Pool{New: func() any { return new(inspector) }}

// maxKept bounds what an inspector of the pool keeps of a great write, in reports or subjects.
const maxKept = 1 << 12

// look checks a raw request and sets the lane and the key of its route.
func (in *inspector) look(q *Raw, route *request) error {
	if len(q.Trace) > protocol.MaxTrace {
		return protocol.Errorf(protocol.CodeTooLarge, "trace context of %d bytes, at most %d", len(q.Trace), protocol.MaxTrace)
	}
	if q.Op.Writes() {
		route.lane = laneWrite
		return in.lookWrite(q, route)
	}
	var err error
	switch q.Op {
	case protocol.OpSnapshot:
		err = in.snapshot.Decode(q.Payload)
		route.lane = snapshotLane(&in.snapshot)
	case protocol.OpPeriod:
		err = in.period.Decode(q.Payload)
		route.lane, route.key = periodLane(&in.period), firstOf(in.period.Subjects)
	case protocol.OpRecent:
		err = in.recent.Decode(q.Payload)
		route.lane, route.key = recentLane(&in.recent), firstOf(in.recent.Subjects)
	case protocol.OpSelectSnapshot:
		err = in.selectSnapshot.Decode(q.Payload)
		route.lane = laneOf(limitRows(in.selectSnapshot.Limit), len(in.selectSnapshot.IDs))
	case protocol.OpSelectPeriod:
		err = in.selectPeriod.Decode(q.Payload)
		route.lane = laneBulk
	case protocol.OpGet:
		err = in.get.Decode(q.Payload)
		route.key = in.get.Subject
	case protocol.OpSearch:
		err = in.search.Decode(q.Payload)
		route.lane = laneBulk
	case protocol.OpSubjects:
		err = in.listSubjects.Decode(q.Payload)
		route.lane = subjectsLane(&in.listSubjects)
	case protocol.OpPing, protocol.OpTables, protocol.OpStats, protocol.OpResetCounters, protocol.OpCluster:
		err = empty.Decode(q.Payload)
	case protocol.OpRemoveMember:
		route.lane = laneWrite
		var m protocol.RemoveMember
		err = m.Decode(q.Payload)
	default:
		err = protocol.Errorf(protocol.CodeUnsupported, "%s cannot be passed on", q.Op)
	}
	return err
}

// lookWrite checks a raw write and sets its origin, by which it may be sent again.
func (in *inspector) lookWrite(q *Raw, route *request) (err error) {
	switch q.Op {
	case protocol.OpPut:
		err = in.put.Decode(q.Payload)
		route.writeOf = in.put.Origin
		if cap(in.put.Reports) > maxKept {
			in.put = protocol.Put{}
		}
	case protocol.OpDelete:
		err = in.delete.Decode(q.Payload)
		route.writeOf = in.delete.Origin
	case protocol.OpPutSubjects:
		err = in.putSubjects.Decode(q.Payload)
		route.writeOf = in.putSubjects.Origin
		if cap(in.putSubjects.Subjects) > maxKept {
			in.putSubjects = protocol.PutSubjects{}
		}
	case protocol.OpPutTables:
		err = in.putTables.Decode(q.Payload)
		route.writeOf = in.putTables.Origin
	default:
		err = protocol.Errorf(protocol.CodeUnsupported, "%s cannot be passed on", q.Op)
	}
	return err
}

// firstOf returns the subject whose place on the ring a query has.
func firstOf(subjects []string) string {
	if len(subjects) == 0 {
		return ""
	}
	return subjects[0]
}
