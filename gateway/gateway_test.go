package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/httpcompat"
	"github.com/kamaitachi/kamaitachi/protocol"
)

func TestMain(m *testing.M) {
	// gnet starts a pool of its own when it is loaded, and never ends it.
	goleak.VerifyTestMain(m, goleak.IgnoreCurrent(),
		goleak.IgnoreAnyFunction("github.com/panjf2000/ants/v2.(*goWorker).run.func1")) // of gnet, idle ones stay for a while
}

// open opens a gateway over a discovery until the test ends.
func open(t *testing.T, d client.Discovery) *Gateway {
	t.Helper()
	g, err := Open(Options{Logger: slog.New(slog.DiscardHandler), ProbeTimeout: 100 * time.Millisecond,
		Client: client.Options{Discovery: d}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return g
}

// told is a discovery that a test speaks through.
type told chan []client.Member

func (d told) Watch(ctx context.Context, deliver func([]client.Member)) error {
	for {
		select {
		case list := <-d:
			deliver(list)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within 20 s: %s", what)
		}
	}
}

func TestHealthFollowsDiscoveryAlsoWhileNoNodeAnswers(t *testing.T) {
	d := make(told)
	g := open(t, d)
	if h := g.Health(); !h.Gateway || len(h.Nodes) != 0 {
		t.Errorf("before any list: %+v", h)
	}
	if err := g.Ready(t.Context())[0].Err; err == nil {
		t.Error("a gateway that knows no node is ready")
	}
	d <- []client.Member{{Addr: "kama://127.0.0.1:1", HTTP: "localhost:8080"}, {Addr: "127.0.0.1:2"}}
	eventually(t, "both nodes are shown", func() bool { return fmt.Sprint(g.Health().Nodes) == "[localhost:8080 127.0.0.1:2]" })
}

func TestAnEmptyListIsNotBelieved(t *testing.T) {
	m := newMembers(client.Static())
	m.note([]client.Member{{Addr: "127.0.0.1:1"}, {Addr: "127.0.0.1:2"}})
	first := m.all()[0]
	m.note(nil)
	if len(m.all()) != 2 {
		t.Errorf("%d nodes after an empty list", len(m.all()))
	}
	m.note([]client.Member{{Addr: "127.0.0.1:3"}, {Addr: "127.0.0.1:1"}})
	if got := m.all(); len(got) != 2 || got[1] != first {
		t.Error("a node that stayed was forgotten")
	}
}

func TestWhatTheSDKSaysBecomesWhatAClientCanUse(t *testing.T) {
	node := func(code protocol.Code) error {
		return &client.Error{Op: protocol.OpSnapshot, Addr: "a:1", Stage: client.StageNode, Err: &protocol.Error{Code: code, Message: "said"}}
	}
	for _, tt := range []struct {
		name string
		err  error
		want *protocol.Error
		says string
	}{
		{"what the node said stays as it is", node(protocol.CodeNotFound), protocol.ErrNotFound, "said"},
		{"the node's own deadline", node(protocol.CodeDeadline), protocol.ErrDeadline, "said"},
		{"no reply in time", &client.Error{Op: protocol.OpPeriod, Addr: "a:1", Stage: client.StageRead, Err: context.DeadlineExceeded},
			protocol.ErrDeadline, "PERIOD at a:1: read"},
		{"no connection", &client.Error{Op: protocol.OpPeriod, Stage: client.StageDial, Err: client.ErrUnreachable, Unsent: true},
			protocol.ErrUnavailable, "no connection"},
		{"a read whose connection broke", &client.Error{Op: protocol.OpPeriod, Stage: client.StageRead, Err: client.ErrConnLost},
			protocol.ErrUnavailable, "connection lost"},
		{"a write that never left", &client.Error{Op: protocol.OpPut, Stage: client.StageWrite, Err: client.ErrConnLost, Unsent: true},
			protocol.ErrUnavailable, "connection lost"},
		{"a write whose connection broke", &client.Error{Op: protocol.OpPut, Stage: client.StageRead, Err: client.ErrConnLost},
			protocol.ErrUnknownOutcome, "connection lost"},
		{"a request that is too large", &client.Error{Op: protocol.OpPut, Stage: client.StageCheck, Unsent: true,
			Err: protocol.Errorf(protocol.CodeTooLarge, "2 MiB")}, protocol.ErrTooLarge, "2 MiB"},
		{"breakers of all nodes that are open", &client.Error{Op: protocol.OpPeriod, Stage: client.StageDial, Err: client.ErrCircuitOpen,
			Unsent: true}, protocol.ErrUnavailable, "circuit"},
		{"a gateway that ends", &client.Error{Op: protocol.OpPut, Stage: client.StageCheck, Err: client.ErrClosed, Unsent: true},
			protocol.ErrUnavailable, "shut down"},
	} {
		got := answered(tt.err)
		if !errors.Is(got, tt.want) || !strings.Contains(got.Error(), tt.says) {
			t.Errorf("%s: %v, want %v with %q", tt.name, got, tt.want, tt.says)
		}
	}
	open := &client.Error{Op: protocol.OpPeriod, Stage: client.StageDial, Err: client.ErrCircuitOpen, Unsent: true}
	if err := answered(open); !errors.Is(err, httpcompat.ErrCircuitOpen) {
		t.Errorf("JSON clients are not told that the circuit is open: %v", err)
	}
	if e := native(open); e.Code != protocol.CodeUnavailable {
		t.Errorf("native clients get %v", e)
	}
	if answered(nil) != nil {
		t.Error("nothing wrong became an error")
	}
}

func TestSumsAddWhatNodesDoAndNotWhatTheyAllHold(t *testing.T) {
	row := func(hits, misses, subjects, applied float64) protocol.StatList {
		return protocol.StatList{{Name: "role", Text: "slave"}, {Name: "cluster", Text: "c1"}, {Name: "uptime_seconds", Number: 99},
			{Name: "cache_hits", Number: hits}, {Name: "cache_misses", Number: misses}, {Name: "subjects", Number: subjects},
			{Name: "applied_index", Number: applied}, {Name: "requests_get", Number: 1}, {Name: "cache_hit_rate", Number: 1}}
	}
	total := newTotal()
	total.add(row(90, 10, 5000, 7))
	total.add(row(60, 40, 4999, 8))
	got := map[string]string{}
	for _, f := range total.figures(3, 5*time.Second) {
		if _, twice := got[f.Name]; twice {
			t.Errorf("%s is there twice", f.Name)
		}
		got[f.Name] = f.Text
		if f.Text == "" {
			got[f.Name] = fmt.Sprint(f.Number)
		}
	}
	for name, want := range map[string]string{"role": "gateway", "cluster": "c1", "uptime_seconds": "5", "node_count": "3",
		"nodes_up": "2", "cache_hits": "150", "cache_misses": "50", "cache_hit_rate": "75", "subjects": "5000",
		"applied_index": "8", "requests_get": "2", "total_requests": "0"} {
		if got[name] != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
	for _, name := range httpcompat.StatNames {
		if _, ok := got[name]; !ok {
			t.Errorf("%s is missing", name)
		}
	}
}
