package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"time"

	"github.com/kamaitachi/kamaitachi/internal/breaker"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// DefaultAddress is where a node listens that was told nothing else.
const DefaultAddress = "kama://127.0.0.1:7080"

// Bounds of options.
const (
	MaxConnsPerNode = 64
	MaxMaxInFlight  = 1 << 16
	MinMaxReply     = 64 << 10 // bytes
	MaxMaxReply     = 1 << 30  // bytes
)

// Options are what a Client is opened with. The zero value works: one node at DefaultAddress.
type Options struct {
	// Addresses of all nodes of one cluster, "host:port" or "kama://host:port", at most MaxMembers. Default DefaultAddress.
	Addresses []string
	// Discovery finds the nodes instead of Addresses, and follows their changes. Default: none.
	Discovery Discovery
	// ConnsPerNode is the number of connections that small reads share. Default 2, at most MaxConnsPerNode.
	ConnsPerNode int
	// DialTimeout bounds one attempt to connect and greet, how long a call waits for a connection, and how long the
	// answer to an idle ping may take. Default 5 s.
	DialTimeout time.Duration
	// RequestTimeout is for calls whose context has no deadline. Default 10 s; negative: none.
	RequestTimeout time.Duration
	// CloseTimeout is how long Close waits for calls in flight. Default 5 s; negative: not at all.
	CloseTimeout time.Duration
	// DrainTimeout is how long a node that left the cluster is waited for until it has answered what it has in flight.
	// Default 30 s.
	DrainTimeout time.Duration
	// IdlePing is the silence after which a connection is asked whether its peer is alive. Default 30 s; negative: never.
	IdlePing time.Duration
	// MaxInFlight bounds the requests in flight on one connection; more wait for room. The node's own limit counts
	// when it is smaller. Default 1024, at most MaxMaxInFlight.
	MaxInFlight int
	// MaxReply is the greatest reply that is accepted, in bytes. Default protocol.DefaultMaxReply,
	// from MinMaxReply to MaxMaxReply.
	MaxReply int
	// Retries is how often a read is sent again after a lost connection or a retryable answer. Default 2; negative: never.
	Retries int
	// RetryShare is the share of the requests that may be sent again, besides 10 a second and 1,000 at once. It does not
	// bound redirections to the master and what certainly never reached a node. Default 0.1; negative: no bound.
	RetryShare float64
	// TryTimeout is how long a read waits for one node until it is sent to another one, while Retries and the budget allow
	// it. It does nothing with a single address. Default 3 s; negative: as long as its deadline.
	TryTimeout time.Duration
	// StallTimeout is how long a node that has reads to answer may send nothing at all, not even the answer to a PING,
	// until its connections are given up and the reads sent elsewhere. With a single address IdlePing alone counts.
	// Default 2 s.
	StallTimeout time.Duration
	// MaxLag is how many indexes a node may be behind the highest that any answer has shown; reads go to nodes further
	// behind only when there is no other. Default 1000; negative: any.
	MaxLag int
	// BreakerWindow is the time over which a node's failures of one operation are counted: that breaker opens when
	// BreakerPercent of at least BreakerRequests failed. With a single address it only counts. Default 10 s.
	BreakerWindow time.Duration
	// BreakerRequests and BreakerPercent say when a breaker opens. Defaults 10 and 50.
	BreakerRequests, BreakerPercent int
	// BreakerPause is how long a breaker stays open before BreakerProbes requests are let through, whose success closes it.
	// Default 30 s.
	BreakerPause time.Duration
	// BreakerProbes is how many requests a half-open breaker lets through. Default 5.
	BreakerProbes int
	// RetryBackoff is the pause before the first repetition after a retryable answer; it doubles, up to BackoffMax, and
	// is jittered. Default 10 ms.
	RetryBackoff time.Duration
	// BackoffMin and BackoffMax bound the jittered, doubling pause between attempts to connect. Defaults 50 ms and 2 s.
	BackoffMin, BackoffMax time.Duration

	Name      string // of this client, for the node's logs and lists. Default "go"
	Token     string // credential; "" = none
	ClusterID string // refuse nodes of other clusters; "" = with several addresses that of the first node met, else any

	// Logger gets connections made and lost. Default: none.
	Logger *slog.Logger
	// Dial makes the connections (TLS, proxies, tests). Default a net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Loops carry the connections to nodes, for programs that have event loops. Default: none.
	Loops Loops
	// OnRequest is called at the end of every call, in the caller's goroutine. It must be quick.
	OnRequest func(Sample)
	// OnConn is called when a connection to addr was made (err is nil), could not be made, or was lost.
	OnConn func(addr string, err error)
}

