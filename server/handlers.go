package server

import (
	"context"

	"github.com/kamaitachi/kamaitachi/protocol"
	"github.com/kamaitachi/kamaitachi/server/engine"
	"github.com/kamaitachi/kamaitachi/server/wire"
)

// scratch is what a request is decoded into and answered from. Each event loop and each worker has one, and writes take
// one from a pool, so that a request costs no allocation.
type scratch struct {
	reader Reader // who answers queries: where the store may be read, and where not

	snapshot       protocol.Snapshot
	period         protocol.Period
	recent         protocol.Recent
	selectSnapshot protocol.SelectSnapshot
	selectPeriod   protocol.SelectPeriod
	get            protocol.Get
	search         protocol.Search
	listSubjects   protocol.ListSubjects
	prepare        protocol.Prepare
	execute        protocol.Execute
	handle         protocol.Handle // of FORGET, and the answer of PREPARE
	put            protocol.Put
	delete         protocol.Delete
	putSubjects    protocol.PutSubjects
	putTables      protocol.PutTables
	removeMember   protocol.RemoveMember

	empty    protocol.Empty
	result   protocol.Result
	subjects protocol.SubjectList
	stats    protocol.StatList
	out      []byte // encoded replies

	conn     *wire.Conn       // of the request
	query    protocol.Message // of PREPARE, opened
	executed *engine.Prepared // of EXECUTE; nil = the handle is not known

	keeping keeping
	one     [1]string // the subject of a query of one
}

// maxKept bounds the memory of each part of a scratch that outlives its request, in bytes.
const maxKept = 1 << 20

// trim lets go of what one large request has made large.
func (sc *scratch) trim() {
	sc.conn, sc.query, sc.executed = nil, nil, nil
	if cap(sc.out) > maxKept {
		sc.out = nil
	}
	if cap(sc.result.Values)*8 > maxKept || cap(sc.result.Subjects)*8 > maxKept {
		sc.result = protocol.Result{}
	}
	sc.keeping.query.Trim()
	if cap(sc.put.Reports)*128 > maxKept {
		sc.put = protocol.Put{}
	}
	if cap(sc.putSubjects.Subjects)*160 > maxKept {
		sc.putSubjects = protocol.PutSubjects{}
	}
	if cap(sc.delete.Subjects)*16 > maxKept {
		sc.delete = protocol.Delete{}
	}
}

// handler is what is done for an operation. The zero value is one that this node does not speak.
type handler struct {
	// decode reads the payload into the scratch, which then borrows from it.
	decode func(sc *scratch, payload []byte) error
	// cost estimates what answering the decoded request takes, in points (cost.go). nil = the request waits: it is never
	// answered on a loop, nor by a worker.
	cost func(e Engine, sc *scratch) int
	// answer returns the reply, which the scratch owns or which is immutable, and the applied index that it shows.
	answer func(ctx context.Context, n *Node, sc *scratch) (protocol.Message, uint64, error)
	// depends tells what the answer to the decoded query depends on: a topic, or else some subjects. nil = the answer is
	// not to be kept.
	depends func(sc *scratch) (topic string, subjects []string)
	// early tells that the operation shows no data of the cluster, so that it is answered before the node has caught up.
	early bool
}

