package server

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/kamaitachi/kamaitachi/protocol"
	"github.com/kamaitachi/kamaitachi/server/engine"
	"github.com/kamaitachi/kamaitachi/server/replica"
	"github.com/kamaitachi/kamaitachi/server/state"
)

// member is the options of a node of a cluster on disk, which decides quickly.
func member(t *testing.T) Options {
	o := disk(t)
	o.Store.CacheBytes, o.Store.MemTableBytes = 4<<20, 1<<20
	o.Cluster = &Cluster{RaftOptions: replica.RaftOptions{
		Listen: "127.0.0.1:0", Heartbeat: 300 * time.Millisecond, Election: 300 * time.Millisecond, Lease: 200 * time.Millisecond,
		CommitEvery: 10 * time.Millisecond, PollEvery: 30 * time.Millisecond, PromoteAfter: 100 * time.Millisecond,
	}}
	return o
}

func TestANodeOfAClusterAnswersQueriesOnceItHasCaughtUp(t *testing.T) {
	o := member(t)
	admitted := 0
	o.Cluster.Admit = func(cluster, node string) (string, bool, error) {
		admitted++
		return cluster, true, nil
	}
	master := openNode(t, o)
	eventually(t, "the founder is ready", master.Ready)
	if master.Role() != replica.RoleMaster || admitted != 1 || len(master.Engine().Catalog().Tables) != 1 {
		t.Errorf("the founder is a %s, was admitted %d times, has %d tables", master.Role(), admitted, len(master.Engine().Catalog().Tables))
	}
	fill(t, master)

	o = member(t)
	o.Cluster.ClusterID = master.ClusterID()
	o.Catalog = []protocol.Table{{Name: "ignored", Indicators: []protocol.Indicator{{ID: "x"}}}}
	slave := openNode(t, o)
	p := connect(t, slave)
	p.ask(protocol.OpPing, protocol.Empty{}).decode(t, &protocol.Empty{})
	p.ask(protocol.OpSnapshot, top(3)).wantCode(t, protocol.CodeUnavailable)
	p.prepare(top(3)).wantCode(t, protocol.CodeUnavailable)
	p.ask(protocol.OpTables, protocol.Empty{}).wantCode(t, protocol.CodeUnavailable)
	p.ask(protocol.OpPut, &protocol.Put{Reports: []protocol.Report{{Subject: "s"}}}).wantCode(t, protocol.CodeNotMaster)
	if err := slave.Snapshot(t.Context(), top(3), &protocol.Result{}); !errors.Is(err, ErrStarting) {
		t.Errorf("another front gets %v", err)
	}
	var seen protocol.ClusterStatus
	p.ask(protocol.OpCluster, protocol.Empty{}).decode(t, &seen)
	if seen.Ready || seen.Role != replica.RoleSlave || seen.Node != slave.NodeID() {
		t.Errorf("before it has joined it sees %+v", seen)
	}
	if _, replication := slave.Readiness(); replication == nil {
		t.Error("its replication calls itself well")
	}

	if err := slave.Join(t.Context(), master.Replication()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is ready", slave.Ready)
	if index := master.Applied(); slave.Applied() < index {
		t.Errorf("it is ready at %d, the master had applied %d", slave.Applied(), index)
	}
	p.ask(protocol.OpSnapshot, top(3)).decode(t, &protocol.Result{})
	r := p.ask(protocol.OpPut, &protocol.Put{Reports: []protocol.Report{{Subject: "s"}}})
	r.wantCode(t, protocol.CodeNotMaster)
	if r.err.Detail != master.Addr().String() {
		t.Errorf("it names %q as the master, that is at %s", r.err.Detail, master.Addr())
	}
	connect(t, master).ask(protocol.OpCluster, protocol.Empty{}).decode(t, &seen)
	if len(seen.Nodes) != 2 || seen.Master != master.NodeID() || !seen.Ready || !seen.Formed {
		t.Errorf("the master sees %+v", seen)
	}
	if tables := slave.Engine().Catalog().Tables; len(tables) != 1 || tables[0].Name != "finance" {
		t.Errorf("the slave's tables are %v", tables)
	}

	connect(t, master).ask(protocol.OpRemoveMember, &protocol.RemoveMember{Node: slave.NodeID()}).decode(t, &protocol.Empty{})
	eventually(t, "the removed node answers no more", func() bool { return !slave.Ready() })
	p.ask(protocol.OpSnapshot, top(3)).wantCode(t, protocol.CodeUnavailable)
	if _, replication := slave.Readiness(); !errors.Is(replication, errGone) {
		t.Errorf("of its replication it says %v", replication)
	}
}

func TestAMembersDataAreNotOpenedAlone(t *testing.T) {
	o := member(t)
	o.Cluster.Bootstrap = true
	n := openNode(t, o)
	eventually(t, "it is ready", n.Ready)
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	o.Cluster.Admit = func(string, string) (string, bool, error) {
		t.Error("a node with a log asks what it is to be")
		return "", false, context.Canceled
	}
	again := openNode(t, o)
	eventually(t, "it is ready again", again.Ready)
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	o.Cluster = nil
	if n, err := Open(o); !errors.Is(err, ErrMember) {
		t.Errorf("alone: %v", err)
		n.Close()
	}
}

func TestRemoveMemberSaysWhatCannotBe(t *testing.T) {
	n, _ := startNode(t, memory())
	connect(t, n).ask(protocol.OpRemoveMember, &protocol.RemoveMember{Node: "x"}).wantCode(t, protocol.CodeBadRequest)
	o := member(t)
	o.Cluster.Bootstrap = true
	lone := openNode(t, o)
	eventually(t, "it is ready", lone.Ready)
	connect(t, lone).ask(protocol.OpRemoveMember, &protocol.RemoveMember{Node: "x"}).wantCode(t, protocol.CodeBadRequest)
}

// over returns a node over a state, which listens.
func over(t *testing.T, st *state.State, o Options) *Node {
	t.Helper()
	log, err := replica.NewSingle(st, o.Log)
	if err != nil {
		t.Fatal(err)
	}
	n := newNode(st.Engine(), st.Engine().Memory(), log, o)
	n.clusterID, n.nodeID = st.Identity()
	n.closers = []func() error{st.Close, log.Close}
	n.keepReplies(openWarmStart(&o, st))
	if err := n.listen(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	return n
}

// A node is given the state of another one: what it kept and what was prepared answers as the other one does.
func TestAnswersAreThoseOfTheStateThatWasRestored(t *testing.T) {
	for name, history := range map[string]int64{"history in memory": 0, "history on disk": 1} {
		t.Run(name, func(t *testing.T) {
			o := disk(t)
			o.Store.CacheBytes, o.Store.MemTableBytes, o.Engine.HistoryBytes = 4<<20, 1<<20, history
			o = o.withDefaults()
			if _, err := o.budget(); err != nil {
				t.Fatal(err)
			}
			ours, err := state.Open(o.Dir, o.Store, o.Engine)
			if err != nil {
				t.Fatal(err)
			}
			n := over(t, ours, o)
			if err := n.fillCatalog(t.Context()); err != nil {
				t.Fatal(err)
			}
			fill(t, n)
			queries := restoredQueries()
			p := connect(t, n)
			var handles []uint64
			for _, q := range queries {
				op, _ := protocol.QueryOp(q)
				handles = append(handles, p.handle(q))
				for range 3 { // so that it is kept
					p.ask(op, q).decode(t, &protocol.Result{})
				}
			}

			theirs, other := diverge(t, ours, o)
			copied := filepath.Join(o.Dir, "copied")
			if err := theirs.Checkpoint(copied); err != nil {
				t.Fatal(err)
			}
			if err := ours.Restore(copied); err != nil {
				t.Fatal(err)
			}
			judge := connect(t, other)
			for i, q := range queries {
				op, _ := protocol.QueryOp(q)
				want := judge.ask(op, q)
				for range 3 {
					if got := p.ask(op, q); !bytes.Equal(got.payload, want.payload) || got.h.Code != want.h.Code {
						t.Errorf("%T is answered %d %x, by the other node %d %x", q, got.h.Code, got.payload, want.h.Code, want.payload)
					}
				}
				got := p.ask(protocol.OpExecute, &protocol.Execute{Handle: handles[i]})
				if !bytes.Equal(got.payload, want.payload) || got.h.Code != want.h.Code {
					t.Errorf("%T, prepared before, is answered %d %x, by the other node %d %x", q, got.h.Code, got.payload, want.h.Code, want.payload)
				}
			}
		})
	}
}

func restoredQueries() []protocol.Message {
	view := protocol.View{IDs: []string{"operating_income", "assets"}, With: protocol.WithSubjects | protocol.WithReports}
	list := []string{subject(3), subject(1), "late", subject(9)}
	selection := protocol.Selection{Kind: "concept", Topic: "all", Keyword: "x"}
	return []protocol.Message{
		&protocol.Snapshot{View: view, Subjects: list},
		&protocol.Snapshot{View: view, Topic: "all"},
		&protocol.Snapshot{View: view, Subjects: list, Timestamp: protocol.At(day(2022))},
		&protocol.Period{View: view, Subjects: list},
		&protocol.Recent{View: view, Subjects: list},
		&protocol.SelectSnapshot{View: view, Selection: selection},
		&protocol.SelectPeriod{View: view, Selection: selection},
	}
}

// diverge returns another node, which has what ours had and goes on from there: figures, names, topics and subjects change.
func diverge(t *testing.T, ours *state.State, o Options) (*state.State, *Node) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "theirs")
	if err := ours.Checkpoint(dir); err != nil {
		t.Fatal(err)
	}
	theirs, err := state.Open(dir, o.Store, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	o.Dir = dir
	n := over(t, theirs, o)
	for _, err := range []error{
		second(n.Put(t.Context(), &protocol.Put{Reports: []protocol.Report{
			{Subject: subject(1), ReportDate: day(2023), Values: []float64{-5, 7, 9}}, {Subject: "late", ReportDate: day(2022), Values: []float64{1}}}})),
		second(n.Delete(t.Context(), &protocol.Delete{Subjects: []string{subject(9)}})),
		second(n.PutSubjects(t.Context(), &protocol.PutSubjects{Subjects: []protocol.SubjectUpdate{
			{Set: protocol.FieldName | protocol.FieldTopics, Subject: protocol.Subject{Key: subject(3), Name: "renamed", Topics: []string{"other"}}},
			{Set: protocol.FieldTopics, Subject: protocol.Subject{Key: "late", Topics: []string{"all"}}}}})),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return theirs, n
}

func second(_ uint64, err error) error { return err }
