package client

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// Client is a connected SDK. It is safe for concurrent use; share one.
type Client struct {
	o        Options // with defaults
	topology atomic.Pointer[topology]
	master   atomic.Pointer[node] // who took or was said to take writes; nil = not known
	news     bell                 // rings when a node, a connection or the topology changed
	born     time.Time            // what now counts from
	applied  atomic.Uint64        // the highest index that any answer has shown
	budget   *budget              // of repetitions

	retries, redirects, overSpent, broken atomic.Uint64 // see Counts

	closing chan struct{}   // closed when Close begins: new calls fail
	ctx     context.Context // ends when Close has waited enough: connections break
	cancel  context.CancelCauseFunc
	wg      sync.WaitGroup // keepers, readers, writers

	id       protocol.ClientID // of the origin of this client's writes
	sequence atomic.Uint64     // of its newest write

	reshape sync.Mutex // held while the topology is replaced
	leaving []*node    // removed, with calls in flight; under reshape

	mu      sync.Mutex
	closed  bool
	cluster string // unless there is one address only: the cluster of the first node met
}

// Open connects to the first node that answers and returns. The other connections are made in the background, and all of
// them again when they are lost. It fails when ctx ends, which with a Discovery may be before there is a list of members,
// or when each node has failed once; the error joins why. The context is not kept.
func Open(ctx context.Context, o Options) (*Client, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	c := &Client{o: o.withDefaults(), closing: make(chan struct{}), born: time.Now()}
	c.budget = newBudget(c.o.RetryShare)
	rand.Read(c.id[:]) // never fails: it ends the process instead
	c.ctx, c.cancel = context.WithCancelCause(context.Background())
	c.topology.Store(&topology{})
	err := c.meet(ctx)
	if err == nil {
		err = c.firstAnswer(ctx)
	}
	if err == nil && !c.lone() {
		c.spawn(c.probe)
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// firstAnswer waits until one of the nodes has a connection.
func (c *Client) firstAnswer(ctx context.Context) error {
	nodes := c.topology.Load().nodes
	outcome := make(chan error, len(nodes))
	for _, n := range nodes {
		c.wg.Go(func() { outcome <- n.firstNews(ctx) })
	}
	var faults []error
	for range nodes {
		err := <-outcome
		if err == nil {
			return nil
		}
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}

// firstNews waits for the first news of the quick lane, and returns nil when it is a connection.
func (n *node) firstNews(ctx context.Context) error {
	fault := &Error{Op: protocol.OpHello, Addr: n.addr, Stage: StageDial, Unsent: true}
	select {
	case <-n.lanes[laneQuick].first:
		if _, _, fault.Err = n.lanes[laneQuick].news(); fault.Err == nil {
			return nil
		}
	case <-n.ctx.Done():
		fault.Err = context.Cause(n.ctx)
	case <-ctx.Done():
		fault.Err = ctx.Err()
	case <-n.client.closing:
		fault.Err = ErrClosed
	}
	return fault
}

// now returns the time since the client was made, in ns.
func (c *Client) now() int64 { return int64(time.Since(c.born)) }

// spawn starts a goroutine that Close waits for, unless the client closes.
func (c *Client) spawn(f func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	c.wg.Go(f)
	return true
}

// joins holds nodes against each other: unless there is one address only they must all be of one cluster.
func (c *Client) joins(cluster string) error {
	if c.lone() {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cluster == "" {
		c.cluster = cluster
	}
	if cluster != c.cluster {
		return wrongCluster(cluster, c.cluster)
	}
	return nil
}

// Close refuses new calls, waits for those in flight for at most CloseTimeout, ends the rest with ErrClosed and returns
// when every goroutine of the client has ended. Closing again does nothing. It returns nil.
func (c *Client) Close() error {
	c.mu.Lock()
	if !c.closed {
		c.closed = true
		close(c.closing)
	}
	c.mu.Unlock()
	if c.o.CloseTimeout > 0 {
		c.drain()
	}
	c.cancel(ErrClosed)
	c.wg.Wait()
	return nil
}

// drain waits for the calls in flight, for at most CloseTimeout.
func (c *Client) drain() {
	t := time.NewTimer(c.o.CloseTimeout)
	defer t.Stop()
	var all []*conn
	c.reshape.Lock()
	nodes := slices.Concat(c.topology.Load().all(), c.leaving)
	c.reshape.Unlock()
	for _, n := range nodes {
		all = append(all, n.drain(ErrClosed)...)
	}
	for _, conn := range all {
		select {
		case <-conn.empty:
		case <-conn.lost:
		case <-t.C:
			return
		}
	}
}
