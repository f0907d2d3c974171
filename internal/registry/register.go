package registry

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// Registration keeps the record of one node in etcd until it is closed.
type Registration struct {
	r    *Registry
	id   string
	text atomic.Pointer[string] // the record
	bell chan struct{}          // holds one when text may be newer than what was written

	held  atomic.Bool
	there atomic.Pointer[string] // what was written last under the lease that is held
	lease clientv3.LeaseID       // of the loop; of Close when the loop has ended
	stop  context.CancelFunc
	done  chan struct{}
	close sync.Once
}

// Register lists the node from now on, and again whenever its lease was lost. It does not wait for etcd: Held tells whether
// the node is listed. Only a record that cannot be is an error; it wraps ErrRecord. Close the registration before the
// registry.
func (r *Registry) Register(record Record) (*Registration, error) {
	text, err := record.encode()
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	g := &Registration{r: r, id: record.ID, bell: make(chan struct{}, 1), stop: stop, done: make(chan struct{})}
	g.text.Store(&text)
	go g.run(ctx)
	return g, nil
}

// Update lists the node with another record of the same id: its role has changed, for example. It does not wait for etcd.
func (g *Registration) Update(record Record) error {
	if record.ID != g.id {
		return fmt.Errorf("registry: %w: it is of node %.80q, the registration of %s", ErrRecord, record.ID, g.id)
	}
	text, err := record.encode()
	if err != nil {
		return err
	}
	g.text.Store(&text)
	select {
	case g.bell <- struct{}{}:
	default: // it rings already
	}
	return nil
}

// Held tells whether etcd lists the node, as far as is known here.
func (g *Registration) Held() bool { return g.held.Load() }

// Current tells whether etcd lists the node with the record that it was given last, as far as is known here.
func (g *Registration) Current() bool { return g.held.Load() && g.there.Load() == g.text.Load() }

// Close takes the node off the list. When etcd does not answer within ctx, the lease runs out by itself later; that is an
// error that wraps ErrUnavailable. Calling it again does nothing.
func (g *Registration) Close(ctx context.Context) error {
	var err error
	g.close.Do(func() {
		g.stop()
		<-g.done
		if g.lease == clientv3.NoLease {
			return
		}
		ctx, cancel := g.r.bound(ctx)
		defer cancel()
		_, err = g.r.client.Revoke(ctx, g.lease)
		if errors.Is(err, rpctypes.ErrLeaseNotFound) {
			err = nil
		}
		if err != nil {
			err = g.r.unavailable("take node "+g.id+" off the list", err)
		}
	})
	return err
}

// run holds a lease, and then another one, until ctx ends.
func (g *Registration) run(ctx context.Context) {
	defer close(g.done)
	pause, told := pauses{}, false
	for {
		err := g.hold(ctx, func() {
			g.held.Store(true)
			g.r.o.Logger.Info("the node is listed in etcd", "node", g.id)
			pause, told = pauses{}, false
		})
		g.held.Store(false)
		if ctx.Err() != nil {
			return
		}
		if !told {
			g.r.o.Logger.Warn("the node is not listed in etcd; it goes on trying", "node", g.id, "error", err)
			told = true
		}
		if !pause.wait(ctx) {
			return
		}
	}
}

// hold lists the node under a new lease, calls listed, and keeps the lease until it is lost or ctx ends.
func (g *Registration) hold(ctx context.Context, listed func()) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	leases := clientv3.NewLease(g.r.client) // one that has halted keeps nothing alive any more, so each try has its own
	defer leases.Close()
	if err := g.grant(ctx, leases); err != nil {
		return err
	}
	if err := g.write(ctx); err != nil {
		return err
	}
	alive, err := leases.KeepAlive(ctx, g.lease)
	if err != nil {
		return g.r.unavailable("keep the lease", err)
	}
	listed()
	for {
		select {
		case reply, ok := <-alive:
			if !ok || reply == nil {
				return fmt.Errorf("registry: node %s: %w", g.id, ErrLeaseLost)
			}
		case <-g.bell:
		case <-ctx.Done():
			return ctx.Err()
		}
		// With each renewal too: a write may have failed, and somebody may have deleted the record.
		if err := g.write(ctx); errors.Is(err, ErrLeaseLost) {
			return err
		} else if err != nil {
			g.r.o.Logger.Debug("the record in etcd could not be looked after", "node", g.id, "error", err)
		}
	}
}

// grant takes a new lease. The one before, if it lives still, runs out with nothing to take along.
func (g *Registration) grant(ctx context.Context, leases clientv3.Lease) error {
	ctx, cancel := g.r.bound(ctx)
	defer cancel()
	lease, err := leases.Grant(ctx, int64(g.r.o.TTL/time.Second))
	if err != nil {
		return g.r.unavailable("take a lease", err)
	}
	g.lease = lease.ID
	return nil
}

// write puts the record under the lease, unless it is there.
func (g *Registration) write(ctx context.Context) error {
	ctx, cancel := g.r.bound(ctx)
	defer cancel()
	text, key := g.text.Load(), g.r.o.nodesKey()+g.id
	_, err := g.r.client.Txn(ctx).
		If(clientv3.Compare(clientv3.Value(key), "=", *text), clientv3.Compare(clientv3.LeaseValue(key), "=", g.lease)).
		Else(clientv3.OpPut(key, *text, clientv3.WithLease(g.lease))).
		Commit()
	switch {
	case errors.Is(err, rpctypes.ErrLeaseNotFound):
		return fmt.Errorf("registry: node %s: %w", g.id, ErrLeaseLost)
	case err != nil:
		return g.r.unavailable("write the record of node "+g.id, err)
	}
	g.there.Store(text)
	return nil
}
