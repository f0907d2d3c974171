package express

import (
	"context"
	"log/slog"
	"net"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/panjf2000/gnet/v2"

	"github.com/kamaitachi/kamaitachi/internal/loops"
)

// readBuffer is how much a loop reads of a connection before it turns to the next, in bytes.
const readBuffer = 32 << 10

// Server accepts connections.
type Server struct {
	service  Service
	o        Options
	begin    time.Time
	every    time.Duration // between two sweeps
	engine   *loops.Engine
	fallback *Fallback
	draining atomic.Bool
	requests sync.Pool // *Request

	registry struct {
		sync.Mutex
		conns map[*conn]struct{} // those on loops
		loops map[gnet.EventLoop]*loop
		all   int            // connections, those that were handed over too
		of    map[string]int // the same by address of the client
	}
}

// New returns a server that does not run yet.
func New(s Service, o Options) *Server {
	v := &Server{service: s, o: o, begin: time.Now()}
	v.every = v.sweepEvery()
	v.fallback = newFallback(v)
	v.requests.New = func() any { return newRequest() }
	v.engine = loops.New(events{v}, loops.Options{ReadBuffer: readBuffer, SweepEvery: v.every, Logger: o.Logger})
	v.registry.conns = map[*conn]struct{}{}
	v.registry.loops = map[gnet.EventLoop]*loop{}
	v.registry.of = map[string]int{}
	return v
}

// Start begins to listen, and returns once requests are answered. An error wraps loops.ErrBusy where the port is taken.
func (v *Server) Start(addr *net.TCPAddr) error { return v.engine.Start(addr) }

// Addr returns the address, with the port that was really taken.
func (v *Server) Addr() net.Addr { return v.engine.Addr() }

// Fallback is where connections come out that are not served here. It must be accepted from.
func (v *Server) Fallback() *Fallback { return v.fallback }

// Done is closed when the server has stopped.
func (v *Server) Done() <-chan struct{} { return v.engine.Done() }

func (v *Server) now() int64 { return int64(time.Since(v.begin)) }

// drainPause is the time between two looks at the connections of a server that drains.
const drainPause = 5 * time.Millisecond

// Shutdown closes connections as soon as no request is under way on them, and stops. When ctx is done first it closes the
// rest, and returns ctx's error. What was handed over is not its affair.
func (v *Server) Shutdown(ctx context.Context) (err error) {
	v.draining.Store(true)
	v.engine.Ends()
	for {
		conns := v.open()
		if len(conns) == 0 {
			break
		}
		for _, c := range conns {
			if c.idle() {
				v.engine.Close(c.gc)
			}
		}
		select {
		case <-ctx.Done():
			err = ctx.Err()
		case <-v.Done():
		case <-time.After(drainPause):
			continue
		}
		break
	}
	v.engine.Stop()
	return err
}

// open returns the connections of this moment that are on loops.
func (v *Server) open() []*conn {
	v.registry.Lock()
	defer v.registry.Unlock()
	conns := make([]*conn, 0, len(v.registry.conns))
	for c := range v.registry.conns {
		conns = append(conns, c)
	}
	return conns
}

// events are the events of the engine.
type events struct{ v *Server }

// OnOpen begins a connection, or refuses it.
func (e events) OnOpen(gc gnet.Conn) (out []byte, action gnet.Action) {
	defer e.rescue("open", &action)
	c, refusal := e.v.register(gc)
	if refusal == nil && !e.v.draining.Load() {
		gc.SetContext(c)
		return nil, gnet.None
	}
	if c != nil {
		e.v.forget(c)
		e.v.leave(c.client)
	}
	return refusal, gnet.Close
}

// OnTraffic is called when a connection has input, or was woken.
func (e events) OnTraffic(gc gnet.Conn) (action gnet.Action) {
	defer e.rescue("traffic", &action)
	if c, ok := gc.Context().(*conn); ok {
		return c.traffic()
	}
	return gnet.Close
}

// OnClose is called once for each connection, also from within a write that fails.
func (e events) OnClose(gc gnet.Conn, _ error) (action gnet.Action) {
	defer e.rescue("close", &action)
	if c, ok := gc.Context().(*conn); ok {
		c.ended()
	}
	return gnet.None
}

// Sweep looks after the timeouts.
func (e events) Sweep() {
	var action gnet.Action
	defer e.rescue("sweep", &action)
	e.v.sweep(e.v.now())
}

// rescue is deferred.
func (e events) rescue(where string, action *gnet.Action) {
	if p := recover(); p != nil {
		e.v.o.Logger.Error("panic", slog.String("in", "http "+where), slog.Any("panic", p), slog.String("stack", string(debug.Stack())))
		*action = gnet.Close
	}
}
