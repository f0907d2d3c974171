package server

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/kamaitachi/kamaitachi/protocol"
	"github.com/kamaitachi/kamaitachi/server/replica"
	"github.com/kamaitachi/kamaitachi/server/state"
	"github.com/kamaitachi/kamaitachi/server/wire"
)

// Cluster makes a node one of a cluster.
type Cluster struct {
	// RaftOptions are those of the log. Listen is required. Dir, Machine, Log and Logger are the node's; so are ClusterID and
	// Bootstrap, where Admit says them. Native is by default the address of Options.Listen, with the port that was really
	// taken; where it has port 0, that is replaced by the port taken.
	replica.RaftOptions
	// Admit is asked on a node that has no log yet, with the ids of its data, which cluster it is of and whether it is to
	// form that. It may wait for what it needs to know. Default: ClusterID and Bootstrap of RaftOptions say it.
	Admit func(cluster, node string) (id string, bootstrap bool, err error)
}

// logDir is where in the node's directory the log lies.
const logDir = "raft"

// validateCluster refuses a cluster that cannot be.
func (o Options) validateCluster() error {
	if o.Cluster == nil {
		return nil
	}
	if o.Listen == "" {
		return fmt.Errorf("%w: a node of a cluster needs Listen, where clients and writes reach it", ErrOptions)
	}
	if _, err := wire.Resolve(o.Cluster.Listen, o.Insecure); err != nil {
		return fmt.Errorf("%w: Cluster: %w", ErrOptions, err)
	}
	return nil
}

// openLog opens the log that drives a state.
func (o Options) openLog(st *state.State) (replica.Log, *replica.Raft, error) {
	if o.Cluster == nil {
		if st.Member() {
			return nil, nil, fmt.Errorf("open the node in %s: %w, and are not used alone: the others would never learn of a write",
				o.Dir, ErrMember)
		}
		single, err := replica.NewSingle(st, o.Log)
		return single, nil, err
	}
	ro := o.Cluster.RaftOptions
	ro.Native = "" // until it is listened at
	ro.Dir, ro.Machine, ro.Log, ro.Logger = filepath.Join(o.Dir, logDir), st, o.Log, o.Logger
	if o.Cluster.Admit != nil && !st.Member() {
		var err error
		if ro.ClusterID, ro.Bootstrap, err = o.Cluster.Admit(st.Identity()); err != nil {
			return nil, nil, fmt.Errorf("open the node in %s: %w", o.Dir, err)
		}
	}
	raft, err := replica.Open(ro)
	if err != nil {
		return nil, nil, err
	}
	return raft, raft, nil
}

// fillAlone fills the catalog of a node that stands alone.
func (n *Node) fillAlone() error {
	if n.raft != nil {
		return nil // by the master, when there is one
	}
	return n.fillCatalog(context.Background())
}

const (
	settleEvery = 20 * time.Millisecond
	// fillTimeout bounds one attempt to fill the catalog: a cluster may wait for its voters.
	fillTimeout = 2 * time.Second
)

// settle looks, until the node is ready, at what it still lacks, and fills an empty catalog where the node leads. It goes on
// until the node is removed from its cluster, from when on no query is answered any more.
func (n *Node) settle() {
	ctx, cancel := context.WithCancel(context.Background())
	n.settled = cancel
	n.settling.Go(func() {
		tick := time.NewTicker(settleEvery)
		defer tick.Stop()
		for n.unsettled(ctx) != nil {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
		}
		n.unready.Store(false)
		n.o.Logger.Info("the node is ready", "role", n.Role(), "applied", n.Applied())
		select {
		case <-n.raft.Removed():
			n.unready.Store(true)
		case <-ctx.Done():
		}
	})
}

// unsettled returns what the node still lacks, or nil.
func (n *Node) unsettled(ctx context.Context) error {
	if !n.raft.Ready() {
		return errBehind
	}
	if !n.bare() {
		return nil
	}
	if n.raft.Role() == replica.RoleMaster {
		ctx, cancel := context.WithTimeout(ctx, fillTimeout)
		defer cancel()
		if err := n.fillCatalog(ctx); err != nil {
			n.o.Logger.Debug("the catalog is not filled yet", "error", err)
		}
	}
	return n.bareReason()
}

// unsettle ends settle.
func (n *Node) unsettle() {
	if n.settled != nil {
		n.settled()
		n.settling.Wait()
	}
}

// What a node that is not ready lacks.
var (
	errBehind = errors.New("it has not caught up with its cluster")
	errBare   = errors.New("its cluster has no tables yet")
	errGone   = errors.New("it was removed from its cluster; started again it joins anew")
)

// bareReason tells why the catalog is empty, or nil when it is not.
func (n *Node) bareReason() error {
	if !n.bare() {
		return nil
	}
	if s := n.raft.Status(); !s.Formed {
		return fmt.Errorf("%w: it waits until %d voters are in", errBare, n.o.Cluster.Expect)
	}
	return errBare
}

// Readiness tells what of the node is not ready: its data (loaded, with a catalog) and its replication (caught up).
func (n *Node) Readiness() (data, replication error) {
	switch {
	case n.closed.Load():
		return ErrClosed, nil
	case n.listener != nil && !n.listener.Serving():
		return ErrDraining, nil
	case n.raft == nil || !n.unready.Load():
		return nil, nil
	}
	select {
	case <-n.raft.Removed():
		return nil, errGone
	default:
	}
	if !n.raft.Ready() {
		return nil, errBehind
	}
	return n.bareReason(), nil
}

// Clustered tells whether the node is one of a cluster.
func (n *Node) Clustered() bool { return n.raft != nil }

// Replication returns the address at which other nodes reach this one; "" = it stands alone.
func (n *Node) Replication() string {
	if n.raft == nil {
		return ""
	}
	return n.raft.Addr()
}

// Native returns the address that clients and other nodes are told of this one; "" = there is none.
func (n *Node) Native() string {
	if n.raft != nil {
		return n.raft.Native()
	}
	if n.listener == nil {
		return ""
	}
	return n.listener.Addr().String()
}

// Status returns how the node sees its cluster. It must be one of a cluster.
func (n *Node) Status() replica.Status { return n.raft.Status() }

// Join asks the nodes at the addresses, those for other nodes, to take this one in. See replica.Raft.JoinBy.
func (n *Node) Join(ctx context.Context, addresses ...string) error {
	if err := n.open(ctx); err != nil {
		return err
	}
	return n.raft.JoinBy(ctx, addresses...)
}

// HandOver gives leadership to another node, if this one leads and another can: before it is shut down. It does so once.
func (n *Node) HandOver() {
	if n.raft != nil {
		n.leaving.Do(n.raft.HandOver)
	}
}

// RemoveMember takes a node out of the cluster; only the master does it.
func (n *Node) RemoveMember(ctx context.Context, node string) error {
	if err := n.open(ctx); err != nil {
		return err
	}
	if n.raft == nil {
		return protocol.Errorf(protocol.CodeBadRequest, "this node stands alone: it has no members to remove")
	}
	err := n.raft.Remove(ctx, node)
	if errors.Is(err, replica.ErrMember) {
		return protocol.Errorf(protocol.CodeBadRequest, "%v", err)
	}
	return err
}

func answerRemoveMember(ctx context.Context, n *Node, sc *scratch) (protocol.Message, uint64, error) {
	err := n.RemoveMember(ctx, strings.Clone(sc.removeMember.Node))
	return &sc.empty, n.engine.Applied(), err
}
