package gateway

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/server/wire"
)

// ErrOptions is wrapped by the errors of Options.Validate.
var ErrOptions = errors.New("gateway options")

// Options of a gateway. The zero value works: before one node at client.DefaultAddress.
type Options struct {
	// Client says which nodes there are and how they are spoken to. Its RequestTimeout is for requests that bring no
	// deadline of their own. Its Logger is this one unless set.
	Client client.Options
	// WaitsFor says who names the nodes, for those who ask before anybody did. Default: the addresses of Client.
	WaitsFor string
	// ProbeEvery is the time between two looks at whether a node answers. Default 1 s.
	ProbeEvery time.Duration
	// ProbeTimeout bounds such a look, and asking one node for its figures. Default 2 s.
	ProbeTimeout time.Duration
	// Listen is the address of the native protocol, host:port; port 0 is any free one. Default: no listener.
	Listen string
	// Insecure lets Listen be beyond loopback.
	Insecure bool
	// Limits bound what clients of the native protocol can take.
	Limits wire.Limits
	// EventLoops is how many goroutines serve their connections. Default loops.Processors.
	EventLoops int
	// Logger is told what operators should know. Default slog.Default().
	Logger *slog.Logger
}

// Validate refuses options that cannot work. The error wraps ErrOptions.
func (o *Options) Validate() error {
	if o.ProbeEvery < 0 || o.ProbeTimeout < 0 {
		return fmt.Errorf("%w: ProbeEvery (%v) and ProbeTimeout (%v) must not be negative", ErrOptions, o.ProbeEvery, o.ProbeTimeout)
	}
	if err := o.Client.Validate(); err != nil {
		return fmt.Errorf("%w: Client: %w", ErrOptions, err)
	}
	w := o.wire()
	if err := w.Validate(); err != nil {
		return fmt.Errorf("%w: %w", ErrOptions, err)
	}
	return nil
}

// withDefaults returns the options with the default of each that is not set.
func (o Options) withDefaults() Options {
	setDefault(&o.ProbeEvery, time.Second)
	setDefault(&o.ProbeTimeout, 2*time.Second)
	setDefault(&o.Client.Name, "gateway")
	if len(o.Client.Addresses) == 0 && o.Client.Discovery == nil {
		o.Client.Addresses = []string{client.DefaultAddress}
	}
	if o.WaitsFor == "" && o.Client.Discovery == nil {
		o.WaitsFor = strings.Join(o.Client.Addresses, ", ")
	}
	setDefault(&o.WaitsFor, "the discovery to name nodes")
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Client.Logger == nil {
		o.Client.Logger = o.Logger
	}
	return o
}

// wire returns the options of the listener.
func (o *Options) wire() wire.Options {
	return wire.Options{
		Who: "gateway", Listen: o.Listen, Insecure: o.Insecure, Limits: o.Limits, EventLoops: o.EventLoops, Logger: o.Logger,
	}
}

func setDefault[T comparable](option *T, value T) {
	var zero T
	if *option == zero {
		*option = value
	}
}
