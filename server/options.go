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
	"github.com/kamaitachi/kamaitachi/server/wire"
)

// Options of a node. Dir is required; the zero value of all else works.
type Options struct {
	// Dir is the directory of the node's data. It is created if nothing is there.
	Dir string
	// Catalog is what a store without tables is filled with. Default: it stays without tables.
	Catalog []protocol.Table
	// Cluster makes the node one of a cluster. Default nil: it stands alone.
	Cluster *Cluster
	// Role is what a node that stands alone calls itself to clients. Default "standalone".
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
	// SnapshotPath is a file to which the kept replies are written, and from which they are read at the next start if they
	// still hold. Default: none.
	SnapshotPath string
	// SnapshotInterval is the time between two writes of that file; one more is at the end. Default 10 min.
	SnapshotInterval time.Duration
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

// Limits of the native protocol's clients.
type Limits = wire.Limits

const (
	defaultRole             = "standalone"
	defaultReplyBytes       = 128 << 20
	defaultSnapshotInterval = 10 * time.Minute
)

// Validate refuses options that cannot work. The error wraps ErrOptions or ErrInsecure.
func (o Options) Validate() error {
	if o.Dir == "" {
		return fmt.Errorf("%w: Dir is empty; it must name the directory of the data", ErrOptions)
	}
	if o.EventLoops < 0 || o.Workers < 0 {
		return fmt.Errorf("%w: EventLoops (%d) and Workers (%d) must not be negative", ErrOptions, o.EventLoops, o.Workers)
	}
	if o.SnapshotInterval < 0 {
		return fmt.Errorf("%w: SnapshotInterval is %v, must not be negative", ErrOptions, o.SnapshotInterval)
	}
	if o.MemoryBytes < 0 {
		return fmt.Errorf("%w: MemoryBytes is %d, must not be negative", ErrOptions, o.MemoryBytes)
	}
	w := o.wire()
	if err := w.Validate(); err != nil {
		return fmt.Errorf("%w: %w", ErrOptions, err)
	}
	return o.validateCluster()
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
	if o.SnapshotInterval == 0 {
		o.SnapshotInterval = defaultSnapshotInterval
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
	return o
}

// wire returns the options of the listener.
func (o *Options) wire() wire.Options {
	return wire.Options{
		Who: "node", Listen: o.Listen, Insecure: o.Insecure, Limits: o.Limits, EventLoops: o.EventLoops, LoopBudget: loopBudget,
		Logger: o.Logger,
	}
}
