package registry

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
)

// MaxNodes bounds the records of a cluster.
const MaxNodes = 1_024

// How a connection to etcd is kept. A server drops clients that ask oftener than every 5 s whether it lives; the library
// would wait up to two minutes before it dials again an etcd that was away.
const (
	aliveEvery = 10 * time.Second
	aliveWait  = 3 * time.Second
	redialMax  = 2 * time.Second
)

// Registry is a connection to etcd, for one cluster. Its methods may be called from several goroutines.
type Registry struct {
	o      Options
	client *clientv3.Client
}

// Open returns a registry. It does not wait for etcd, and neither notices that there is none: see Probe.
func Open(o Options) (*Registry, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	redial := backoff.DefaultConfig
	redial.BaseDelay, redial.MaxDelay = 100*time.Millisecond, redialMax
	client, err := clientv3.New(clientv3.Config{
		Endpoints:         slices.Clone(o.Endpoints),
		DialTimeout:       o.CallTimeout,
		DialKeepAliveTime: aliveEvery, DialKeepAliveTimeout: aliveWait,
		DialOptions: []grpc.DialOption{
			grpc.WithConnectParams(grpc.ConnectParams{Backoff: redial, MinConnectTimeout: o.CallTimeout}),
		},
		Logger: zap.NewNop(), // what matters is logged here, once
	})
	if err != nil {
		return nil, fmt.Errorf("registry: %w: %w", ErrOptions, err)
	}
	return &Registry{o: o, client: client}, nil
}

// Close gives the connection back. Watchers must have ended, and registrations should have.
func (r *Registry) Close() error {
	if err := r.client.Close(); err != nil {
		return fmt.Errorf("registry: close: %w", err)
	}
	return nil
}

// Probe asks etcd for the list and forgets it: nil means that etcd answers. The error wraps ErrUnavailable.
func (r *Registry) Probe(ctx context.Context) error {
	ctx, cancel := r.bound(ctx)
	defer cancel()
	if _, err := r.client.Get(ctx, r.o.nodesKey(), clientv3.WithPrefix(), clientv3.WithCountOnly()); err != nil {
		return r.unavailable("ask", err)
	}
	return nil
}

// List returns the records by id. The slice is the caller's.
func (r *Registry) List(ctx context.Context) ([]Record, error) {
	nodes, _, err := r.list(ctx)
	if err != nil {
		return nil, err
	}
	return sorted(nodes), nil
}

// list returns the records by key, and the revision at which they were so.
func (r *Registry) list(ctx context.Context) (map[string]entry, int64, error) {
	ctx, cancel := r.bound(ctx)
	defer cancel()
	reply, err := r.client.Get(ctx, r.o.nodesKey(), clientv3.WithPrefix(), clientv3.WithLimit(MaxNodes))
	if err != nil {
		return nil, 0, r.unavailable("list the nodes", err)
	}
	if reply.More {
		return nil, 0, fmt.Errorf("registry: %w: %d below %s, at most %d", ErrTooMany, reply.Count, r.o.nodesKey(), MaxNodes)
	}
	nodes := make(map[string]entry, len(reply.Kvs))
	for _, kv := range reply.Kvs {
		r.note(nodes, kv)
	}
	return nodes, reply.Header.Revision, nil
}

// entry is a record as etcd has it.
type entry struct {
	Record
	born int64 // the revision at which its key came to be
}

// note takes a key that was read into the list. A record that cannot be used is no node, and hides no other.
func (r *Registry) note(nodes map[string]entry, kv *mvccpb.KeyValue) {
	key := string(kv.Key)
	record, err := decodeRecord(kv.Value)
	if err == nil && key != r.o.nodesKey()+record.ID {
		err = fmt.Errorf("registry: %w: it is of node %.80q", ErrRecord, record.ID)
	}
	if err != nil {
		delete(nodes, key)
		r.o.Logger.Warn("a record in etcd is passed over", "key", key, "error", err)
		return
	}
	nodes[key] = entry{record, kv.CreateRevision}
}

// sorted returns the records in a new slice, by id. Of two with one native address it returns the younger: a node that lost
// its data comes back under a new id, and its old record lives on until its lease ends.
func sorted(nodes map[string]entry) []Record {
	youngest := make(map[string]entry, len(nodes)) // by native address
	for _, n := range nodes {
		if other, ok := youngest[n.Native]; !ok || n.born > other.born {
			youngest[n.Native] = n
		}
	}
	list := make([]Record, 0, len(nodes))
	for _, n := range nodes {
		if n.Native == "" || youngest[n.Native].ID == n.ID {
			list = append(list, n.Record)
		}
	}
	slices.SortFunc(list, func(a, b Record) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

// bound returns the context of one call.
func (r *Registry) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, r.o.CallTimeout)
}

// unavailable wraps what a call ended with.
func (r *Registry) unavailable(what string, err error) error {
	return fmt.Errorf("registry: %s: %w at %s: %w", what, ErrUnavailable, strings.Join(r.o.Endpoints, ", "), err)
}
