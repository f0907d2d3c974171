package server

import (
	"context"

	"github.com/kamaitachi/kamaitachi/protocol"
	"github.com/kamaitachi/kamaitachi/server/engine"
	"github.com/kamaitachi/kamaitachi/server/wire"
)

// prepared is the prepared queries of one connection.
type prepared = wire.Prepared[*engine.Prepared]

// preparedOf returns the prepared queries of a connection.
func preparedOf(c *wire.Conn) *prepared { return c.State().(*prepared) }

func (sc *scratch) decodePrepare(payload []byte) (err error) {
	if err := sc.prepare.Decode(payload); err != nil {
		return err
	}
	sc.query, err = sc.prepare.Open()
	return err
}

func (sc *scratch) decodeExecute(payload []byte) error {
	if err := sc.execute.Decode(payload); err != nil {
		return err
	}
	sc.executed, _ = preparedOf(sc.conn).Find(sc.execute.Handle)
	return nil
}

func costPrepare(e Engine, sc *scratch) int {
	return baseCost + costOf(e, sc.query, &noChange)
}

func costExecute(e Engine, sc *scratch) int {
	if sc.executed == nil {
		return baseCost
	}
	return costOf(e, sc.executed.Query(), &sc.execute.Change)
}

func answerPrepare(_ context.Context, _ *Node, sc *scratch) (protocol.Message, uint64, error) {
	if err := preparedOf(sc.conn).Room(0); err != nil { // before it is computed
		return nil, 0, err
	}
	q, err := sc.reader.Prepare(sc.query, &sc.result)
	if err != nil {
		return nil, 0, err
	}
	sc.handle.Number, _, err = preparedOf(sc.conn).Hold(q, q.Size()+len(sc.prepare.Query))
	return &sc.handle, sc.result.Applied, err
}

func answerExecute(_ context.Context, _ *Node, sc *scratch) (protocol.Message, uint64, error) {
	if sc.executed == nil {
		return nil, 0, wire.UnknownHandle(sc.execute.Handle)
	}
	return sc.answered(sc.reader.Execute(sc.executed, &sc.execute.Change, sc.lean()))
}

func answerForget(_ context.Context, n *Node, sc *scratch) (protocol.Message, uint64, error) {
	preparedOf(sc.conn).Forget(sc.handle.Number)
	return &sc.empty, n.engine.Applied(), nil
}
