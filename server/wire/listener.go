package wire

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
	"github.com/kamaitachi/kamaitachi/protocol"
)

// readBuffer is how much a loop reads of a connection before it turns to the next, in bytes.
const readBuffer = 32 << 10

// Listener serves the native protocol. It handles the events of one engine.
type Listener struct {
	service Service
	o       Options
	limits  Limits
	log     *slog.Logger
	begin   time.Time
	engine  *loops.Engine
	every   time.Duration // between two sweeps

	ctx       context.Context // ends when the listener has stopped
	cancel    context.CancelFunc
	waits     context.Context // ends when it begins to drain
	stopWaits context.CancelFunc

	draining atomic.Bool
	conns    atomic.Int64
	refused  atomic.Uint64 // connections over the limit
	handed   atomic.Uint64 // requests that were admitted
	slow     atomic.Uint64 // connections closed because they did not read
	late     atomic.Uint64 // connections closed by a timeout
	panics   atomic.Uint64

	// Of requests that were admitted and are not answered.
	inFlight      atomic.Int64
	inFlightBytes atomic.Int64
	queued        atomic.Int64 // bytes of replies that no peer has taken yet
	shared        Counters     // of everything but loops

	registry struct {
		sync.Mutex
		conns map[*Conn]struct{}
		loops map[gnet.EventLoop]*Loop
	}
}

// Start begins to listen, and returns once requests are answered. After an error the listener is of no use.
func (l *Listener) Start() error {
	addr, err := Resolve(l.o.Listen, l.o.Insecure)
	if err != nil {
		return err
	}
	l.service.Start()
	if err := l.engine.Start(addr); err != nil {
		l.stopService()
		return err
	}
	l.log.Info("listening", "address", l.Addr().String(), "max_connections", l.limits.MaxConns)
	return nil
}

// New returns a listener that does not run. The options must be valid.
func New(s Service, o Options) *Listener {
	o = o.withDefaults()
	l := &Listener{service: s, o: o, limits: o.Limits, log: o.Logger, begin: time.Now()}
	l.every = l.sweepEvery()
	l.engine = loops.New(events{l}, loops.Options{
		EventLoops: o.EventLoops, ReadBuffer: readBuffer, SweepEvery: l.every, Logger: l.log,
	})
	l.ctx, l.cancel = context.WithCancel(context.Background())
	l.waits, l.stopWaits = context.WithCancel(l.ctx)
	l.registry.conns = map[*Conn]struct{}{}
	l.registry.loops = map[gnet.EventLoop]*Loop{}
	if most, ok := loops.MostConns(); ok && l.limits.MaxConns > most {
		l.log.Warn("fewer connections are allowed than configured, since descriptors could run out; raise `ulimit -n`",
			"configured", l.limits.MaxConns, "allowed", most)
		l.limits.MaxConns = most
	}
	return l
}

// now returns nanoseconds since the listener began.
func (l *Listener) now() int64 { return int64(time.Since(l.begin)) }

// Now returns nanoseconds since the listener began.
func (l *Listener) Now() int64 { return l.now() }

// Addr returns the address, with the port that was really taken.
func (l *Listener) Addr() net.Addr { return l.engine.Addr() }

// Limits returns the limits, with what the machine allows.
func (l *Listener) Limits() *Limits { return &l.limits }

// Done is closed when the listener has stopped: after Shutdown, or because accepting failed (the log says why).
func (l *Listener) Done() <-chan struct{} { return l.engine.Done() }

// Waits is a context that ends when the listener begins to drain: what waits for something to happen then waits in vain.
func (l *Listener) Waits() context.Context { return l.waits }

// Shared counts what loops do not.
func (l *Listener) Shared() *Counters { return &l.shared }

// Serving tells whether new requests are answered.
func (l *Listener) Serving() bool {
	select {
	case <-l.Done():
		return false
	default:
		return !l.draining.Load()
	}
}

// Carry takes over a connection that the program made, on one of the listener's event loops, as loops.Engine does.
func (l *Listener) Carry(nc net.Conn, h loops.LineHandler) error { return l.engine.Carry(nc, h) }

// stopService ends what waits, and returns when every request is done with. No loop may run any more.
func (l *Listener) stopService() {
	l.cancel()
	l.service.Stop()
}

// Panicked notes a panic that was recovered; it is called by the deferred function.
func (l *Listener) Panicked(where string, p any) {
	l.panics.Add(1)
	l.log.Error("panic", "in", where, "panic", p, "stack", string(debug.Stack()))
}

// events are the events of the engine.
type events struct{ l *Listener }

// Sweep looks after the timeouts.
func (v events) Sweep() {
	l := v.l
	defer func() {
		if p := recover(); p != nil {
			l.Panicked("sweep", p)
		}
	}()
	l.sweep(l.now())
}

// OnOpen begins a connection, or refuses it.
func (v events) OnOpen(gc gnet.Conn) (out []byte, action gnet.Action) {
	l := v.l
	defer func() {
		if p := recover(); p != nil {
			l.Panicked("open", p)
			out, action = nil, gnet.Close
		}
	}()
	c := l.register(gc)
	switch n := l.conns.Add(1); {
	case l.draining.Load():
		return nil, c.refuse(ErrDraining)
	case n > int64(l.limits.MaxConns):
		l.refused.Add(1)
		return nil, c.refuse(protocol.Errorf(protocol.CodeOverloaded, "%d connections are open, the limit is %d",
			n-1, l.limits.MaxConns))
	}
	if l.limits.KeepAlive > 0 {
		if err := loops.KeepAlive(gc, l.limits.KeepAlive); err != nil {
			l.log.Debug("keepalive was not set", "error", err)
		}
	}
	return nil, gnet.None
}

// OnTraffic is called when a connection has input, or was woken.
func (v events) OnTraffic(gc gnet.Conn) (action gnet.Action) {
	l := v.l
	defer func() {
		if p := recover(); p != nil {
			l.Panicked("traffic", p)
			action = gnet.Close
			if c, ok := gc.Context().(*Conn); ok {
				l.renew(c.loop)
			}
		}
	}()
	c, ok := gc.Context().(*Conn)
	if !ok {
		return gnet.Close // OnOpen failed
	}
	return c.traffic()
}

// renew gives a loop a state of its own again after a panic. What the old one had not let go yet is.
func (l *Listener) renew(lo *Loop) {
	defer func() {
		if p := recover(); p != nil {
			l.Panicked("wake-up", p)
		}
		lo.state = l.service.NewLoop()
	}()
	lo.publish(0)
	l.service.Turned(lo)
}

// OnClose is called once for each connection, also from within a write that fails.
func (v events) OnClose(gc gnet.Conn, _ error) (action gnet.Action) {
	l := v.l
	defer func() {
		if p := recover(); p != nil {
			l.Panicked("close", p)
		}
	}()
	if c, ok := gc.Context().(*Conn); ok {
		if c.gathered {
			c.loop.flush() // a peer that has only stopped sending reads on, and other connections wait for this one's wake-up
		}
		c.end()
		l.service.Closed(c)
		l.forget(c)
	}
	return gnet.None
}
