package server

import (
	"fmt"
	"log/slog"
	"runtime"
	"time"

	"github.com/kamaitachi/kamaitachi/protocol"
	"github.com/kamaitachi/kamaitachi/server/engine"
	"github.com/kamaitachi/kamaitachi/server/replica"
	"github.com/kamaitachi/kamaitachi/server/store"
)

// Options of a node. Dir is required; the zero value of all else works.
type Options struct {
	// Dir is the directory of the node's data. It is created if nothing is there.
	Dir string
	// Catalog is what a store without tables is filled with. Default: it stays without tables.
	Catalog []protocol.Table
	// Role is what the node calls itself to clients. Default "standalone".
	Role string
	// Listen is the address of the native protocol, host:port; port 0 is any free one. Default: no listener.
	Listen string
	// Insecure lets Listen be beyond loopback: whoever reaches the port can then read and write everything.
	Insecure bool
	// Limits bound what clients can take.
	Limits Limits
	// EventLoops is how many goroutines serve connections. Default GOMAXPROCS.
	EventLoops int
	// ReplyBytes bounds the off-heap memory of encoded replies that are kept for the next who ask the same. Default 128 MiB,
	// at least 32 MiB; negative = none are kept.
	ReplyBytes int
	// BlockBytes bounds the off-heap memory of histories that do not fit the heap. Default 128 MiB, at least 32 MiB; negative
	// = none are kept. It counts only where Engine or MemoryBytes bounds what the heap holds.
	BlockBytes int
	// MemoryBytes bounds the memory of the whole node, off-heap caches included: history gives way, and Open fails with
	// engine.ErrHeapBytes where the columns do not fit. Memory tells how it is divided. Default 0: no bound.
	MemoryBytes int64
	// Workers is how many goroutines answer reads that are too dear for an event loop. Default GOMAXPROCS.
	Workers int
	// Store, Engine and Log are those of the parts. Their Logger is this one unless set.
	Store  store.Options
	Engine engine.Options
	Log    replica.Options
	// Logger is told what operators should know. Clients' faults are logged at debug. Default slog.Default().
	Logger *slog.Logger
}

// Limits of the native protocol's clients. A zero field has its default; a negative time is none.
type Limits struct {
	MaxRequest       int           // bytes of a request's frame; default 1 MiB
	MaxReply         int           // bytes of a reply's frame; what would be larger is CodeTooLarge. Default 64 MiB
	MaxConns         int           // connections; default 10,000, and never so many that descriptors could run out
	MaxInFlight      int           // requests of a connection that workers have not answered; default 1,024
	MaxInFlightTotal int           // requests of all connections that workers have not answered; default 16,384
	MaxInFlightBytes int           // bytes of those requests; default 256 MiB
	MaxQueuedBytes   int           // bytes of replies that a connection has not read, then it is closed; default 128 MiB
	MaxQueuedTotal   int           // bytes of replies that all connections have not read; default 1 GiB
	MaxPrepared      int           // prepared queries of a connection; default 256
	MaxPreparedBytes int           // bytes of those queries; default 4 MiB
	MaxPreparedTotal int           // bytes of the prepared queries of all connections; default 256 MiB
	HelloTimeout     time.Duration // from connecting to the end of HELLO; default 5 s
	HalfFrameTimeout time.Duration // from the first byte of a frame to its last; default 10 s
	IdleTimeout      time.Duration // without any request; default 10 min
	MaxWait          time.Duration // of a request that waits and has no deadline; default 30 s
	KeepAlive        time.Duration // without any packet, until TCP asks whether the peer lives; default 1 min
}

const (
	defaultRole             = "standalone"
	defaultReplyBytes       = 128 << 20
	defaultMaxConns         = 10_000
	defaultMaxInFlight      = 1_024
	defaultMaxInFlightTotal = 16_384
	defaultMaxInFlightBytes = 256 << 20
	defaultMaxQueuedBytes   = 128 << 20
	defaultMaxQueuedTotal   = 1 << 30
	defaultMaxPrepared      = 256
	defaultMaxPreparedBytes = 4 << 20
	defaultMaxPreparedTotal = 256 << 20
	defaultHelloTimeout     = 5 * time.Second
	defaultHalfFrameTimeout = 10 * time.Second
	defaultIdleTimeout      = 10 * time.Minute
	defaultMaxWait          = 30 * time.Second
	defaultKeepAlive        = time.Minute
)

// Validate refuses options that cannot work. The error wraps ErrOptions or ErrInsecure.
func (o Options) Validate() error {
	if o.Dir == "" {
		return fmt.Errorf("%w: Dir is empty; it must name the directory of the data", ErrOptions)
	}
	if o.EventLoops < 0 || o.Workers < 0 {
		return fmt.Errorf("%w: EventLoops (%d) and Workers (%d) must not be negative", ErrOptions, o.EventLoops, o.Workers)
	}
	if o.MemoryBytes < 0 {
		return fmt.Errorf("%w: MemoryBytes is %d, must not be negative", ErrOptions, o.MemoryBytes)
	}
	if err := o.Limits.Validate(); err != nil {
		return err
	}
	if o.Listen == "" {
		return nil
	}
	_, err := resolve(o.Listen, o.Insecure)
	return err
}

