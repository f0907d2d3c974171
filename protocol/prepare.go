package protocol

import (
	"bytes"
	"math"
)

// Prepare sends a query once, to be executed under the handle that Handle answers.
type Prepare struct {
	Op    Op     // OpSnapshot, OpPeriod, OpRecent, OpSelectSnapshot or OpSelectPeriod
	Query []byte // the message of that operation; empty = all defaults
}

// Handle names a prepared query of one connection. It answers PREPARE, and is what FORGET sends.
type Handle struct {
	Number uint64 // never 0
}

// Execute asks a prepared query again.
type Execute struct {
	Handle uint64
	Change
}

// Change is what an execution has otherwise than the query that was prepared. What is not given is as prepared, so the
// zero value changes nothing. Which of it a query has to change: a Snapshot and a SelectSnapshot all, a SelectPeriod all
// but Timestamp, a Recent Limit, a Period nothing. Anything else is CodeBadRequest.
type Change struct {
	Offset, Limit Optional[int]
	Timestamp     Instant
	Order         Optional[Order]
	Field         Optional[string]
}

// NewQuery returns an empty query that a PREPARE may carry for op, or nil if there is none.
func NewQuery(op Op) Message {
	switch op {
	case OpSnapshot:
		return &Snapshot{}
	case OpPeriod:
		return &Period{}
	case OpRecent:
		return &Recent{}
	case OpSelectSnapshot:
		return &SelectSnapshot{}
	case OpSelectPeriod:
		return &SelectPeriod{}
	}
	return nil
}

// QueryOp returns the operation of a query that can be prepared: of what NewQuery returns. ok is false for all else.
func QueryOp(q Message) (op Op, ok bool) {
	switch q.(type) {
	case *Snapshot:
		return OpSnapshot, true
	case *Period:
		return OpPeriod, true
	case *Recent:
		return OpRecent, true
	case *SelectSnapshot:
		return OpSelectSnapshot, true
	case *SelectPeriod:
		return OpSelectPeriod, true
	}
	return 0, false
}

// Open decodes the query from a copy, so that it borrows from nobody.
func (p *Prepare) Open() (Message, error) {
	q := NewQuery(p.Op)
	if q == nil {
		return nil, Errorf(CodeBadRequest, "%s cannot be prepared; rankings, series and selections can", p.Op)
	}
	if len(p.Query) == 0 {
		return q, nil
	}
	return q, q.Decode(bytes.Clone(p.Query))
}

// Ranking returns k with the change.
func (c *Change) Ranking(k Ranking) Ranking {
	k.Offset, k.Limit = c.Offset.Or(k.Offset), c.Limit.Or(k.Limit)
	k.Order, k.Field = c.Order.Or(k.Order), c.Field.Or(k.Field)
	return k
}

// When returns a query's timestamp with the change.
func (c *Change) When(timestamp Instant) Instant {
	if c.Timestamp.Given {
		return c.Timestamp
	}
	return timestamp
}

// Fits tells why a query of op has not all that is changed, or nil.
func (c *Change) Fits(op Op) error {
	paged := op == OpSnapshot || op == OpSelectSnapshot || op == OpSelectPeriod
	for _, f := range [...]struct {
		name  string
		given bool
		has   bool
	}{
		{"offset", c.Offset.Given, paged},
		{"limit", c.Limit.Given, paged || op == OpRecent},
		{"timestamp", c.Timestamp.Given, paged && op != OpSelectPeriod},
		{"order", c.Order.Given, paged},
		{"field", c.Field.Given, paged},
	} {
		if f.given && !f.has {
			return Errorf(CodeBadRequest, "%s: a prepared %s has none that could be changed; leave it out", f.name, op)
		}
	}
	return nil
}

// AppendTo appends the message.
func (p *Prepare) AppendTo(dst []byte) []byte {
	dst, w := beginFields(dst)
	dst = appendUint(dst, uint64(p.Op))
	w.wrote(dst, p.Op != 0)
	dst = appendBin(dst, p.Query)
	w.wrote(dst, len(p.Query) > 0)
	return w.finish(dst)
}

// Decode reads the message, which borrows from payload.
func (p *Prepare) Decode(payload []byte) error {
	*p = Prepare{}
	c := cursor{buf: payload, message: "Prepare"}
	f := c.fields(2)
	if f.next(&c, "operation") {
		p.Op = Op(c.uint(math.MaxUint8))
	}
	if f.next(&c, "query") {
		p.Query = c.bin()
	}
	return c.end()
}

// AppendTo appends the message.
func (h *Handle) AppendTo(dst []byte) []byte {
	dst, w := beginFields(dst)
	dst = appendUint(dst, h.Number)
	w.wrote(dst, h.Number != 0)
	return w.finish(dst)
}

// Decode reads the message.
func (h *Handle) Decode(payload []byte) error {
	*h = Handle{}
	c := cursor{buf: payload, message: "Handle"}
	f := c.fields(1)
	if f.next(&c, "handle") {
		h.Number = c.uint(math.MaxUint64)
	}
	return c.end()
}

// AppendTo appends the message.
func (e *Execute) AppendTo(dst []byte) []byte {
	dst, w := beginFields(dst)
	dst = appendUint(dst, e.Handle)
	w.wrote(dst, e.Handle != 0)
	dst = appendOptionalInt(dst, int64(e.Offset.Value), e.Offset.Given)
	w.wrote(dst, e.Offset.Given)
	dst = appendOptionalInt(dst, int64(e.Limit.Value), e.Limit.Given)
	w.wrote(dst, e.Limit.Given)
	dst = appendInstant(dst, e.Timestamp)
	w.wrote(dst, e.Timestamp.Given)
	dst = appendOptionalInt(dst, int64(e.Order.Value), e.Order.Given)
	w.wrote(dst, e.Order.Given)
	if e.Field.Given {
		dst = appendString(dst, e.Field.Value)
	}
	w.wrote(dst, e.Field.Given)
	return w.finish(dst)
}

// appendOptionalInt appends an integer, or nil for one that is not given.
func appendOptionalInt(dst []byte, v int64, given bool) []byte {
	if !given {
		return appendNil(dst)
	}
	return appendInt(dst, v)
}

// Decode reads the message, which borrows from payload.
func (e *Execute) Decode(payload []byte) error {
	*e = Execute{}
	c := cursor{buf: payload, message: "Execute"}
	f := c.fields(6)
	if f.next(&c, "handle") {
		e.Handle = c.uint(math.MaxUint64)
	}
	if f.next(&c, "offset") {
		e.Offset = Some(c.count())
	}
	if f.next(&c, "limit") {
		e.Limit = Some(c.count())
	}
	if f.next(&c, "timestamp") {
		e.Timestamp = At(c.int64())
	}
	if f.next(&c, "order") {
		e.Order = Some(Order(c.int(math.MinInt8, math.MaxInt8)))
	}
	if f.next(&c, "field") {
		e.Field = Some(c.str())
	}
	return c.end()
}
