package bench

import (
	"fmt"
	"net"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// preparedLists is how many lists of 50 subjects each connection prepares, other ones than any other connection.
const preparedLists = 16

// Prepared returns what makes the dialect of prepared queries: each connection prepares rankings of random lists when it
// greets, and then sends their handles and what changes. The scenario of the load is PreparedRanking.
func Prepared(m *Market, d *Deck) func() Dialect {
	return func() Dialect { return &preparedDialect{lists: newMaker(RankingOfMany, m, 0, d)} }
}

// preparedDialect speaks the native protocol with prepared queries.
type preparedDialect struct {
	kamaDialect
	lists   *maker
	handles []uint64
}

func (d *preparedDialect) Greet(c net.Conn) error {
	if err := d.kamaDialect.Greet(c); err != nil {
		return err
	}
	for range preparedLists {
		q := d.lists.next()
		frame := protocol.BeginRequest(nil, &protocol.RequestHeader{ID: 1, Op: protocol.OpPrepare})
		p := protocol.Prepare{Op: q.Op, Query: q.message().AppendTo(nil)}
		payload, err := exchange(c, protocol.FinishFrame(p.AppendTo(frame), 0))
		if err != nil {
			return fmt.Errorf("prepare: %w", err)
		}
		var h protocol.Handle
		if err := h.Decode(payload); err != nil {
			return fmt.Errorf("prepare: %w", err)
		}
		d.handles = append(d.handles, h.Number)
	}
	return nil
}

func (d *preparedDialect) AppendRequest(dst []byte, id uint64, q *Query) []byte {
	start := len(dst)
	dst = protocol.BeginRequest(dst, &protocol.RequestHeader{ID: firstID + id, Op: protocol.OpExecute})
	e := protocol.Execute{Handle: d.handles[q.List%len(d.handles)], Change: q.Change}
	return protocol.FinishFrame(e.AppendTo(dst), start)
}

// Bounds of what an execution changes.
const (
	preparedOffsets = 20
	preparedLimits  = 20
	leastPrepared   = 11 // rows asked for; 20 and a half on average
)

// prepared makes an execution out of a number that was not dealt before: another list, page, field or order than any
// other, as far as there are so many. A node keeps no replies to executions, so that a repetition would gain nothing.
func (k *maker) prepared(q *Query) {
	fields := uint64(len(k.ids))
	number := digits(k.deck.deal(preparedLists * preparedOffsets * preparedLimits * 2 * fields))
	q.List = number.below(preparedLists)
	q.Change = protocol.Change{
		Offset: protocol.Some(number.below(preparedOffsets)),
		Limit:  protocol.Some(leastPrepared + number.below(preparedLimits)),
		Order:  protocol.Some(protocol.Order(number.below(2))),
		Field:  protocol.Some(k.market.IDs[number.below(len(k.ids))]),
	}
}
