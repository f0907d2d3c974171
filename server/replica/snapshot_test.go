package replica_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/raft"

	"github.com/kamaitachi/kamaitachi/protocol"
	"github.com/kamaitachi/kamaitachi/server/replica"
	"github.com/kamaitachi/kamaitachi/server/store"
)

// often makes nodes take snapshots often and keep little log behind them.
func often(o *replica.RaftOptions) { o.SnapshotEntries, o.TrailingLogs = 20, 5 }

// outgrow writes until the log of the master no longer reaches back to an index.
func (c *cluster) outgrow(index uint64) {
	c.t.Helper()
	for i := 0; c.master().Status().Snapshot <= index+10; i++ {
		c.write(put(fmt.Sprint("more", i%50), float64(i)))
	}
	for i := range 30 {
		c.write(put(fmt.Sprint("most", i%50), float64(i)))
	}
}

// remembers tells whether a node knows a repeat of w.
func (c *cluster) remembers(w *protocol.Write, first uint64) {
	c.t.Helper()
	if got := c.write(w); got != first {
		c.t.Errorf("a repeat was answered with %d, the write with %d", got, first)
	}
}

func TestANodeThatWasAwayForLongGetsASnapshot(t *testing.T) {
	c := three(t, often)
	w := put("early", 7)
	first := c.write(w)
	c.same()
	slave := c.slaves()[0]
	slave.stop()
	c.outgrow(slave.state.Applied())
	for i, n := range c.nodes {
		if n == slave {
			c.nodes[i] = n.again()
			slave = c.nodes[i]
		}
	}
	var readers sync.WaitGroup
	stop := make(chan struct{})
	readers.Go(func() { // answers go on while the data are replaced
		for {
			select {
			case <-stop:
				return
			default:
				if got := slave.value("early"); got != 7 {
					t.Errorf("a reader sees %v", got)
					return
				}
			}
		}
	})
	c.same()
	close(stop)
	readers.Wait()
	if _, err := os.Stat(filepath.Join(slave.dir, "ACTIVE")); err != nil {
		t.Errorf("it caught up without a snapshot: %v", err)
	}
	within(t, "it is ready", slave.Ready)
	node := slave.NodeID()
	slave.stop() // what it was given it keeps, and who it is
	for i, n := range c.nodes {
		if n == slave {
			c.nodes[i] = n.again()
			slave = c.nodes[i]
		}
	}
	if slave.NodeID() != node {
		t.Errorf("it was %s and is %s", node, slave.NodeID())
	}
	c.remembers(w, first)
	c.same()
	slave.stop()
	if _, err := store.Verify(slave.dir); err != nil {
		t.Error(err)
	}
}

