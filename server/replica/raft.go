package replica

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"
	raftboltdb "github.com/hashicorp/raft-boltdb/v2"

	"github.com/kamaitachi/kamaitachi/protocol"
)

const (
	// firstTerm is the term of what is there when a cluster is formed.
	firstTerm = 1
	// maxAppendEntries bounds the entries that travel to a slave at once; with EntryBytes it bounds their bytes.
	maxAppendEntries = 32
	// cachedEntries is how many of the newest entries are kept in memory for slaves that are close behind.
	cachedEntries = 128
	// transportTimeout bounds the transfer of entries; of a snapshot, of each 256 KiB of it.
	transportTimeout = 10 * time.Second
	// transportPool is how many idle connections are kept to each node.
	transportPool = 3
)

// Keys of what the log says about itself, beside the library's.
var (
	keyTerm    = []byte("CurrentTerm") // the library's
	keyCluster = []byte("kamaitachi/cluster")
	keyNode    = []byte("kamaitachi/node")
	keyFormed  = []byte("kamaitachi/formed") // 1: there have been RaftOptions.Expect voters
)

// Raft is the log of a node of a cluster: hashicorp/raft with group commit before it and a Machine behind.
type Raft struct {
	queue   // o of the queue is o.Log
	o       RaftOptions
	cluster id
	node    id

	files     *raftboltdb.BoltStore // the votes, and what the node notes of itself
	entries   *entryLog
	logs      *watchedLog // over entries
	snaps     *snapshotStore
	stream    *stream
	transport keptTransport
	control   control
	fsm       *fsm
	library   atomic.Pointer[raft.Raft] // replaced by recover.go

	time    int64         // of the newest entry of ours; the appender's
	slots   chan struct{} // one token for each entry on its way
	sent    chan sentGroup
	formed  chan struct{} // closed when there have been enough voters
	once    sync.Once     // closes formed
	removed chan struct{} // closed when this node is no member any more
	gone    sync.Once     // closes removed
	marked  atomic.Uint64 // the term in which this node, as master, has applied an entry of its own
	ready   atomic.Bool   // has caught up since it was opened
	bell    bell          // rings when one of the two, or the master, has changed
	verify  sharing[uint64]
	ahead   sharing[uint64] // of a slave: the index that the master names
	peers   peers

	ctx      context.Context // ends when Close begins to stop things
	cancel   context.CancelFunc
	drained  sync.WaitGroup // append, acknowledge
	wg       sync.WaitGroup // steward, watch
	workers  workers        // what those and callers start; one each of the four below
	marking  atomic.Bool
	catching atomic.Bool
	snapping atomic.Bool
	changing atomic.Bool
	ledSince time.Time     // the steward's; zero = this node does not lead
	reset    chan struct{} // the library is to be started anew

	failing sync.Once
	closing sync.Once
	err     error // of Close
}

var _ Log = (*Raft)(nil)

// Open opens the log in o.Dir, or makes one, and takes part in its cluster. It returns before there is a master.
//
// A node without a log and with Bootstrap forms a cluster of itself; what its machine holds stays and is the beginning of
// the log. One without either waits until the master takes it in (Join); its machine must be empty. Errors wrap
// ErrRaftOptions, ErrStateLost, ErrHasData or ErrOtherCluster, or are those of the file system and the network.
func Open(o RaftOptions) (_ *Raft, err error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	r := &Raft{o: o.withDefaults(), reset: make(chan struct{}, 1), formed: make(chan struct{}), removed: make(chan struct{})}
	r.queue = newQueue(r.o.Log)
	r.slots, r.sent = make(chan struct{}, r.o.InFlight), make(chan sentGroup, r.o.InFlight)
	r.ctx, r.cancel = context.WithCancel(context.Background())
	r.peers.init()
	defer func() {
		if err != nil {
			r.cancel()
			err = fmt.Errorf("open the log %s: %w", o.Dir, errors.Join(err, r.release()))
		}
	}()
	if err := r.openFiles(); err != nil {
		return nil, err
	}
	if err := r.identify(); err != nil {
		return nil, err
	}
	if err := r.listen(); err != nil {
		return nil, err
	}
	if err := r.begin(); err != nil {
		return nil, err
	}
	r.drained.Go(r.append)
	r.drained.Go(r.acknowledge)
	r.wg.Go(r.steward)
	r.wg.Go(r.watch)
	return r, nil
}

// listen opens the port and the transport over it.
func (r *Raft) listen() error {
	listener, err := net.Listen("tcp", r.o.Listen)
	if err != nil {
		return err
	}
	s := &stream{listener: listener, cluster: r.cluster, node: r.node, serve: r.serveControl, met: r.peers.met, lives: r.livesAt,
		accepted: make(chan net.Conn), ended: make(chan struct{}), conns: map[net.Conn]struct{}{}}
	if s.advertise, err = Advertise(r.o.Advertise, listener.Addr().String()); err != nil {
		return errors.Join(err, listener.Close())
	}
	s.native.Store(&r.o.Native)
	r.control.lines = map[string]*line{}
	r.control.dial = func(address string, timeout time.Duration) (net.Conn, error) {
		return s.dial(address, purposeControl, timeout)
	}
	r.stream = s
	r.transport = keptTransport{raft.NewNetworkTransportWithConfig(&raft.NetworkTransportConfig{
		Stream: s, MaxPool: transportPool, Timeout: transportTimeout, Logger: hclogger(r.o.Logger),
	})}
	return nil
}

// Advertise returns the address that others are told of who listens at listening: wanted, with the port that was really
// taken where it has port 0, or else listening.
func Advertise(wanted, listening string) (string, error) {
	if wanted == "" {
		return listening, nil
	}
	host, port, err := net.SplitHostPort(wanted)
	if err != nil || port != "0" {
		return wanted, err
	}
	_, port, err = net.SplitHostPort(listening)
	return net.JoinHostPort(host, port), err
}

