package wire

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/panjf2000/gnet/v2"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// readBuffer is how much a loop reads of a connection before it turns to the next, in bytes.
const readBuffer = 32 << 10

// Listener serves the native protocol. It is the event handler of one gnet engine.
type Listener struct {
	service Service
	o       Options
	limits  Limits
	log     *slog.Logger
	addr    net.Addr
	begin   time.Time
	engine  gnet.Engine
	socket  net.Listener  // what gnet accepts from, under a descriptor of our own; closed when gnet closes its
	ready   chan struct{} // closed when loops and sweep run
	ended   chan struct{} // closed when the engine has stopped
	// bootErr and runErr say why it could not start; they are set before ended is closed.
	bootErr, runErr error

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

	// life is held for reading while a connection is woken or closed from outside its loop: the file descriptor behind
	// that must not be used after gnet has closed it.
	life    sync.RWMutex
	stopped bool

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
	go func() {
		defer close(l.ended)
		l.runErr = gnet.Run(l, "tcp://"+addr.String(), gnet.WithOptions(gnet.Options{
			NumEventLoop:  l.o.EventLoops,
			LB:            gnet.LeastConnections,
			ReadBufferCap: readBuffer,
			Ticker:        true,
			// A restart must not wait for the connections of the run before to fade away. Unlike ReusePort this does
			// not let two programs listen at one port. Keepalive is set in OnOpen: set here, gnet forgets the error of
			// a busy port over it.
			ReuseAddr: true,
			Logger:    gnetLogger{l.log, &l.draining},
		}))
	}()
	if err := l.awaitReady(addr); err != nil {
		if l.socket != nil {
			_ = l.socket.Close() // again where gnet came to stop
		}
		l.stopService()
		return err
	}
	l.log.Info("listening", "address", l.addr.String(), "max_connections", l.limits.MaxConns)
	return nil
}

// New returns a listener that does not run. The options must be valid.
func New(s Service, o Options) *Listener {
	o = o.withDefaults()
	l := &Listener{
		service: s, o: o, limits: o.Limits, log: o.Logger, begin: time.Now(),
		ready: make(chan struct{}), ended: make(chan struct{}),
	}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	l.waits, l.stopWaits = context.WithCancel(l.ctx)
	l.registry.conns = map[*Conn]struct{}{}
	l.registry.loops = map[gnet.EventLoop]*Loop{}
	if most, ok := mostConns(); ok && l.limits.MaxConns > most {
		l.log.Warn("fewer connections are allowed than configured, since descriptors could run out; raise `ulimit -n`",
			"configured", l.limits.MaxConns, "allowed", most)
		l.limits.MaxConns = most
	}
	return l
}

// mostConns returns how many connections leave enough descriptors for the store's files and for connections that are
// accepted only to be refused: gnet stops for good when accepting fails for want of a descriptor.
func mostConns() (n int, known bool) {
	const files = 256
	limit, known := Descriptors()
	n = int(min(limit, 1<<30))
	return n - n/4 - min(files, n/4), known
}

// awaitReady returns when the listener serves, or why it does not.
func (l *Listener) awaitReady(addr *net.TCPAddr) error {
	select {
	case <-l.ready:
		return nil
	case <-l.ended:
	}
	err := errors.Join(l.bootErr, l.runErr)
	if err == nil {
		err = errors.New("the event loops did not start") // gnet has logged why
	}
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("listen at %s: %w: another program listens there; stop it or choose another port", addr, ErrBusy)
	}
	return fmt.Errorf("listen at %s: %w", addr, err)
}

// now returns nanoseconds since the listener began.
func (l *Listener) now() int64 { return int64(time.Since(l.begin)) }

// Now returns nanoseconds since the listener began.
func (l *Listener) Now() int64 { return l.now() }

// Addr returns the address, with the port that was really taken.
func (l *Listener) Addr() net.Addr { return l.addr }

// Limits returns the limits, with what the machine allows.
func (l *Listener) Limits() *Limits { return &l.limits }

// Done is closed when the listener has stopped: after Shutdown, or because accepting failed (the log says why).
func (l *Listener) Done() <-chan struct{} { return l.ended }

// Waits is a context that ends when the listener begins to drain: what waits for something to happen then waits in vain.
func (l *Listener) Waits() context.Context { return l.waits }

// Shared counts what loops do not.
func (l *Listener) Shared() *Counters { return &l.shared }

// Serving tells whether new requests are answered.
func (l *Listener) Serving() bool {
	select {
	case <-l.ended:
		return false
	default:
		return !l.draining.Load()
	}
}

// stopService ends what waits, and returns when every request is done with. No loop may run any more.
func (l *Listener) stopService() {
	l.cancel()
	l.service.Stop()
}

// wake lets a connection's loop look at it.
func (l *Listener) wake(c *Conn) {
	l.life.RLock()
	defer l.life.RUnlock()
	if !l.stopped {
		_ = c.gc.Wake(nil) // fails only when the loop is gone
	}
}

// close closes a connection from outside its loop.
func (l *Listener) close(c *Conn) {
	l.life.RLock()
	defer l.life.RUnlock()
	if !l.stopped {
		_ = c.gc.Close() // fails only when the loop is gone
	}
}

// Panicked notes a panic that was recovered; it is called by the deferred function.
func (l *Listener) Panicked(where string, p any) {
	l.panics.Add(1)
	l.log.Error("panic", "in", where, "panic", p, "stack", string(debug.Stack()))
}

// OnBoot keeps the engine and asks the operating system which port was taken.
func (l *Listener) OnBoot(engine gnet.Engine) gnet.Action {
	l.engine = engine
	if l.socket, l.bootErr = listening(engine); l.bootErr != nil {
		return gnet.Shutdown
	}
	l.addr = l.socket.Addr()
	return gnet.None
}

// listening returns the socket that the engine accepts from.
func listening(engine gnet.Engine) (net.Listener, error) {
	fd, err := engine.Dup()
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), "listener")
	defer f.Close()
	return net.FileListener(f)
}

// OnShutdown is called before the loops stop.
func (l *Listener) OnShutdown(gnet.Engine) {
	l.life.Lock()
	defer l.life.Unlock()
	l.stopped = true
	_ = l.socket.Close() // else connections would still be made, and nobody would accept them
	if !l.draining.Load() {
		l.log.Error("the listener has stopped by itself: no more connections can be accepted; shut it down")
	}
}

// OnTick is the sweep, on a goroutine of its own.
func (l *Listener) OnTick() (delay time.Duration, action gnet.Action) {
	delay = l.sweepEvery()
	defer func() {
		if p := recover(); p != nil {
			l.Panicked("sweep", p)
		}
	}()
	select {
	case <-l.ready:
	default:
		close(l.ready)
	}
	l.sweep(l.now())
	return delay, gnet.None
}

// OnOpen begins a connection, or refuses it.
func (l *Listener) OnOpen(gc gnet.Conn) (out []byte, action gnet.Action) {
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
		idle := max(l.limits.KeepAlive, time.Second)
		if err := gc.SetKeepAlive(true, idle, max(idle/4, time.Second), 4); err != nil {
			l.log.Debug("keepalive was not set", "error", err)
		}
	}
	return nil, gnet.None
}

// OnTraffic is called when a connection has input, or was woken.
func (l *Listener) OnTraffic(gc gnet.Conn) (action gnet.Action) {
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
	l.service.Turned(lo)
}

// OnClose is called once for each connection, also from within a write that fails.
func (l *Listener) OnClose(gc gnet.Conn, _ error) (action gnet.Action) {
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
