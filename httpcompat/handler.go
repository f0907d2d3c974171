package httpcompat

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/kamaitachi/kamaitachi/internal/breaker"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// Handler answers requests. It is safe for concurrent use.
type Handler struct {
	backend   Backend
	options   Options
	sites     *siteMap
	nowhere   *counters // of requests for what does not exist
	breakers  operationBreakers
	counts    *metricSet
	replies   *replyMemo // nil = none
	exchanges sync.Pool
	ids       requestIDs
	base      context.Context // of every call of the backend
	draining  atomic.Bool
}

// NewHandler returns a handler over a backend.
func NewHandler(b Backend, o Options) (*Handler, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	h := &Handler{backend: b, options: o.withDefaults(), counts: newMetricSet(), ids: newRequestIDs(), base: context.Background()}
	h.replies = newReplyMemo(h.options.Replies)
	remembered := newMemo(h.options.Memo)
	h.exchanges.New = func() any {
		x := &exchange{h: h, labels: labels{memo: remembered}}
		if k, ok := b.(Keeper); ok {
			x.kept = k.NewKept()
		}
		return x
	}
	h.nowhere = h.counts.of("none")
	h.breakers = operationBreakers{o: h.options.Breaker, born: time.Now()}
	limiters := newLimiters(h.options.Rates)
	var endpoints []*endpoint
	for i := range routes {
		r := &routes[i]
		endpoints = append(endpoints, &endpoint{r, limiters[r.group], h.breakers.of(r), h.counts.of(r.operation), byte(i)})
	}
	h.sites = newSiteMap(endpoints, o.Prefix)
	return h, nil
}

// Serve answers one request. It never panics.
func (h *Handler) Serve(c *fasthttp.RequestCtx) {
	if own := connOf(c); own != nil {
		own.sighting.handle()
	}
	x := h.exchanges.Get().(*exchange)
	x.begin(c)
	defer x.finish()
	if x.admit() {
		_ = x.run() // nothing is put off here
	}
}

// exchange is one request and its answer. It is reused.
type exchange struct {
	h         *Handler
	http      *fasthttp.RequestCtx
	start     time.Time
	endpoint  *endpoint // nil = the path or method does not exist
	parameter []byte    // what stands where the path has a parameter
	id        []byte    // of the request
	epoch     uint32    // of the endpoint's breaker
	code      int       // what the answer is told with: 200 or an error's
	out       []byte    // the body of the answer

	reader  reader
	body    body
	write   saveBody
	queries queries
	result  protocol.Result
	labels  labels
	kept    Kept // nil where the backend keeps no answers
	looked  bool // whether the answer is kept is known: it is not
	loop    onLoop
}

// queries has the query of each read that a body asks for; an exchange uses one of them.
type queries struct {
	snapshot       protocol.Snapshot
	period         protocol.Period
	recent         protocol.Recent
	selectSnapshot protocol.SelectSnapshot
	selectPeriod   protocol.SelectPeriod
	search         protocol.Search
}

const jsonType = "application/json"

// Headers in the form in which they are sent, so that they need not be brought into it for each request.
var (
	headerRequestID = []byte("X-Request-Id")
	headerApplied   = []byte("X-Kamaitachi-Applied")
)

// begin takes over a request. The answer is appended straight into the response's own buffer.
func (x *exchange) begin(c *fasthttp.RequestCtx) {
	x.http, x.start, x.code = c, time.Now(), fasthttp.StatusOK
	x.out = c.Response.SwapBody(nil)[:0]
	c.Response.Header.SetContentType(jsonType)
	x.id = x.h.ids.append(x.id[:0], c.Request.Header.PeekBytes(headerRequestID))
	c.Response.Header.SetCanonical(headerRequestID, x.id)
}

// admit finds who answers, and tells whether he may. Otherwise the request is answered.
func (x *exchange) admit() bool {
	path := x.http.URI().PathOriginal()
	site, parameter := x.h.sites.find(path)
	if site == nil {
		x.tell(x.h.sites.envelopeOf(path), fasthttp.StatusNotFound, fmt.Sprintf("there is nothing at %.200q; /openapi.json lists what there is", path))
		return false
	}
	e := site.by(x.http.Method())
	if e == nil {
		x.http.Response.Header.Set("Allow", site.allow)
		x.tell(x.h.sites.envelopeOf(path), fasthttp.StatusMethodNotAllowed,
			fmt.Sprintf("%.20q is not allowed here; allowed: %s", x.http.Method(), site.allow))
		return false
	}
	x.endpoint, x.parameter = e, parameter
	if !e.limiter.allow() {
		x.http.Response.Header.Set("Retry-After", e.limiter.retryAfter)
		x.tell(dataB, fasthttp.StatusTooManyRequests, "Too Many Requests - Rate limit exceeded")
		return false
	}
	if e.breaker == nil {
		return true
	}
	epoch, open := e.breaker.Ask()
	if open {
		x.fail(ErrCircuitOpen)
		return false
	}
	x.epoch = epoch
	return true
}

// run lets the endpoint answer. An error is errWorker or errAsked: the answer is put off.
func (x *exchange) run() error {
	verdict := breaker.Failure // a panic is the server's fault too
	putOff := false
	defer func() {
		if !putOff {
			x.judged(verdict)
		}
	}()
	err := x.handle()
	switch err {
	case errAsked:
		putOff = true
		return err
	case errWorker:
		putOff, x.out = true, x.out[:0]
		return err
	}
	x.settle(err)
	verdict = x.judge()
	return nil
}