// livesAt tells whether a node is the member that has the address. A node that lost its data comes back at the address of
// the one that it was, and must not answer for what that one has acknowledged.
func (r *Raft) livesAt(address, node string) bool {
	if r.lib() == nil {
		return false // not for long
	}
	for _, s := range r.members().Servers {
		if string(s.Address) == address {
			return string(s.ID) == node
		}
	}
	return true // it has moved here, and the configuration will say so
}

// begin forms a cluster, if that is to be done, and starts the library.
func (r *Raft) begin() error {
	state, err := raft.HasExistingState(r.logs, r.files, r.snaps)
	if err != nil {
		return err
	}
	if !state && r.o.Bootstrap {
		if err := r.form(); err != nil {
			return err
		}
	}
	r.fsm = &fsm{r: r, time: r.o.Machine.Time()}
	if err := r.startLibrary(); err != nil {
		return err
	}
	r.noteVoters(r.members())
	if err := r.o.Machine.SetMember(); err != nil {
		return err
	}
	r.stream.start()
	return nil
}

// form makes the log of a cluster of this node alone.
func (r *Raft) form() error {
	servers := raft.Configuration{Servers: []raft.Server{{
		Suffrage: raft.Voter, ID: raft.ServerID(r.node.String()), Address: r.transport.LocalAddr(),
	}}}
	if r.o.Machine.Applied() == 0 {
		return raft.BootstrapCluster(r.o.config(r.node.String()), r.logs, r.files, r.snaps, r.transport, servers)
	}
	// The snapshot first: a crash behind it leaves a log that works.
	if err := r.firstSnapshot(servers); err != nil {
		return fmt.Errorf("make a log of the data: %w", err)
	}
	return r.files.SetUint64(keyTerm, firstTerm)
}

// startLibrary starts an instance of the library over the files.
func (r *Raft) startLibrary() error {
	newest, err := r.snaps.newest()
	if err != nil {
		return err
	}
	c := r.o.config(r.node.String())
	// The machine keeps its state by itself. Only one that lacks what a snapshot has must take it over.
	c.NoSnapshotRestoreOnStart = newest == nil || newest.Index <= r.o.Machine.Applied()
	cache, err := raft.NewLogCache(cachedEntries, r.logs)
	if err != nil {
		return err
	}
	lib, err := raft.NewRaft(c, r.fsm, cache, r.files, r.snaps, r.transport)
	if err != nil {
		return err
	}
	r.library.Store(lib)
	return nil
}

// lib returns the running instance of the library.
func (r *Raft) lib() *raft.Raft { return r.library.Load() }

// Addr returns the address at which other nodes reach this one, with the port that was really taken.
func (r *Raft) Addr() string { return r.stream.advertise }

// NodeID returns the id of this node in its cluster.
func (r *Raft) NodeID() string { return r.node.String() }

// Role returns RoleMaster or RoleSlave.
func (r *Raft) Role() string {
	if r.leads() {
		return RoleMaster
	}
	return RoleSlave
}

// ClusterID returns the id of the cluster.
func (r *Raft) ClusterID() string { return r.cluster.String() }

// SetNative tells the other nodes the address at which clients reach this one. They learn it when the master asks them
// next how far they are, or from their answer.
func (r *Raft) SetNative(address string) error {
	if len(address) > maxAddress {
		return fmt.Errorf("%w: an address of %d bytes, at most %d are allowed", ErrRaftOptions, len(address), maxAddress)
	}
	r.stream.native.Store(&address)
	return nil
}

// Native returns the address at which clients reach this node; "" = none was told.
func (r *Raft) Native() string { return *r.stream.native.Load() }

// leader returns the address and id of the master, for other nodes; "" = there is none, or it is not known.
func (r *Raft) leader() (address, node string) {
	a, n := r.lib().LeaderWithID()
	return string(a), string(n)
}

// notMaster returns the error of a node that is not the master.
func (r *Raft) notMaster() error {
	address, node := r.leader()
	native := r.peers.native(node)
	if node == r.node.String() {
		native = *r.stream.native.Load()
	}
	e := protocol.Errorf(protocol.CodeNotMaster, "this node does not order writes, and no node is known that does; try again")
	switch {
	case native != "":
		e.Message = "this node does not order writes; send them to " + native
	case address != "":
		e.Message = "this node does not order writes; node " + node + " does"
	}
	e.Detail = native
	return e
}

// fatal stops the node for good.
func (r *Raft) fatal(err error) {
	r.failing.Do(func() {
		r.o.Logger.Error("the node cannot go on", "error", err)
		r.queue.fail(err)
		r.o.Fatal(err)
	})
}

// Close refuses further writes, waits until those in the queue have their outcome, hands leadership over where another node
// can have it, and leaves. The machine may be closed afterwards. Closing again does nothing.
func (r *Raft) Close() error {
	r.closing.Do(func() {
		r.shut()
		r.drained.Wait()
		r.HandOver()
		r.cancel()
		r.err = r.release()
	})
	return r.err
}

// release stops what was started and closes what was opened.
func (r *Raft) release() error {
	var errs []error
	r.wg.Wait()
	r.workers.wait()
	if lib := r.lib(); lib != nil {
		errs = append(errs, lib.Shutdown().Error())
	}
	if r.stream != nil {
		r.control.end()
		r.transport.CloseStreams()
		errs = append(errs, r.transport.end())
		r.stream.wg.Wait()
	}
	if r.entries != nil {
		errs = append(errs, r.entries.Close())
	}
	if r.files != nil {
		errs = append(errs, r.files.Close())
	}
	return errors.Join(errs...)
}
