package replica_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kamaitachi/kamaitachi/protocol"
	"github.com/kamaitachi/kamaitachi/server/replica"
	"github.com/kamaitachi/kamaitachi/server/state"
)

func TestWritesWaitForTheExpectedVoters(t *testing.T) {
	o := options()
	o.Expect = 2
	c := lone(t, o)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := c.nodes[0].Append(ctx, createTable())
	if !errors.Is(err, replica.ErrForming) || protocol.AsError(err).Code != protocol.CodeUnavailable ||
		!strings.Contains(err.Error(), "1 voters are in, 2 are expected") {
		t.Errorf("a write to a cluster that forms: %v", err)
	}
	if c.nodes[0].Status().Formed {
		t.Error("the cluster calls itself formed")
	}
	waiting, first := make(chan error, 1), c.nodes[0]
	go func() {
		_, err := first.Append(t.Context(), createTable())
		waiting <- err
	}()
	c.grow(o)
	if err := <-waiting; err != nil {
		t.Errorf("the write that waited: %v", err)
	}
	// Once formed it stays formed, whoever goes.
	if err := c.master().Remove(t.Context(), c.nodes[1].NodeID()); err != nil {
		t.Fatal(err)
	}
	c.nodes[1].stop()
	c.nodes[0].stop()
	c.nodes[0] = c.nodes[0].again()
	c.write(put("s", 1))
}

func TestAReadCopyGetsNoVote(t *testing.T) {
	c := lone(t, options())
	c.write(createTable())
	o := options()
	o.Learner = true
	copied := c.grow(o)
	c.grow(options()) // comes later, and gets its vote
	c.voters(2)
	c.write(put("s", 1))
	c.same()
	within(t, "the master knows how far all are", func() bool {
		for _, m := range c.master().Status().Members {
			if !m.Known || m.Lag > 0 {
				return false
			}
		}
		return true
	})
	for _, m := range c.master().Status().Members {
		if m.Node == copied.NodeID() && (m.Voter || !m.Learner) {
			t.Errorf("the read copy is %+v", m)
		}
	}
}

func TestLeadershipGoesToANodeThatPrefersIt(t *testing.T) {
	c := lone(t, options())
	c.write(createTable())
	o := options()
	o.Prefer = true
	preferred := c.grow(o)
	within(t, "the node that prefers it leads", func() bool { return preferred.Status().Role == replica.RoleMaster })
	c.write(put("s", 1))
	c.same()
}

func TestARemovedNodeIsNoMember(t *testing.T) {
	c := three(t, nil)
	gone := c.slaves()[0]
	if err := c.master().Remove(t.Context(), gone.NodeID()); err != nil {
		t.Fatal(err)
	}
	if err := c.master().Remove(t.Context(), gone.NodeID()); !errors.Is(err, replica.ErrMember) {
		t.Errorf("removed again: %v", err)
	}
	gone.stop()
	c.voters(2)
	if err := c.slaves()[0].Remove(t.Context(), gone.NodeID()); !errors.Is(err, protocol.ErrNotMaster) {
		t.Errorf("by a slave: %v", err)
	}
	c.write(put("s", 1))
	c.same()
}

func TestAMasterThatIsRemovedIsFollowedByAnother(t *testing.T) {
	c := three(t, nil)
	gone := c.master()
	if err := gone.Remove(t.Context(), gone.NodeID()); err != nil {
		t.Fatal(err)
	}
	gone.stop()
	c.voters(2)
	c.write(put("s", 1))
	c.same()
}

func TestAnotherClusterIsRefused(t *testing.T) {
	c, other := lone(t, options()), lone(t, options())
	err := other.nodes[0].JoinBy(t.Context(), c.nodes[0].Addr())
	if !errors.Is(err, replica.ErrOtherCluster) || !strings.Contains(err.Error(), c.nodes[0].ClusterID()) {
		t.Errorf("got %v, want both clusters named", err)
	}
	n := other.nodes[0]
	n.stop()
	o := n.o
	o.ClusterID = c.nodes[0].ClusterID()
	if _, err := openNode(t, n.dir, o); !errors.Is(err, state.ErrOtherCluster) {
		t.Errorf("told to be of another cluster: %v", err)
	}
}

func TestAMemberThatMovedIsFoundAgain(t *testing.T) {
	c := three(t, nil)
	slave := c.slaves()[0]
	slave.stop()
	slave.o.Listen = "127.0.0.1:0"
	for i, n := range c.nodes {
		if n == slave {
			c.nodes[i] = n.again()
			c.join(c.nodes[i])
		}
	}
	c.write(put("s", 1))
	c.same()
}

// broken is a state whose disk fails.
type broken struct {
	*state.State
	now atomic.Bool
}

var errDisk = errors.New("input/output error")

func (b *broken) ApplyAll(entries []protocol.Entry) ([][]error, error) {
	if b.now.Load() {
		return nil, errDisk
	}
	return b.State.ApplyAll(entries)
}

func TestANodeWhoseStoreFailsEndsAndDoesNotKnowWhatBecameOfTheWrite(t *testing.T) {
	o := options()
	o.Bootstrap = true
	b := &broken{}
	n, err := openOver(t, t.TempDir(), o, func(s *state.State) replica.Machine { b.State = s; return b })
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{t, []*node{n}}
	c.write(createTable())
	b.now.Store(true)
	if _, err := n.Append(t.Context(), put("s", 1)); !errors.Is(err, protocol.ErrUnknownOutcome) || !errors.Is(err, errDisk) {
		t.Errorf("the write that met it: %v", err)
	}
	if err := <-n.fatal; !errors.Is(err, errDisk) {
		t.Errorf("the node ends with %v", err)
	}
	if _, err := n.Append(t.Context(), put("s", 1)); !errors.Is(err, replica.ErrFailed) {
		t.Errorf("a later write: %v", err)
	}
}