// handlers has every operation but HELLO, which is the listener's affair.
var handlers = [protocol.MaxOp + 1]handler{
	protocol.OpPing: {
		decode: func(sc *scratch, p []byte) error { return sc.empty.Decode(p) },
		cost:   func(Engine, *scratch) int { return baseCost },
		answer: answerPing,
		early:  true,
	},
	protocol.OpSnapshot: {
		decode: func(sc *scratch, p []byte) error { return sc.snapshot.Decode(p) },
		cost:   costSnapshot,
		answer: func(_ context.Context, _ *Node, sc *scratch) (protocol.Message, uint64, error) {
			return sc.answered(sc.reader.Snapshot(&sc.snapshot, &sc.result))
		},
		depends: (*scratch).ofSnapshot,
	},
	protocol.OpPeriod: {
		decode: func(sc *scratch, p []byte) error { return sc.period.Decode(p) },
		cost:   costPeriod,
		answer: func(_ context.Context, _ *Node, sc *scratch) (protocol.Message, uint64, error) {
			return sc.answered(sc.reader.Period(&sc.period, sc.lean()))
		},
		depends: (*scratch).ofPeriod,
	},
	protocol.OpRecent: {
		decode: func(sc *scratch, p []byte) error { return sc.recent.Decode(p) },
		cost:   costRecent,
		answer: func(_ context.Context, _ *Node, sc *scratch) (protocol.Message, uint64, error) {
			return sc.answered(sc.reader.Recent(&sc.recent, sc.lean()))
		},
		depends: (*scratch).ofRecent,
	},
	protocol.OpSelectSnapshot: {
		decode: func(sc *scratch, p []byte) error { return sc.selectSnapshot.Decode(p) },
		cost:   costSelectSnapshot,
		answer: func(_ context.Context, _ *Node, sc *scratch) (protocol.Message, uint64, error) {
			return sc.answered(sc.reader.SelectSnapshot(&sc.selectSnapshot, &sc.result))
		},
		depends: (*scratch).ofSelectSnapshot,
	},
	protocol.OpSelectPeriod: {
		decode: func(sc *scratch, p []byte) error { return sc.selectPeriod.Decode(p) },
		cost:   costSelectPeriod,
		answer: func(_ context.Context, _ *Node, sc *scratch) (protocol.Message, uint64, error) {
			return sc.answered(sc.reader.SelectPeriod(&sc.selectPeriod, &sc.result))
		},
		depends: (*scratch).ofSelectPeriod,
	},
	protocol.OpGet: {
		decode: func(sc *scratch, p []byte) error { return sc.get.Decode(p) },
		cost:   func(Engine, *scratch) int { return getCost },
		answer: func(_ context.Context, _ *Node, sc *scratch) (protocol.Message, uint64, error) {
			return sc.answered(sc.reader.Get(&sc.get, &sc.result))
		},
		depends: (*scratch).ofGet,
	},
	protocol.OpSearch: {
		decode: func(sc *scratch, p []byte) error { return sc.search.Decode(p) },
		cost:   func(Engine, *scratch) int { return forWorkers },
		answer: func(_ context.Context, _ *Node, sc *scratch) (protocol.Message, uint64, error) {
			return sc.answered(sc.reader.Search(&sc.search, &sc.result))
		},
		depends: (*scratch).ofSearch,
	},
	protocol.OpSubjects: {
		decode: func(sc *scratch, p []byte) error { return sc.listSubjects.Decode(p) },
		cost:   costSubjects,
		answer: func(_ context.Context, n *Node, sc *scratch) (protocol.Message, uint64, error) {
			err := n.engine.Subjects(&sc.listSubjects, &sc.subjects)
			return &sc.subjects, sc.subjects.Applied, err
		},
	},
	protocol.OpTables: {
		decode: func(sc *scratch, p []byte) error { return sc.empty.Decode(p) },
		cost:   func(Engine, *scratch) int { return forWorkers },
		answer: answerTables,
	},
	protocol.OpStats: {
		decode: func(sc *scratch, p []byte) error { return sc.empty.Decode(p) },
		cost:   func(Engine, *scratch) int { return forWorkers },
		answer: answerStats,
		early:  true,
	},
	protocol.OpResetCounters: {
		decode: func(sc *scratch, p []byte) error { return sc.empty.Decode(p) },
		cost:   func(Engine, *scratch) int { return forWorkers },
		answer: answerResetCounters,
		early:  true,
	},
	protocol.OpCluster: {
		decode: func(sc *scratch, p []byte) error { return sc.empty.Decode(p) },
		cost:   func(Engine, *scratch) int { return forWorkers },
		answer: answerCluster,
		early:  true,
	},
	protocol.OpRemoveMember: {
		decode: func(sc *scratch, p []byte) error { return sc.removeMember.Decode(p) },
		answer: answerRemoveMember,
		early:  true,
	},
	protocol.OpPrepare: {decode: (*scratch).decodePrepare, cost: costPrepare, answer: answerPrepare},
	protocol.OpExecute: {decode: (*scratch).decodeExecute, cost: costExecute, answer: answerExecute},
	protocol.OpForget: {
		decode: func(sc *scratch, p []byte) error { return sc.handle.Decode(p) },
		cost:   func(Engine, *scratch) int { return baseCost },
		answer: answerForget,
		early:  true,
	},
	protocol.OpPut: {
		decode: func(sc *scratch, p []byte) error { return sc.put.Decode(p) },
		answer: func(ctx context.Context, n *Node, sc *scratch) (protocol.Message, uint64, error) {
			index, err := n.Put(ctx, &sc.put)
			return &sc.empty, index, err
		},
	},
	protocol.OpDelete: {
		decode: func(sc *scratch, p []byte) error { return sc.delete.Decode(p) },
		answer: func(ctx context.Context, n *Node, sc *scratch) (protocol.Message, uint64, error) {
			index, err := n.Delete(ctx, &sc.delete)
			return &sc.empty, index, err
		},
	},
	protocol.OpPutSubjects: {
		decode: func(sc *scratch, p []byte) error { return sc.putSubjects.Decode(p) },
		answer: func(ctx context.Context, n *Node, sc *scratch) (protocol.Message, uint64, error) {
			index, err := n.PutSubjects(ctx, &sc.putSubjects)
			return &sc.empty, index, err
		},
	},
	protocol.OpPutTables: {
		decode: func(sc *scratch, p []byte) error { return sc.putTables.Decode(p) },
		answer: func(ctx context.Context, n *Node, sc *scratch) (protocol.Message, uint64, error) {
			index, err := n.PutTables(ctx, &sc.putTables)
			return &sc.empty, index, err
		},
	},
}

// lean returns the scratch's result for a query whose answer is only encoded.
func (sc *scratch) lean() *protocol.Result {
	sc.result.Lean = true
	return &sc.result
}

// answered returns the scratch's result as a reply.
func (sc *scratch) answered(err error) (protocol.Message, uint64, error) {
	return &sc.result, sc.result.Applied, err
}

func answerPing(_ context.Context, n *Node, sc *scratch) (protocol.Message, uint64, error) {
	return &sc.empty, n.engine.Applied(), nil
}

func answerTables(_ context.Context, n *Node, _ *scratch) (protocol.Message, uint64, error) {
	c := n.engine.Catalog()
	return c, c.Applied, nil
}

func answerStats(_ context.Context, n *Node, sc *scratch) (protocol.Message, uint64, error) {
	applied := n.engine.Applied()
	sc.stats = n.appendStats(sc.stats[:0])
	return &sc.stats, applied, nil
}

func answerResetCounters(ctx context.Context, n *Node, sc *scratch) (protocol.Message, uint64, error) {
	return &sc.empty, n.engine.Applied(), n.ResetCounters(ctx)
}
