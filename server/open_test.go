package server

import (
	"errors"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kamaitachi/kamaitachi/internal/loops"
	"github.com/kamaitachi/kamaitachi/protocol"
	"github.com/kamaitachi/kamaitachi/server/replica"
	"github.com/kamaitachi/kamaitachi/server/store"
)

// disk is the options of a node on disk.
func disk(t *testing.T) Options {
	return Options{Dir: filepath.Join(t.TempDir(), "data"), Listen: "127.0.0.1:0", Catalog: finance(), Logger: quiet()}
}

func openNode(t *testing.T, o Options) *Node {
	t.Helper()
	n, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	return n
}

func TestANodeKeepsItsDataAndIdentityOverARestart(t *testing.T) {
	o := disk(t)
	o.Log.Now = func() time.Time { return time.Unix(1_700_000_000, 0) }
	n := openNode(t, o)
	index, err := n.Put(t.Context(), &protocol.Put{Reports: []protocol.Report{{Subject: "s", ReportDate: day(2023), Values: []float64{1, 2}}}})
	if err != nil {
		t.Fatal(err)
	}
	port, node, cluster := n.Addr().String(), n.NodeID(), n.ClusterID()
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	o.Listen = port // at once, though connections of the first run may still fade away
	o.Catalog = []protocol.Table{{Name: "ignored", Indicators: []protocol.Indicator{{ID: "x"}}}}
	n = openNode(t, o)
	if n.Addr().String() != port || n.NodeID() != node || n.ClusterID() != cluster || n.Applied() != index {
		t.Errorf("after the restart: %s, node %s, cluster %s, index %d; before: %s, %s, %s, %d",
			n.Addr(), n.NodeID(), n.ClusterID(), n.Applied(), port, node, cluster, index)
	}
	var r protocol.Result
	connect(t, n).ask(protocol.OpGet, &protocol.Get{Subject: "s"}).decode(t, &r)
	if r.Rows() != 1 || r.Value(0, 1) != 2 || r.Stamps[0] != (protocol.Stamp{Create: 1_700_000_000, Update: 1_700_000_000}) {
		t.Errorf("the report is %+v", r)
	}
	if tables := n.Engine().Catalog().Tables; len(tables) != 1 || tables[0].Name != "finance" {
		t.Errorf("the catalog is %v: it must fill only an empty store", tables)
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	running := disk(t)
	openNode(t, running)
	for _, tt := range []struct {
		name   string
		change func(*Options)
		is     error
		says   []string
	}{
		{"no directory", func(o *Options) { o.Dir = "" }, ErrOptions, []string{"Dir"}},
		{"busy port", func(o *Options) { o.Listen = busy.Addr().String() }, ErrBusy, []string{busy.Addr().String(), "another port"}},
		{"locked directory", func(o *Options) { o.Dir = running.Dir }, store.ErrLocked, []string{running.Dir}},
		{"every interface", func(o *Options) { o.Listen = ":0" }, ErrInsecure, []string{"insecure = true", "every interface"}},
		{"a wildcard", func(o *Options) { o.Listen = "0.0.0.0:0" }, ErrInsecure, []string{"insecure = true", "0.0.0.0"}},
		{"an address of the network", func(o *Options) { o.Listen = "192.0.2.7:7080" }, ErrInsecure, []string{"insecure = true", "192.0.2.7"}},
		{"no port", func(o *Options) { o.Listen = "127.0.0.1" }, ErrOptions, []string{"host:port"}},
		{"a bad port", func(o *Options) { o.Listen = "127.0.0.1:70800" }, ErrOptions, []string{"70800"}},
		{"an address that is not here", func(o *Options) { o.Listen, o.Insecure = "192.0.2.7:0", true }, nil, []string{"listen at 192.0.2.7:0"}},
		{"a negative limit", func(o *Options) { o.Limits.MaxConns = -1 }, ErrOptions, []string{"MaxConns is -1"}},
		{"limits that contradict", func(o *Options) { o.Limits.MaxInFlightTotal = 5 }, ErrOptions, []string{"MaxInFlight is 1024", "(5)"}},
		{"a reply over the queue", func(o *Options) { o.Limits.MaxQueuedBytes = 1 << 20 }, ErrOptions, []string{"MaxReply", "MaxQueuedBytes"}},
		{"a queue over the total", func(o *Options) { o.Limits.MaxQueuedTotal = 1 << 20 }, ErrOptions, []string{"MaxQueuedTotal"}},
		{"requests too small for HELLO", func(o *Options) { o.Limits.MaxRequest = 100 }, ErrOptions, []string{"MaxRequest is 100"}},
		{"replies too small", func(o *Options) { o.Limits.MaxReply = 100 }, ErrOptions, []string{"MaxReply is 100"}},
		{"requests over their bytes", func(o *Options) { o.Limits.MaxInFlightBytes = 1 << 19 }, ErrOptions, []string{"MaxInFlightBytes"}},
		{"negative workers", func(o *Options) { o.Workers = -1 }, ErrOptions, []string{"Workers"}},
		{"the log's options", func(o *Options) { o.Log.QueueWrites = -1 }, nil, []string{"QueueWrites"}},
		{"a bad catalog", func(o *Options) { o.Catalog = []protocol.Table{{Name: "12"}} }, protocol.ErrBadRequest, []string{"catalog", "12"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := disk(t)
			tt.change(&o)
			n, err := Open(o)
			if err == nil {
				n.Close()
				t.Fatal("it opened")
			}
			if tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("got %v, want %v", err, tt.is)
			}
			for _, text := range tt.says {
				if !strings.Contains(err.Error(), text) {
					t.Errorf("the error says %q, want %q in it", err, text)
				}
			}
			if o.Dir == "" || errors.Is(err, store.ErrLocked) {
				return
			}
			good := disk(t)
			good.Dir = o.Dir
			openNode(t, good) // nothing was left open or half written
		})
	}
}