// Sample is what a metrics hook learns of one call.
type Sample struct {
	Op       protocol.Op
	Addr     string        // of the node that was asked last; "" where none was
	Duration time.Duration // of the whole call, with waits and repetitions
	Attempts int           // how often it was tried: 1 without repetitions
	Err      error         // nil, or a *Error
}

// Validate returns every option that cannot be, each named, as ErrOptions.
func (o *Options) Validate() error {
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("%w: "+format, append([]any{ErrOptions}, args...)...))
	}
	if len(o.Addresses) > 0 && o.Discovery != nil {
		fault("Addresses and Discovery are both given, want one of them")
	}
	if len(o.Addresses) > MaxMembers {
		fault("Addresses are %d, at most %d", len(o.Addresses), MaxMembers)
	}
	seen := map[string]bool{}
	for _, a := range o.Addresses {
		hostPort, err := parseAddress(a)
		if err != nil {
			fault("Addresses: %w", err)
		} else if seen[hostPort] {
			fault("Addresses: %s is there twice", hostPort)
		}
		seen[hostPort] = true
	}
	bound := func(name string, n, least, most int) {
		if n != 0 && (n < least || n > most) {
			fault("%s is %d, want %d to %d, or 0 for the default", name, n, least, most)
		}
	}
	bound("ConnsPerNode", o.ConnsPerNode, 1, MaxConnsPerNode)
	bound("MaxInFlight", o.MaxInFlight, 1, MaxMaxInFlight)
	bound("MaxReply", o.MaxReply, MinMaxReply, MaxMaxReply)
	positive := func(name string, d time.Duration) {
		if d < 0 {
			fault("%s is %v, want more than 0, or 0 for the default", name, d)
		}
	}
	positive("DialTimeout", o.DialTimeout)
	positive("DrainTimeout", o.DrainTimeout)
	positive("RetryBackoff", o.RetryBackoff)
	positive("StallTimeout", o.StallTimeout)
	if b := o.breaker(); b.Validate() != nil {
		fault("Breaker: %w", b.Validate())
	}
	if o.RetryShare > 1 || math.IsNaN(o.RetryShare) {
		fault("RetryShare is %v, want at most 1", o.RetryShare)
	}
	positive("BackoffMin", o.BackoffMin)
	positive("BackoffMax", o.BackoffMax)
	if d := o.withDefaults(); d.BackoffMin > d.BackoffMax {
		fault("BackoffMin is %v, more than BackoffMax %v", d.BackoffMin, d.BackoffMax)
	}
	return errors.Join(faults...)
}

// withDefaults returns the options with defaults in place of zeros.
func (o *Options) withDefaults() Options {
	d := *o
	if len(d.Addresses) == 0 && d.Discovery == nil {
		d.Addresses = []string{DefaultAddress}
	}
	setDefault(&d.ConnsPerNode, 2)
	setDefault(&d.DialTimeout, 5*time.Second)
	setDefault(&d.RequestTimeout, 10*time.Second)
	setDefault(&d.CloseTimeout, 5*time.Second)
	setDefault(&d.DrainTimeout, 30*time.Second)
	setDefault(&d.IdlePing, 30*time.Second)
	setDefault(&d.MaxInFlight, 1024)
	setDefault(&d.MaxReply, protocol.DefaultMaxReply)
	setDefault(&d.Retries, 2)
	setDefault(&d.RetryShare, 0.1)
	setDefault(&d.TryTimeout, 3*time.Second)
	setDefault(&d.StallTimeout, 2*time.Second)
	setDefault(&d.MaxLag, 1000)
	setDefault(&d.RetryBackoff, 10*time.Millisecond)
	setDefault(&d.BackoffMin, 50*time.Millisecond)
	setDefault(&d.BackoffMax, 2*time.Second)
	setDefault(&d.Name, "go")
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	if d.Dial == nil {
		d.Dial = (&net.Dialer{}).DialContext
	}
	return d
}

func setDefault[T comparable](option *T, value T) {
	var zero T
	if *option == zero {
		*option = value
	}
}

// breaker returns when breakers open and close.
func (o *Options) breaker() breaker.Options {
	return breaker.Options{
		Window: o.BreakerWindow, MinRequests: o.BreakerRequests, FailurePercent: o.BreakerPercent, Pause: o.BreakerPause,
		Probes: o.BreakerProbes,
	}
}
