package wire

import (
	"github.com/panjf2000/gnet/v2"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// A loop that finds requests on many connections at once takes a turn of three steps with them, as Redis does: it reads
// all, answers all, writes all. What answers one request is then still in the processor's caches and branch predictors for
// the next, from which the system calls of every read and write would have driven it, and peers are woken when all is
// done. Scenario 3 on 150 connections with one request in flight takes 1.5 us of 12.5 less (0.9 x), at 1.08 x the throughput.
//
// gnet does not tell which input is the last of a wake-up, so the first gathered request of a turn wakes its own
// connection: that comes after all input that is there already.
const (
	maxTurns    = 64       // requests of one turn; the first one's reply waits for the last to be answered
	turnBytes   = 64 << 10 // replies of a turn are written when there are so many bytes, before more are made
	fewTurns    = 3        // with fewer, the wake-up costs more than a turn gains
	lonelyTurns = 64       // wake-ups without gathering after such a turn
)

// turn is what is owed to a connection.
type turn struct {
	c      *Conn
	input  int // where the request ends in Loop.input
	end    int // where the replies end in the output
	hangup bool
	action gnet.Action
}

// gather takes the input of a connection for the next flush, if it is just one request, and tells whether it did.
func (lo *Loop) gather(c *Conn) bool {
	if lo.lonely > 0 {
		lo.lonely--
		return false
	}
	have := c.gc.InboundBuffered()
	if have < protocol.FramePrefix || have > maxGathered || !c.greeted.Load() || c.closing {
		return false
	}
	input, err := c.gc.Peek(have)
	if err != nil {
		return false // never: so much is there
	}
	size, err := protocol.FrameSize(input[:protocol.FramePrefix], c.l.limits.MaxRequest)
	if err != nil || protocol.FramePrefix+size != have {
		return false
	}
	lo.input = append(lo.input, input...)
	_, _ = c.gc.Discard(have)
	lo.turns = append(lo.turns, turn{c: c, input: len(lo.input)})
	c.gathered = true
	switch len(lo.turns) {
	case 1:
		c.Wake()
	case maxTurns:
		lo.flush()
	}
	return true
}

// maxGathered is the longest request that is gathered, prefix included, in bytes. A longer one has company in itself.
const maxGathered = 4 << 10

// flush answers what was gathered and writes the replies.
func (lo *Loop) flush() {
	lo.Began = lo.l.now()
	turns, input, out := lo.turns, lo.input, lo.out[:0]
	lo.turns, lo.input = turns[:0], input[:0]
	if len(turns) < fewTurns {
		lo.lonely = lonelyTurns
	}
	written, start := 0, 0
	for i := range turns {
		t := &turns[i]
		out = t.take(input[start:t.input], out)
		start = t.input
		if len(out) >= turnBytes || i == len(turns)-1 {
			deliver(turns[written:i+1], out)
			written, out = i+1, out[:0]
		}
	}
	clear(turns)
	lo.keep(out)
}

// take answers the request of a turn. A panic closes the connection that made it.
func (t *turn) take(request, out []byte) (grown []byte) {
	c, start := t.c, len(out)
	c.gathered = false
	defer func() {
		if p := recover(); p != nil {
			c.l.Panicked("traffic", p)
			c.l.renew(c.loop)
			grown, t.action = out[:start], gnet.Close
		}
		t.end = len(grown)
	}()
	if c.gone {
		return out
	}
	out, t.hangup, t.action = c.turn(out, request)
	return out
}

// deliver writes the replies of some turns.
func deliver(turns []turn, out []byte) {
	turns[0].c.loop.publish(len(out))
	start := 0
	for i := range turns {
		t := &turns[i]
		action := t.action
		if replies := out[start:t.end]; action == gnet.None && (len(replies) > 0 || t.hangup) && !t.c.gone {
			action = t.c.send(replies, t.hangup)
		}
		if action == gnet.Close {
			_ = t.c.gc.Close() // fails only when the loop is gone
		}
		start = t.end
	}
}
