package httpcompat

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/kamaitachi/kamaitachi/internal/breaker"
)

// Options of a Handler and Server. The zero value works.
type Options struct {
	// Prefix under which the same paths are served again, "/data" on a gateway. Default none.
	Prefix string
	// Rates at which the groups of operations may be asked (semantics 25).
	Rates Rates
	// Breaker says when the breaker of an operation opens, which counts answers with 500 and 503. Default nil: operations
	// have no breakers, because those of the Backend suffice.
	Breaker *breaker.Options
	// QueryTimeout bounds what a read waits for its Backend. Default 0 = none: a node answers from memory.
	QueryTimeout time.Duration
	// UpdateTimeout bounds what a write waits until it is durable. Default 10 s.
	UpdateTimeout time.Duration
	// Logger gets faults of the server, the slow log and the access log. Default slog.Default().
	Logger *slog.Logger
	// AccessLog logs a line for each request. Default false.
	AccessLog bool
	// SlowLog logs a line for each request that took at least so long. Default 0 = off.
	SlowLog time.Duration
	// Memo is about how many subjects' JSON is kept ready, and a quarter of how many numbers' text: for backends that give
	// the same *protocol.Subject again and again, as a node does. It takes about 500 bytes each. Default 0 = none.
	Memo int
	// Replies is how many replies of nodes' JSON is kept ready, for a Relaying backend. It takes 40 KiB each at most. Default
	// 0 = none.
	Replies int
	// Metrics is called for each /metrics, to append what others count, in Prometheus's text form. Default nil.
	Metrics func(w io.Writer)

	// The rest is for Listen alone.

	// Insecure allows addresses beyond loopback although nobody is asked for credentials. Default false.
	Insecure bool
	// MaxBody is the length of a request's body in bytes; a longer one gets 413. A connection may hold so much memory.
	// Default 1 MiB.
	MaxBody int
	// MaxHeader is the length of a request's head in bytes; a longer one gets 431. Default 8 KiB.
	MaxHeader int
	// MaxConnections at once; others are refused with 503. Default 10,000.
	MaxConnections int
	// MaxConnectionsPerIP at once from one address. Default MaxConnections.
	MaxConnectionsPerIP int
	// ReadTimeout is the time from the first byte of a request to its last, and from connecting to the first byte.
	// Default 5 s.
	ReadTimeout time.Duration
	// WriteTimeout is the time for a client to take its answer. Default 10 s.
	WriteTimeout time.Duration
	// IdleTimeout is the time for which a connection is kept without a request. Default 60 s.
	IdleTimeout time.Duration
}

// Rates has the rate of each group of operations. Defaults: 100 a second with bursts of 50 for Default, none for the
// others.
type Rates struct {
	Default   Rate // health, stats, catalog
	Snapshot  Rate
	Period    Rate
	Recent    Rate
	Selection Rate
	Rows      Rate
}

// Rate is how often a group may be asked. The zero value is the group's default.
type Rate struct {
	PerSecond float64 // NoLimit = any number
	Burst     int     // requests at once; 0 = as many as PerSecond, at least 1
}

// NoLimit is a Rate.PerSecond without limit.
const NoLimit = -1

// defaultRate is the rate of Rates.Default.
var defaultRate = Rate{PerSecond: 100, Burst: 50}

// Validate refuses options that cannot work.
func (o *Options) Validate() error {
	if o.Prefix != "" && (!strings.HasPrefix(o.Prefix, "/") || strings.HasSuffix(o.Prefix, "/")) {
		return fmt.Errorf("httpcompat: %w: Prefix is %q, expected a path that begins with a slash and ends without one",
			ErrOptions, o.Prefix)
	}
	for name, n := range map[string]int{
		"MaxBody": o.MaxBody, "MaxHeader": o.MaxHeader, "MaxConnections": o.MaxConnections,
		"MaxConnectionsPerIP": o.MaxConnectionsPerIP, "Memo": o.Memo, "Replies": o.Replies,
	} {
		if n < 0 {
			return fmt.Errorf("httpcompat: %w: %s is %d, must not be negative", ErrOptions, name, n)
		}
	}
	for name, d := range map[string]time.Duration{
		"QueryTimeout": o.QueryTimeout, "UpdateTimeout": o.UpdateTimeout, "SlowLog": o.SlowLog,
		"ReadTimeout": o.ReadTimeout, "WriteTimeout": o.WriteTimeout, "IdleTimeout": o.IdleTimeout,
	} {
		if d < 0 {
			return fmt.Errorf("httpcompat: %w: %s is %v, must not be negative", ErrOptions, name, d)
		}
	}
	if o.Breaker != nil {
		if err := o.Breaker.Validate(); err != nil {
			return fmt.Errorf("httpcompat: %w: %w", ErrOptions, err)
		}
	}
	return o.Rates.validate()
}

func (r *Rates) validate() error {
	for name, rate := range map[string]Rate{
		"Default": r.Default, "Snapshot": r.Snapshot, "Period": r.Period, "Recent": r.Recent, "Selection": r.Selection,
		"Rows": r.Rows,
	} {
		if rate.PerSecond < 0 && rate.PerSecond != NoLimit || rate.PerSecond != rate.PerSecond || rate.Burst < 0 {
			return fmt.Errorf("httpcompat: %w: Rates.%s is %v a second with burst %d, expected positive numbers or NoLimit",
				ErrOptions, name, rate.PerSecond, rate.Burst)
		}
	}
	return nil
}

// withDefaults returns the options with the default of each that is not set.
func (o Options) withDefaults() Options {
	setDefault(&o.UpdateTimeout, 10*time.Second)
	setDefault(&o.MaxBody, 1<<20)
	setDefault(&o.MaxHeader, 8<<10)
	setDefault(&o.MaxConnections, 10_000)
	setDefault(&o.MaxConnectionsPerIP, o.MaxConnections)
	setDefault(&o.ReadTimeout, 5*time.Second)
	setDefault(&o.WriteTimeout, 10*time.Second)
	setDefault(&o.IdleTimeout, 60*time.Second)
	setDefault(&o.Rates.Default, defaultRate)
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o
}

func setDefault[T comparable](v *T, usual T) {
	var zero T
	if *v == zero {
		*v = usual
	}
}
