package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kamaitachi/kamaitachi/protocol"
	"github.com/kamaitachi/kamaitachi/server/cache"
	"github.com/kamaitachi/kamaitachi/server/replica"
	"github.com/kamaitachi/kamaitachi/server/state"
	"github.com/kamaitachi/kamaitachi/server/wire"
)

// closeTimeout bounds the drain of Node.Close.
const closeTimeout = 10 * time.Second

// Node is an open node.
type Node struct {
	o         Options
	nodeID    string
	clusterID string
	engine    Engine
	warm      Reader // the engine without its store, for those who must not wait
	log       replica.Log
	raft      *replica.Raft // the log of a node of a cluster; nil = the node stands alone
	front     *front
	listener  *wire.Listener // of front; nil without Options.Listen
	replies   *replies       // nil = none are kept
	blocks    *cache.Store   // of series; nil = none are kept
	warmStart *warmStart     // of the replies; nil = none are kept
	started   time.Time

	shutdown sync.Mutex  // one Shutdown at a time
	closed   atomic.Bool // nothing is served any more
	unready  atomic.Bool // queries are not answered yet
	settling sync.WaitGroup
	settled  context.CancelFunc // ends settling
	leaving  sync.Once          // hands leadership over
	hits     hits
	closers  []func() error
}

// Open opens the data in o.Dir, loads the engine, fills a store without tables with o.Catalog, and listens at o.Listen.
// Errors wrap ErrOptions, ErrInsecure, ErrBusy, ErrMember, engine.ErrHeapBytes, or one of the store's.
//
// A node of a cluster (o.Cluster) is returned before it knows who leads, and before it has caught up: Ready tells when.
// Until then queries are refused with ErrStarting. Its catalog is filled by whoever leads, through the log.
func Open(o Options) (_ *Node, err error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	blocks, err := o.budget()
	if err != nil {
		return nil, err
	}
	o.Engine.NoSync = o.Engine.NoSync || o.Cluster != nil // the log is synced on a majority instead
	st, err := state.Open(o.Dir, o.Store, o.Engine)
	if err != nil {
		return nil, fmt.Errorf("open the node in %s: %w", o.Dir, o.tooSmall(err))
	}
	closers := []func() error{st.Close}
	defer func() {
		if err != nil {
			err = errors.Join(err, closeAll(closers))
		}
	}()
	var replies *warmStart
	if o.ReplyBytes >= 0 {
		replies = openWarmStart(&o, st) // before anything is applied
		closers = append(closers, replies.close)
	}
	log, raft, err := o.openLog(st)
	if err != nil {
		return nil, err
	}
	closers = append(closers, log.Close)
	n := newNode(st.Engine(), st.Engine().Memory(), log, o)
	n.blocks, n.raft, n.closers = blocks, raft, closers
	n.clusterID, n.nodeID = st.Identity()
	n.keepReplies(replies)
	if err := n.fillAlone(); err != nil {
		return nil, err
	}
	n.unready.Store(raft != nil)
	if err := n.listen(); err != nil {
		return nil, err
	}
	if raft != nil {
		n.settle()
	}
	return n, nil
}

// newNode returns a node over its parts, which does not listen yet.
func newNode(e Engine, warm Reader, log replica.Log, o Options) *Node {
	return &Node{o: o.withDefaults(), engine: e, warm: warm, log: log, started: time.Now()}
}

// bare tells that the node has no tables and is to be filled with Options.Catalog.
func (n *Node) bare() bool {
	return len(n.o.Catalog) > 0 && len(n.engine.Catalog().Tables) == 0
}

// fillCatalog writes Options.Catalog into a node that has no tables.
func (n *Node) fillCatalog(ctx context.Context) error {
	if !n.bare() {
		return nil
	}
	if _, err := n.PutTables(ctx, &protocol.PutTables{Tables: n.o.Catalog}); err != nil {
		return fmt.Errorf("fill the empty store with the catalog: %w", err)
	}
	return nil
}

// listen starts the listener, if there is to be one.
func (n *Node) listen() error {
	if n.o.Listen == "" {
		return nil
	}
	n.front = newFront(n)
	n.listener = n.front.Listener // before it runs: STATS over the wire reads it
	if err := n.listener.Start(); err != nil || n.raft == nil {
		return err
	}
	native, err := replica.Advertise(n.o.Cluster.Native, n.listener.Addr().String())
	if err != nil {
		return fmt.Errorf("%w: Cluster.Native: %w", ErrOptions, err)
	}
	return n.raft.SetNative(native)
}

// Addr returns the address of the native listener, with the port that was really taken; nil if there is none.
func (n *Node) Addr() net.Addr {
	if n.listener == nil {
		return nil
	}
	return n.listener.Addr()
}

// Engine returns the node's engine. Writes must go through the node, not through it.
func (n *Node) Engine() Engine { return n.engine }

// NodeID returns the id of this copy of the data, 32 hexadecimal digits.
func (n *Node) NodeID() string { return n.nodeID }

// ClusterID returns the id of the cluster, 32 hexadecimal digits.
func (n *Node) ClusterID() string { return n.clusterID }

// Role returns what the node is at this moment: "master" or "slave" in a cluster, else Options.Role.
func (n *Node) Role() string {
	if n.raft != nil {
		return n.raft.Role()
	}
	return n.o.Role
}

// Started returns when the node was opened.
func (n *Node) Started() time.Time { return n.started }

// Ready tells whether the node answers queries: its data are there and, in a cluster, as new as those of the others were
// when it was opened; it is neither shutting down nor has its listener failed.
func (n *Node) Ready() bool {
	if n.closed.Load() || n.unready.Load() {
		return false
	}
	return n.listener == nil || n.listener.Serving()
}

// Done is closed when the native listener has stopped: after Shutdown, or because accepting failed (the log says why),
// after which the node should be shut down and the program end. It is nil if there is no listener.
func (n *Node) Done() <-chan struct{} {
	if n.listener == nil {
		return nil
	}
	return n.listener.Done()
}

// Close is Shutdown with ten seconds to drain.
func (n *Node) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	return n.Shutdown(ctx)
}

// Shutdown hands leadership over, if the node leads and another can, refuses new requests (CodeUnavailable), waits until
// those under way are answered and their replies sent or ctx has ended, closes all connections, and then closes the log and
// the store. It returns ctx's error, naming what was cut off, if not all was answered and sent. It may outlast ctx by the
// commit that is under way, since the store cannot be closed under it. A second call does nothing.
func (n *Node) Shutdown(ctx context.Context) error {
	n.shutdown.Lock()
	defer n.shutdown.Unlock()
	if n.closed.Load() {
		return nil
	}
	n.HandOver()
	var err error
	if n.listener != nil {
		err = n.listener.Shutdown(ctx)
	}
	n.closed.Store(true)
	n.unsettle()
	return errors.Join(err, closeAll(n.closers))
}

// closeAll closes what was opened, last first.
func closeAll(closers []func() error) error {
	var errs []error
	for i := len(closers) - 1; i >= 0; i-- {
		errs = append(errs, closers[i]())
	}
	return errors.Join(errs...)
}
