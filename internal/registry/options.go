package registry

import (
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// Defaults of Options.
const (
	DefaultPrefix      = "/kamaitachi"
	DefaultCluster     = "main"
	DefaultTTL         = 10 * time.Second
	DefaultCallTimeout = 3 * time.Second
	DefaultRelistEvery = 30 * time.Second
)

// MaxName bounds the bytes of Options.Cluster and of a node's id.
const MaxName = 255

// Options say which etcd, and which cluster there. Endpoints is required; the zero value of all else works.
type Options struct {
	// Endpoints are the members of etcd: host:port, or unix://PATH.
	Endpoints []string
	// Prefix begins every key. Default "/kamaitachi".
	Prefix string
	// Cluster is the name of the cluster, one part of a path. Default "main".
	Cluster string
	// TTL is for how long a node that is not heard of stays listed; at least 1 s, whole seconds. Default 10 s.
	TTL time.Duration
	// CallTimeout bounds each call to etcd. Default 3 s.
	CallTimeout time.Duration
	// RelistEvery is how often a watcher reads the whole list, besides being told of changes: an etcd that was set up anew
	// would never tell. Default 30 s.
	RelistEvery time.Duration
	// EmptyWait is for how long a list must have been empty, after one that was not, until it is believed. Default 3 TTL.
	EmptyWait time.Duration
	// LastKnown is a file that keeps the last list for a program that starts while etcd is away. Default: none.
	LastKnown string
	// Logger is told when etcd goes and comes. Default slog.Default().
	Logger *slog.Logger
}

func (o Options) withDefaults() Options {
	setDefault(&o.Prefix, DefaultPrefix)
	setDefault(&o.Cluster, DefaultCluster)
	setDefault(&o.TTL, DefaultTTL)
	setDefault(&o.CallTimeout, DefaultCallTimeout)
	setDefault(&o.RelistEvery, DefaultRelistEvery)
	setDefault(&o.EmptyWait, 3*o.TTL)
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o
}

func setDefault[T comparable](value *T, standard T) {
	var zero T
	if *value == zero {
		*value = standard
	}
}

// Validate refuses options that cannot work. The error wraps ErrOptions.
func (o Options) Validate() error {
	o = o.withDefaults()
	bad := func(format string, args ...any) error {
		return fmt.Errorf("registry: %w: %s", ErrOptions, fmt.Sprintf(format, args...))
	}
	switch {
	case len(o.Endpoints) == 0:
		return bad("Endpoints is empty; it must name a member of etcd")
	case !strings.HasPrefix(o.Prefix, "/") || strings.HasSuffix(o.Prefix, "/"):
		return bad("Prefix is %q; it must begin with a slash and end without one", o.Prefix)
	case !isPart(o.Cluster):
		return bad("Cluster is %.80q; it must be one part of a path, of 1 to %d bytes", o.Cluster, MaxName)
	case o.TTL < time.Second || o.TTL%time.Second != 0:
		return bad("TTL is %s; it must be whole seconds", o.TTL)
	case o.CallTimeout < 0 || o.RelistEvery < 0 || o.EmptyWait < 0:
		return bad("CallTimeout, RelistEvery and EmptyWait must not be negative")
	}
	return nil
}

// isPart tells whether a name can be one part of a key.
func isPart(name string) bool {
	return name != "" && len(name) <= MaxName && !strings.ContainsFunc(name, func(r rune) bool {
		return r == '/' || r <= ' ' || r == 0x7f || r == '�'
	})
}

// base begins the keys of the cluster.
func (o Options) base() string { return o.Prefix + "/" + o.Cluster }

// nodesKey begins the keys of the records.
func (o Options) nodesKey() string { return o.base() + "/nodes/" }

// foundingKey is the key of the founding.
func (o Options) foundingKey() string { return o.base() + "/founding" }