// Validate refuses limits that cannot work, or that contradict each other. The error wraps ErrOptions.
func (l Limits) Validate() error {
	for _, f := range l.sizes() {
		if *f.value < 0 {
			return fmt.Errorf("%w: %s is %d, must not be negative", ErrOptions, f.name, *f.value)
		}
	}
	l = l.withDefaults()
	switch {
	case l.MaxRequest < protocol.MaxHelloFrame:
		return fmt.Errorf("%w: MaxRequest is %d, must be at least %d for HELLO", ErrOptions, l.MaxRequest, protocol.MaxHelloFrame)
	case l.MaxReply < protocol.MaxHelloFrame:
		return fmt.Errorf("%w: MaxReply is %d, must be at least %d", ErrOptions, l.MaxReply, protocol.MaxHelloFrame)
	case l.MaxReply > l.MaxQueuedBytes/2:
		return fmt.Errorf("%w: MaxReply is %d, must be at most half of MaxQueuedBytes (%d), for a reply to be sent while "+
			"another waits", ErrOptions, l.MaxReply, l.MaxQueuedBytes)
	case l.MaxQueuedBytes > l.MaxQueuedTotal:
		return fmt.Errorf("%w: MaxQueuedBytes is %d, must be at most MaxQueuedTotal (%d)", ErrOptions, l.MaxQueuedBytes, l.MaxQueuedTotal)
	case l.MaxPreparedBytes > l.MaxPreparedTotal:
		return fmt.Errorf("%w: MaxPreparedBytes is %d, must be at most MaxPreparedTotal (%d)", ErrOptions, l.MaxPreparedBytes, l.MaxPreparedTotal)
	case l.MaxInFlight > l.MaxInFlightTotal:
		return fmt.Errorf("%w: MaxInFlight is %d, must be at most MaxInFlightTotal (%d)", ErrOptions, l.MaxInFlight, l.MaxInFlightTotal)
	case l.MaxRequest > l.MaxInFlightBytes:
		return fmt.Errorf("%w: MaxRequest is %d, must be at most MaxInFlightBytes (%d)", ErrOptions, l.MaxRequest, l.MaxInFlightBytes)
	}
	return nil
}

// size is a limit that counts something.
type size struct {
	name     string
	value    *int
	standard int
}

func (l *Limits) sizes() []size {
	return []size{
		{"MaxRequest", &l.MaxRequest, protocol.DefaultMaxRequest},
		{"MaxReply", &l.MaxReply, protocol.DefaultMaxReply},
		{"MaxConns", &l.MaxConns, defaultMaxConns},
		{"MaxInFlight", &l.MaxInFlight, defaultMaxInFlight},
		{"MaxInFlightTotal", &l.MaxInFlightTotal, defaultMaxInFlightTotal},
		{"MaxInFlightBytes", &l.MaxInFlightBytes, defaultMaxInFlightBytes},
		{"MaxQueuedBytes", &l.MaxQueuedBytes, defaultMaxQueuedBytes},
		{"MaxQueuedTotal", &l.MaxQueuedTotal, defaultMaxQueuedTotal},
		{"MaxPrepared", &l.MaxPrepared, defaultMaxPrepared},
		{"MaxPreparedBytes", &l.MaxPreparedBytes, defaultMaxPreparedBytes},
		{"MaxPreparedTotal", &l.MaxPreparedTotal, defaultMaxPreparedTotal},
	}
}

func (l Limits) withDefaults() Limits {
	for _, f := range l.sizes() {
		if *f.value == 0 {
			*f.value = f.standard
		}
	}
	for _, f := range []struct {
		value    *time.Duration
		standard time.Duration
	}{
		{&l.HelloTimeout, defaultHelloTimeout},
		{&l.HalfFrameTimeout, defaultHalfFrameTimeout},
		{&l.IdleTimeout, defaultIdleTimeout},
		{&l.MaxWait, defaultMaxWait},
		{&l.KeepAlive, defaultKeepAlive},
	} {
		if *f.value == 0 {
			*f.value = f.standard
		}
	}
	return l
}

func (o Options) withDefaults() Options {
	if o.Role == "" {
		o.Role = defaultRole
	}
	if o.EventLoops == 0 {
		o.EventLoops = runtime.GOMAXPROCS(0)
	}
	if o.Workers == 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.ReplyBytes == 0 {
		o.ReplyBytes = defaultReplyBytes
	}
	if o.BlockBytes == 0 {
		o.BlockBytes = defaultBlocks
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Store.Logger == nil {
		o.Store.Logger = o.Logger
	}
	if o.Log.Logger == nil {
		o.Log.Logger = o.Logger
	}
	o.Limits = o.Limits.withDefaults()
	return o
}
