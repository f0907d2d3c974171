package client

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// Client is a connected SDK. It is safe for concurrent use; share one.
type Client struct {
	o     Options // with defaults
	nodes []*node

	closing chan struct{}   // closed when Close begins: new calls fail
	ctx     context.Context // ends when Close has waited enough: connections break
	cancel  context.CancelFunc
	wg      sync.WaitGroup // keepers, readers, writers

	id       protocol.ClientID // of the origin of this client's writes
	sequence atomic.Uint64     // of its newest write

	mu      sync.Mutex
	closed  bool
	cluster string // with several addresses: the cluster of the first node met
}

// Open connects to the first node that answers and returns. The other connections are made in the background, and all of
// them again when they are lost. It fails when ctx ends, or when each address has failed once; the error joins why.
// The context is not kept.
func Open(ctx context.Context, o Options) (*Client, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	c := &Client{o: o.withDefaults(), closing: make(chan struct{})}
	rand.Read(c.id[:]) // never fails: it ends the process instead
	c.ctx, c.cancel = context.WithCancel(context.Background())
	for _, address := range c.o.Addresses {
		addr, err := parseAddress(address)
		if err != nil {
			return nil, err
		}
		c.nodes = append(c.nodes, newNode(c, addr))
	}
	if err := c.firstAnswer(ctx); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// firstAnswer starts all nodes and waits until one has a connection.
func (c *Client) firstAnswer(ctx context.Context) error {
	outcome := make(chan error, len(c.nodes))
	for _, n := range c.nodes {
		first, _, _ := n.lanes[laneQuick].news()
		n.lanes[laneQuick].open()
		c.wg.Go(func() { outcome <- n.firstNews(ctx, first) })
	}
	var faults []error
	for range c.nodes {
		err := <-outcome
		if err == nil {
			return nil
		}
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}

// firstNews waits for the first news of the quick lane, and returns nil when it is a connection.
func (n *node) firstNews(ctx context.Context, first <-chan struct{}) error {
	fault := &Error{Op: protocol.OpHello, Addr: n.addr, Stage: StageDial, Unsent: true}
	select {
	case <-first:
		if _, _, fault.Err = n.lanes[laneQuick].news(); fault.Err == nil {
			return nil
		}
	case <-ctx.Done():
		fault.Err = ctx.Err()
	case <-n.client.closing:
		fault.Err = ErrClosed
	}
	return fault
}

// goKeep starts the keeper of a slot, unless the client closes.
func (c *Client) goKeep(n *node, s *slot) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	c.wg.Add(1)
	go n.keep(s)
	return true
}

// joins holds nodes against each other: with several addresses they must all be of one cluster.
func (c *Client) joins(cluster string) error {
	if len(c.nodes) == 1 {
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
	c.cancel()
	c.wg.Wait()
	return nil
}

// drain waits for the calls in flight, for at most CloseTimeout.
func (c *Client) drain() {
	t := time.NewTimer(c.o.CloseTimeout)
	defer t.Stop()
	var empty []<-chan struct{}
	for _, n := range c.nodes {
		for i := range n.lanes {
			for j := range n.lanes[i].slots {
				if conn := n.lanes[i].slots[j].conn.Load(); conn != nil {
					conn.drain()
					empty = append(empty, conn.empty)
				}
			}
		}
	}
	for _, done := range empty {
		select {
		case <-done:
		case <-t.C:
			return
		}
	}
}
