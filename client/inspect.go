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
	var m protocol.Message
	switch q.Op {
	case protocol.OpSnapshot:
		m = &in.snapshot
	case protocol.OpPeriod:
		m = &in.period
	case protocol.OpRecent:
		m = &in.recent
	case protocol.OpSelectSnapshot:
		m = &in.selectSnapshot
	case protocol.OpSelectPeriod:
		m = &in.selectPeriod
	case protocol.OpGet:
		m = &in.get
	case protocol.OpSearch:
		m = &in.search
	case protocol.OpSubjects:
		m = &in.listSubjects
	case protocol.OpPing, protocol.OpTables, protocol.OpStats, protocol.OpResetCounters, protocol.OpCluster:
		m = &empty
	case protocol.OpRemoveMember:
		route.lane = laneWrite
		var remove protocol.RemoveMember
		return remove.Decode(q.Payload)
	default:
		return protocol.Errorf(protocol.CodeUnsupported, "%s cannot be passed on", q.Op)
	}
	err := m.Decode(q.Payload)
	route.lane, route.key = routeOf(m)
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
