package httpcompat

import (
	"errors"

	"github.com/kamaitachi/kamaitachi/httpcompat/express"
	"github.com/kamaitachi/kamaitachi/internal/breaker"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// onLoop is how an exchange is answered on an event loop; its zero value is elsewhere, where it may wait.
type onLoop struct {
	request *express.Request
	swift   Queries
	later   error // of swift
	relay   Relay

	// Of what was asked through relay.
	columns []string
	show    func(*exchange)
	reply   []byte      // lent
	place   *replyPlace // where it is to be kept; nil = nowhere
}

// Errors of handlers whose exchange leaves its loop before it is answered.
var (
	// errWorker leaves it to who may wait.
	errWorker = errors.New("not at once")
	// errAsked says that others were asked and Answered is called. Nothing of the exchange may be touched any more.
	errAsked = errors.New("asked elsewhere")
)

// looping answers requests on one event loop.
type looping struct {
	h     *Handler
	swift Queries // nil = none
	later error   // of swift
	relay Relay   // nil = none
}

// NewLoop returns what answers the requests of one event loop.
func (h *Handler) NewLoop() express.Loop {
	lo := &looping{h: h}
	switch b := h.backend.(type) {
	case Swift:
		lo.swift, lo.later = b.Swift()
	case Relaying:
		lo.relay = b.NewRelay()
	}
	return lo
}

// Serve answers a request at once, or lets others do it: workers, or those whom the backend asks.
func (lo *looping) Serve(r *express.Request) (answered bool) {
	x := lo.h.exchanges.Get().(*exchange)
	x.begin(&r.RequestCtx)
	x.loop = onLoop{request: r, swift: lo.swift, later: lo.later, relay: lo.relay}
	var left error
	defer func() {
		if p := recover(); p != nil {
			x.panicked(p)
			left, answered = nil, true
		}
		if left == nil {
			x.complete()
		}
	}()
	if !x.admit() {
		return true
	}
	if left = errWorker; x.endpoint.query && (lo.swift != nil || lo.relay != nil) {
		left = x.run()
	}
	if left == errWorker {
		r.Own()
		go x.work()
	}
	return left == nil
}

// Flush lets go what the backend is to pass on.
func (lo *looping) Flush() {
	if lo.relay != nil {
		lo.relay.Flush()
	}
}

// work answers a request that has left its loop.
func (x *exchange) work() {
	defer x.loop.request.Done()
	defer x.finish()
	x.forget()
	x.loop = onLoop{}
	_ = x.run() // nothing is put off any more
}

// own makes the body of a request its own whose indicators will be looked at when it is answered.
func (lo *onLoop) own() {
	if lo.relay != nil {
		lo.request.Own()
	}
}

// queries returns whom to ask.
func (lo *onLoop) queries(b Backend) Queries {
	if lo.swift != nil {
		return lo.swift
	}
	return b
}

// putOff returns the error of a query, or errWorker if that is that it cannot be answered at once.
func (lo *onLoop) putOff(err error) error {
	if lo.swift != nil && errors.Is(err, lo.later) {
		return errWorker
	}
	return err
}

// relayed asks a query through the relay of the loop. What shows the answer is called when it has come.
func (x *exchange) relayed(op protocol.Op, q protocol.Message, show func(*exchange)) error {
	x.loop.show, x.loop.columns = show, columnsOf(q)
	if err := x.loop.relay.Ask(op, q, x.loop.columns, &x.result, x.h.options.QueryTimeout, x); err != nil {
		return err
	}
	return errAsked
}

// columnsOf returns what the columns of the answer to a query are called; none = it says so.
func columnsOf(query protocol.Message) []string {
	switch q := query.(type) {
	case *protocol.Snapshot:
		return q.IDs
	case *protocol.Period:
		return q.IDs
	case *protocol.Recent:
		return q.IDs
	case *protocol.SelectSnapshot:
		return q.IDs
	case *protocol.SelectPeriod:
		return q.IDs
	}
	return nil
}

// Known takes the reply to what was asked through a relay.
func (x *exchange) Known(reply []byte, applied uint64) (w Waker, known bool) {
	lo, r := &x.loop, x.loop.request
	text, place := x.h.replies.find(x.endpoint.kind, lo.columns, reply)
	if text == nil {
		lo.reply, lo.place = reply, place
		return nil, false
	}
	x.conclude(nil, applied, text)
	return r.Leave(), true
}

// Answered takes the answer to what was asked through a relay.
func (x *exchange) Answered(err error) Waker {
	r := x.loop.request
	x.conclude(err, x.result.Applied, nil)
	return r.Leave()
}

// conclude ends an exchange that was relayed. The answer is text, or else the result is to be shown.
func (x *exchange) conclude(err error, applied uint64, text []byte) {
	defer x.finish()
	verdict := breaker.Failure // should it panic
	defer func() { x.judged(verdict) }()
	x.out = append(x.out[:0], opening[x.endpoint.envelope]...)
	if err == nil {
		x.showApplied(applied)
		x.showRelayed(text)
	}
	x.settle(err)
	verdict = x.judge()
}

// showRelayed appends the text of the answer, and lets it be remembered if it is new and worth that.
func (x *exchange) showRelayed(text []byte) {
	if text != nil {
		x.out = append(x.out, text...)
		return
	}
	start := len(x.out)
	x.loop.show(x)
	if p := x.loop.place; p != nil {
		p.keep(x.endpoint.kind, x.loop.columns, x.loop.reply, x.out[start:])
	}
}