// judged tells the endpoint's breaker what came of a request that it had let through.
func (x *exchange) judged(v breaker.Outcome) {
	if b := x.endpoint.breaker; b != nil {
		b.Tell(x.epoch, v)
	}
}

// handle appends the answer, up to its end.
func (x *exchange) handle() error {
	x.out = append(x.out, opening[x.endpoint.envelope]...)
	return x.endpoint.handle(x)
}

// settle ends the answer, or makes it one of an error.
func (x *exchange) settle(err error) {
	if err != nil {
		x.fail(err)
	} else if x.endpoint.envelope != bare {
		x.out = append(x.out, '}')
	}
}

// fail answers with an error, in place of what was appended so far.
func (x *exchange) fail(err error) {
	x.http.Response.Header.SetContentType(jsonType)
	if errors.Is(err, ErrCircuitOpen) {
		x.http.Response.Header.Set("Retry-After", "1")
		x.tell(dataB, fasthttp.StatusServiceUnavailable, "Service Unavailable - Circuit breaker is open")
		return
	}
	var known *protocol.Error
	if !errors.As(err, &known) {
		x.fault(slog.String("error", err.Error()))
		return
	}
	code := statusOf(known.Code)
	if code == fasthttp.StatusInternalServerError {
		x.h.options.Logger.Error("request failed", x.attributes(slog.String("error", err.Error()))...)
	}
	if code == fasthttp.StatusServiceUnavailable {
		x.http.Response.Header.Set("Retry-After", "1")
	}
	x.tell(x.endpoint.envelope, code, protocol.AsError(err).Error())
	x.http.SetStatusCode(x.endpoint.envelope.httpStatus(code))
}

// fault logs a fault of ours and answers with 500, without its text.
func (x *exchange) fault(what ...any) {
	x.h.options.Logger.Error("request failed", x.attributes(what...)...)
	e := dataB
	if x.endpoint != nil {
		e = x.endpoint.envelope
	}
	x.tell(e, fasthttp.StatusInternalServerError, "internal error; the server's log has more under request id "+string(x.id))
	x.http.SetStatusCode(e.httpStatus(x.code))
}

// tell makes the answer one without data, with the code as HTTP status too.
func (x *exchange) tell(e envelope, code int, message string) {
	x.code = code
	x.out = e.appendError(x.out[:0], code, message)
	x.http.SetStatusCode(code)
}

// attributes returns what logs say about the request.
func (x *exchange) attributes(more ...any) []any {
	return append([]any{
		slog.String("request_id", string(x.id)), slog.String("method", string(x.http.Method())),
		slog.String("path", string(x.http.URI().PathOriginal())), slog.String("client", x.http.RemoteAddr().String()),
	}, more...)
}

// finish hands the answer over, counts and logs, and makes the exchange ready for the next request. It recovers from a
// panic, which becomes an answer too.
func (x *exchange) finish() {
	if p := recover(); p != nil {
		x.panicked(p)
	}
	x.complete()
}

// panicked answers a request over which the server has panicked.
func (x *exchange) panicked(p any) {
	x.http.Response.Header.SetContentType(jsonType)
	x.fault(slog.Any("panic", p), slog.String("stack", string(debug.Stack())))
}

// complete is finish without a panic.
func (x *exchange) complete() {
	x.http.Response.SwapBody(x.out)
	counters := x.h.nowhere
	if x.endpoint != nil {
		counters = x.endpoint.counters
	}
	took := time.Since(x.start)
	counters.add(outcomeOf(x.code), took)
	if slow := x.h.options.SlowLog; slow > 0 && took >= slow {
		x.h.options.Logger.Warn("slow request", x.logLine(took)...)
	}
	if x.h.options.AccessLog {
		x.h.options.Logger.Info("request", x.logLine(took)...)
	}
	x.release()
}

// logLine returns what the slow log and the access log say.
func (x *exchange) logLine(took time.Duration) []any {
	return x.attributes(slog.Int("code", x.code), slog.Int("request_bytes", len(x.http.PostBody())),
		slog.Int("answer_bytes", len(x.out)), slog.Duration("took", took))
}

// What an exchange may keep for the next request; more is left to the garbage collector, so that one large request does
// not hold its memory for ever.
const (
	maxKeptItems  = 4 << 10  // of each list
	maxKeptValues = 64 << 10 // of a result
	maxKeptArena  = 64 << 10 // bytes
)

// release forgets the request and returns the exchange to its pool.
func (x *exchange) release() {
	x.http, x.endpoint, x.parameter, x.out, x.looked, x.loop = nil, nil, nil, nil, false, onLoop{}
	x.forget()
	for _, list := range x.body.lists() {
		if cap(*list) > maxKeptItems {
			*list = nil
		}
	}
	if cap(x.reader.arena) > maxKeptArena {
		x.reader.arena = nil
	}
	if cap(x.result.Values) > maxKeptValues || cap(x.result.Subjects) > maxKeptValues {
		x.result = protocol.Result{}
	}
	x.result.Reset() // does not keep an old root alive
	x.h.exchanges.Put(x)
}

// forget forgets what was read of the body.
func (x *exchange) forget() {
	x.body.reset()
	x.reader.reset(nil)
	x.write = saveBody{}
	periods := x.queries.recent.Periods[:0]
	if cap(periods) > maxKeptItems {
		periods = nil
	}
	x.queries = queries{recent: protocol.Recent{Periods: periods}}
}

// updating returns the context of a write.
func (x *exchange) updating() (context.Context, context.CancelFunc) {
	return context.WithTimeout(x.h.base, x.h.options.UpdateTimeout)
}