func TestAnEmptiedNodeComesBackUnderANewID(t *testing.T) {
	c := three(t, often)
	c.write(put("s", 1))
	slave := c.slaves()[0]
	old, dir, o := slave.NodeID(), slave.dir, slave.o
	slave.stop()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	o.Bootstrap, o.ClusterID = false, ""
	if _, err := openNode(t, dir, o); !errors.Is(err, replica.ErrRaftOptions) {
		t.Errorf("without a cluster id: %v", err)
	}
	o.ClusterID = c.master().ClusterID()
	n := mustNode(t, dir, o)
	if n.NodeID() == old {
		t.Fatal("it has the same id")
	}
	err := c.master().Join(t.Context(), n.NodeID(), n.Addr())
	if !errors.Is(err, replica.ErrMember) || !strings.Contains(err.Error(), old) {
		t.Errorf("while the old one is a member: %v, want it named", err)
	}
	for i := range 20 {
		c.write(put("s", float64(i)))
	}
	if s := n.Status(); s.Last > 0 || s.Applied > 0 {
		t.Errorf("it answers for the member that it was, up to entry %d", s.Last)
	}
	if err := c.master().Remove(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	for i := range c.nodes {
		if c.nodes[i] == slave {
			c.nodes[i] = n
		}
	}
	c.join(n)
	c.voters(3)
	c.same()
}

func TestLogAndDataMustBelongTogether(t *testing.T) {
	o := options()
	o.Bootstrap = true
	fill := func() (dir string, c *cluster) {
		c = &cluster{t, []*node{mustNode(t, t.TempDir(), o)}}
		c.write(createTable())
		for i := range 5 {
			c.write(put("s", float64(i)))
		}
		return c.nodes[0].dir, c
	}
	older := t.TempDir()
	dir, c := fill()
	c.nodes[0].stop()
	copyTree(t, dir, older)
	c.nodes[0] = c.nodes[0].again()
	c.write(put("s", 9))
	c.nodes[0].stop()
	other, second := fill()
	second.nodes[0].stop()
	for name, tt := range map[string]struct {
		log  string // "" = none
		want error
	}{
		"no log":        {"", replica.ErrStateLost},
		"an older log":  {filepath.Join(older, "raft"), replica.ErrStateLost},
		"another's log": {filepath.Join(other, "raft"), replica.ErrStateLost},
		"its own":       {filepath.Join(dir, "raft"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			mixed := t.TempDir()
			copyTree(t, dir, mixed)
			if err := os.RemoveAll(filepath.Join(mixed, "raft")); err != nil {
				t.Fatal(err)
			}
			if tt.log != "" {
				copyTree(t, tt.log, filepath.Join(mixed, "raft"))
			}
			n, err := openNode(t, mixed, o)
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if err == nil {
				n.stop()
			}
		})
	}
}

func TestANodeThatEndsBeforeAMasterHasHeardOfItStartsAgain(t *testing.T) {
	c := lone(t, options())
	o := options()
	o.ClusterID = c.nodes[0].ClusterID()
	n := mustNode(t, t.TempDir(), o)
	n.stop()
	n = n.again()
	c.nodes = append(c.nodes, n)
	c.join(n)
	c.write(createTable())
	c.same()
	n.stop()
	c.nodes = c.nodes[:1]

	empty := mustNode(t, t.TempDir(), o)
	empty.stop()
	if err := os.RemoveAll(filepath.Join(empty.dir, "raft")); err != nil {
		t.Fatal(err)
	}
	if _, err := openNode(t, empty.dir, o); !errors.Is(err, replica.ErrStateLost) {
		t.Errorf("without its log it starts with %v", err)
	}
}

// The crash that this stands for comes between the arrival of a snapshot and its replacing the data.
func TestDataThatLackWhatASnapshotHasTakeItOverAtStart(t *testing.T) {
	o := options()
	often(&o)
	c := lone(t, o)
	c.write(createTable())
	c.write(put("s", 1))
	older := t.TempDir()
	n := c.nodes[0]
	n.stop()
	copyTree(t, n.dir, older)
	c.nodes[0] = n.again()
	c.outgrow(n.state.Applied())
	want, err := c.nodes[0].state.Store().RowHash()
	if err != nil {
		t.Fatal(err)
	}
	c.nodes[0].stop()
	if err := os.RemoveAll(filepath.Join(older, "raft")); err != nil {
		t.Fatal(err)
	}
	copyTree(t, filepath.Join(n.dir, "raft"), filepath.Join(older, "raft"))
	c.nodes[0].dir = older
	c.nodes[0] = c.nodes[0].again()
	within(t, "it is ready", c.nodes[0].Ready)
	if got, err := c.nodes[0].state.Store().RowHash(); err != nil || got != want {
		t.Errorf("other rows than before (%v)", err)
	}
}

// hashicorp/raft issue 697: see recover.go.
func TestALogThatReachesBeyondASnapshotWithoutFittingItHeals(t *testing.T) {
	c := three(t, often)
	c.same()
	slave := c.slaves()[0]
	slave.stop()
	logs, err := replica.OpenEntryLog(filepath.Join(slave.dir, "raft"))
	if err != nil {
		t.Fatal(err)
	}
	last, err := logs.LastIndex()
	if err != nil {
		t.Fatal(err)
	}
	for i := range uint64(2_000) { // of a master that nobody followed
		l := &raft.Log{Index: last + 1 + i, Term: 1, Type: raft.LogCommand, Data: (&protocol.Entry{}).AppendTo(nil)}
		if err := logs.StoreLog(l); err != nil {
			t.Fatal(err)
		}
	}
	if err := logs.Close(); err != nil {
		t.Fatal(err)
	}
	c.master().stop() // for a term beyond that of the strange entries
	for i, n := range c.nodes {
		if n.down && n != slave {
			c.nodes[i] = n.again()
		}
	}
	c.outgrow(last)
	for i, n := range c.nodes {
		if n == slave {
			c.nodes[i] = n.again()
		}
	}
	c.write(put("after", 1))
	c.same()
}

func TestMuchLogInBytesIsAReasonForASnapshot(t *testing.T) {
	o := options()
	o.SnapshotBytes = 1_000
	c := lone(t, o)
	c.write(createTable())
	for i := range 40 {
		c.write(put(fmt.Sprint("s", i), 1))
	}
	within(t, "a snapshot", func() bool { return c.nodes[0].Status().Snapshot > 0 })
}
