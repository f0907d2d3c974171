package server

import (
	"fmt"
	"io"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/goleak"

	"github.com/kamaitachi/kamaitachi/protocol"
	"github.com/kamaitachi/kamaitachi/server/engine"
	"github.com/kamaitachi/kamaitachi/server/replica"
	"github.com/kamaitachi/kamaitachi/server/store"
)

func TestMain(m *testing.M) {
	// gnet starts a pool of its own when it is loaded, and never ends it.
	goleak.VerifyTestMain(m, goleak.IgnoreCurrent())
}

// subjects is how many the nodes of the tests hold, all in topic "all" and each with two reports.
const subjects = 200

func subject(i int) string { return fmt.Sprintf("33:%06d", i) }

// finance is the one table of the tests.
func finance() []protocol.Table {
	return []protocol.Table{{Number: 1, Name: "finance", DefaultReportType: protocol.DefaultReportType,
		Indicators: []protocol.Indicator{{ID: "operating_income", Code: "1001"}, {ID: "net_profit"}, {ID: "assets"}}}}
}

// hooked is the real engine, whose queries can be held up or made to panic.
type hooked struct {
	Engine
	search   atomic.Pointer[func()] // called by every SEARCH, which runs in a worker
	snapshot atomic.Pointer[func()] // called by every SNAPSHOT, which runs on the loop when it is short
}

func (h *hooked) Search(q *protocol.Search, r *protocol.Result) error {
	if f := h.search.Load(); f != nil {
		(*f)()
	}
	return h.Engine.Search(q, r)
}

func (h *hooked) Snapshot(q *protocol.Snapshot, r *protocol.Result) error {
	if f := h.snapshot.Load(); f != nil {
		(*f)()
	}
	return h.Engine.Snapshot(q, r)
}

// holdSearches makes every SEARCH wait until the returned function is called.
func (h *hooked) holdSearches(t testing.TB) (entered <-chan struct{}, release func()) {
	gate, in := make(chan struct{}), make(chan struct{}, 1<<16)
	f := func() {
		in <- struct{}{}
		<-gate
	}
	h.search.Store(&f)
	var once atomic.Bool
	release = func() {
		if once.CompareAndSwap(false, true) {
			h.search.Store(nil)
			close(gate)
		}
	}
	t.Cleanup(release)
	return in, release
}

// quiet is a logger that says nothing.
func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// memory is the options of a node in memory that listens at a free port.
func memory() Options {
	return Options{Dir: "data", Listen: "127.0.0.1:0", Catalog: finance(), Logger: quiet(), EventLoops: 2, Workers: 2,
		Store: store.Options{FS: vfs.NewMem(), CacheBytes: 1 << 20, MemTableBytes: 1 << 20}}
}

// startNode starts a node with data in it, which is closed with the test.
func startNode(t testing.TB, o Options) (*Node, *hooked) {
	t.Helper()
	o = o.withDefaults()
	st, err := store.Open(o.Dir, o.Store)
	if err != nil {
		t.Fatal(err)
	}
	e, err := engine.Open(st, o.Engine)
	if err != nil {
		t.Fatal(err)
	}
	log, err := replica.NewSingle(e, o.Log)
	if err != nil {
		t.Fatal(err)
	}
	h := &hooked{Engine: e}
	var warm Reader = h
	if o.Engine.HistoryBytes > 0 {
		warm = e.Memory()
	}
	n := newNode(h, warm, log, o)
	n.nodeID, n.clusterID, n.closers = st.NodeID(), st.ClusterID(), []func() error{st.Close, log.Close}
	if err := n.fillCatalog(t.Context()); err != nil {
		t.Fatal(err)
	}
	fill(t, n)
	if err := n.listen(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	return n, h
}

// fill writes the subjects and their reports.
func fill(t testing.TB, n *Node) {
	t.Helper()
	var put protocol.Put
	var update protocol.PutSubjects
	for i := range subjects {
		for year := range 2 {
			put.Reports = append(put.Reports, protocol.Report{Subject: subject(i), ReportDate: day(2022 + year),
				Period: "596001", Values: []float64{float64(i), float64(-i), float64(100*i + year)}})
		}
		update.Subjects = append(update.Subjects, protocol.SubjectUpdate{Set: protocol.FieldTopics | protocol.FieldTags,
			Subject: protocol.Subject{Key: subject(i), Topics: []string{"all"}, Tags: []protocol.Tag{{Kind: "concept", Text: "x"}}}})
	}
	if _, err := n.Put(t.Context(), &put); err != nil {
		t.Fatal(err)
	}
	if _, err := n.PutSubjects(t.Context(), &update); err != nil {
		t.Fatal(err)
	}
}

// day is the end of a year.
func day(year int) int64 { return time.Date(year, 12, 31, 0, 0, 0, 0, time.UTC).Unix() }

// value returns one figure of the node.
func value(t testing.TB, n *Node, name string) float64 {
	t.Helper()
	stats, err := n.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range stats {
		if s.Name == name {
			return s.Number
		}
	}
	t.Fatalf("STATS has no %q", name)
	return 0
}

// eventually waits until a condition holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("in 20 s it did not come true that %s", what)
		}
	}
}