func TestANodeBeyondLoopbackIsAllowedWhenAskedFor(t *testing.T) {
	o := disk(t)
	o.Listen, o.Insecure = "0.0.0.0:0", true
	n := openNode(t, o)
	if port := n.Addr().(*net.TCPAddr).Port; port == 0 {
		t.Error("the address has no port")
	}
}

func TestANodeWithoutListenerAnswersItsOwnProcess(t *testing.T) {
	o := disk(t)
	o.Listen = ""
	n := openNode(t, o)
	if n.Addr() != nil || n.Done() != nil || !n.Ready() {
		t.Errorf("address %v, done %v, ready %v", n.Addr(), n.Done(), n.Ready())
	}
	if _, err := n.Put(t.Context(), &protocol.Put{Reports: []protocol.Report{{Subject: "s", ReportDate: 1}}}); err != nil {
		t.Error(err)
	}
	if got := value(t, n, "reports"); got != 1 {
		t.Errorf("%v reports, want 1", got)
	}
}

func TestAFailedLogRefusesWritesAndReadsGoOn(t *testing.T) {
	n, _ := startNode(t, memory())
	p := connect(t, n)
	if err := n.log.Close(); err != nil { // as a log that stopped
		t.Fatal(err)
	}
	r := p.ask(protocol.OpPut, &protocol.Put{Reports: []protocol.Report{{Subject: "s", ReportDate: 1}}})
	r.wantCode(t, replica.ErrClosed.Code)
	p.ask(protocol.OpSnapshot, top(1)).decode(t, &protocol.Result{})
}

func TestDescriptorsBoundConnections(t *testing.T) {
	limit, known := loops.Descriptors()
	if !known {
		t.Skip("this system does not say how many descriptors there are")
	}
	o := memory()
	o.Limits.MaxConns = int(limit)
	n, _ := startNode(t, o)
	if got := value(t, n, "max_connections"); got >= float64(limit)*3/4+1 || got < 1 {
		t.Errorf("%v connections are allowed with %d descriptors", got, limit)
	}
}
