package wire

import (
	"cmp"
	"fmt"
	"log/slog"
	"time"

	"github.com/kamaitachi/kamaitachi/internal/loops"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// Options of a listener. The zero value of all but Listen works.
type Options struct {
	// Who answers, in one word for messages. Default "node".
	Who string
	// Listen is the address, host:port; port 0 is any free one. "" = there is no listener to be, and nothing to validate.
	Listen string
	// Insecure lets Listen be beyond loopback: whoever reaches the port can then read and write everything.
	Insecure bool
	// Limits bound what clients can take.
	Limits Limits
	// EventLoops is how many goroutines serve connections. Default loops.Processors.
	EventLoops int
	// LoopBudget is what a connection may cost an event loop in one wake-up, in points of the service. Default 0.
	LoopBudget int
	// Logger is told what operators should know. Clients' faults are logged at debug. Default slog.Default().
	Logger *slog.Logger
}

// Validate refuses options that cannot work. The error wraps ErrOptions or ErrInsecure.
func (o *Options) Validate() error {
	if o.EventLoops < 0 {
		return fmt.Errorf("%w: EventLoops is %d, must not be negative", ErrOptions, o.EventLoops)
	}
	if err := o.Limits.Validate(); err != nil {
		return err
	}
	if o.Listen == "" {
		return nil
	}
	_, err := Resolve(o.Listen, o.Insecure)
	return err
}

// withDefaults returns the options with the default of each that is not set.
func (o Options) withDefaults() Options {
	o.Who = cmp.Or(o.Who, "node")
	o.EventLoops = cmp.Or(o.EventLoops, loops.Processors)
	o.Limits = o.Limits.withDefaults()
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o
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
