package gateway

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/protocol"
	"github.com/kamaitachi/kamaitachi/server"
	"github.com/kamaitachi/kamaitachi/server/wire"
)

// realNode starts a node in memory, with one subject, until the test ends.
func realNode(t testing.TB) *server.Node {
	t.Helper()
	o := server.Options{Dir: "data", Listen: "127.0.0.1:0", Logger: slog.New(slog.DiscardHandler)}
	o.Store.FS = vfs.NewMem()
	o.Catalog = []protocol.Table{{Number: 1, Name: "finance", Indicators: []protocol.Indicator{{ID: "a"}, {ID: "b"}}}}
	n, err := server.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	reports := []protocol.Report{{Subject: "s", ReportDate: 1, Values: []float64{1, 2}}}
	if _, err := n.Put(t.Context(), &protocol.Put{Reports: reports}); err != nil {
		t.Fatal(err)
	}
	return n
}

// before opens a gateway with a native front before nodes until the test ends.
func before(t testing.TB, limits wire.Limits, nodes ...string) *Gateway {
	t.Helper()
	g, err := Open(Options{Logger: slog.New(slog.DiscardHandler), Listen: "127.0.0.1:0", Limits: limits,
		Client: client.Options{Addresses: nodes}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := g.AwaitReady(ctx); err != nil {
		t.Fatal(err)
	}
	return g
}

func sdkOf(t testing.TB, g *Gateway) *client.Client {
	t.Helper()
	c, err := client.Open(t.Context(), client.Options{Addresses: []string{g.Addr().String()}, ConnsPerNode: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

var question = protocol.Snapshot{View: protocol.View{IDs: []string{"a"}}, Subjects: []string{"s"}}

func TestAGatewayGreetsAsTheClusterAndRefusesOthers(t *testing.T) {
	n := realNode(t)
	g := before(t, wire.Limits{}, n.Addr().String())
	sdk := sdkOf(t, g)
	if s := sdk.Nodes()[0]; s.Role != "gateway" || s.ID == n.NodeID() || len(s.ID) != 32 {
		t.Errorf("it calls itself %+v", s)
	}
	_, err := client.Open(t.Context(), client.Options{Addresses: []string{g.Addr().String()}, ClusterID: "another"})
	if !errors.Is(err, protocol.ErrWrongCluster) {
		t.Errorf("another cluster's client gets %v", err)
	}
}

func TestWritesAndConsistencyPassThroughAGateway(t *testing.T) {
	n := realNode(t)
	sdk := sdkOf(t, before(t, wire.Limits{}, n.Addr().String()))
	for i := range 20 {
		index, err := sdk.Put(t.Context(), &protocol.Put{Reports: []protocol.Report{{Subject: "s", ReportDate: 1, Values: []float64{float64(i), 0}}}})
		if err != nil || index != n.Applied() {
			t.Fatalf("a write: %d, %v", index, err)
		}
		var r protocol.Result
		ctx := client.AtLeast(t.Context(), index)
		if i%2 == 0 {
			ctx = client.Linearizable(t.Context())
		}
		if err := sdk.Snapshot(ctx, &question, &r); err != nil || r.Value(0, 0) != float64(i) || r.Applied < index {
			t.Fatalf("after write %d: %v, %v", i, r.Values, err)
		}
	}
	ctx, cancel := context.WithTimeout(client.AtLeast(t.Context(), 1<<40), 100*time.Millisecond)
	defer cancel()
	if err := sdk.Snapshot(ctx, &question, &protocol.Result{}); !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, protocol.ErrDeadline) {
		t.Errorf("an index that does not come: %v", err)
	}
}

func TestErrorsOfNodesPassThroughAGateway(t *testing.T) {
	sdk := sdkOf(t, before(t, wire.Limits{}, realNode(t).Addr().String()))
	var r protocol.Result
	bad := question
	bad.IDs = []string{"nonsense"}
	if err := sdk.Snapshot(t.Context(), &bad, &r); !errors.Is(err, protocol.ErrUnknownIndicator) {
		t.Errorf("an unknown indicator: %v", err)
	}
	if err := sdk.Get(t.Context(), &protocol.Get{Subject: "nobody"}, &r); !errors.Is(err, protocol.ErrNotFound) {
		t.Errorf("an unknown subject: %v", err)
	}
	if _, err := sdk.Prepare(t.Context(), &bad); !errors.Is(err, protocol.ErrUnknownIndicator) {
		t.Errorf("a prepared one: %v", err)
	}
}

func TestStatsThroughAGatewayAreTheClustersAndItsOwn(t *testing.T) {
	sdk := sdkOf(t, before(t, wire.Limits{}, realNode(t).Addr().String()))
	var c protocol.Catalog
	if err := sdk.Catalog(t.Context(), &c); err != nil || len(c.Tables) != 1 {
		t.Errorf("tables: %+v, %v", c, err)
	}
	if err := sdk.ResetCounters(t.Context()); err != nil {
		t.Error(err)
	}
	if err := sdk.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	s, err := sdk.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]protocol.Stat{}
	for _, f := range s {
		got[f.Name] = f
	}
	if got["role"].Text != "gateway" || got["subjects"].Number != 1 || got["nodes_up"].Number != 1 ||
		got["gateway_connections"].Number != 1 || got["gateway_requests_tables"].Number != 1 {
		t.Errorf("stats: %+v", s)
	}
}

func TestPreparedQueriesOfAGatewayAreBoundedAndForgotten(t *testing.T) {
	n := realNode(t)
	g := before(t, wire.Limits{MaxPrepared: 3}, n.Addr().String())
	sdk := sdkOf(t, g)
	var kept []*client.Prepared
	for range 3 {
		p, err := sdk.Prepare(t.Context(), &question)
		if err != nil {
			t.Fatal(err)
		}
		kept = append(kept, p)
	}
	if _, err := sdk.Prepare(t.Context(), &question); !errors.Is(err, protocol.ErrOverloaded) {
		t.Errorf("one more than the limit: %v", err)
	}
	for _, p := range kept {
		var r protocol.Result
		if err := p.Execute(t.Context(), nil, &r); err != nil || r.Rows() != 1 {
			t.Errorf("%d rows, %v", r.Rows(), err)
		}
	}
	kept[0].Close()
	eventually(t, "the first is forgotten", func() bool {
		p, err := sdk.Prepare(t.Context(), &question)
		return err == nil && p != nil
	})
	sdk.Close()
	count := func() (n float64) {
		for _, f := range g.front.handles.AppendStats(nil) {
			n += f.Number
		}
		return n
	}
	eventually(t, "nothing is kept of a connection that is closed", func() bool { return count() == 0 })
	eventually(t, "nor at the node", func() bool {
		s, err := n.Stats(t.Context())
		for _, f := range s {
			if f.Name == "prepared_queries" {
				return err == nil && f.Number == 0
			}
		}
		return false
	})
}

// speak greets the gateway over a bare connection.
func speak(t *testing.T, g *Gateway) net.Conn {
	t.Helper()
	nc, err := net.Dial("tcp", g.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(20 * time.Second))
	ask(t, nc, 1, protocol.OpHello, &protocol.Hello{MinVersion: protocol.Version, MaxVersion: protocol.Version})
	if h, _, err := hear(nc); err != nil || h.Code != protocol.CodeOK {
		t.Fatalf("greeted with %+v, %v", h, err)
	}
	return nc
}

func ask(t *testing.T, nc net.Conn, id uint64, op protocol.Op, m protocol.Message) {
	t.Helper()
	frame := m.AppendTo(protocol.BeginRequest(nil, &protocol.RequestHeader{ID: id, Op: op}))
	if _, err := nc.Write(protocol.FinishFrame(frame, 0)); err != nil {
		t.Fatal(err)
	}
}

func hear(nc net.Conn) (h protocol.ReplyHeader, payload []byte, err error) {
	var prefix [protocol.FramePrefix]byte
	if _, err = io.ReadFull(nc, prefix[:]); err != nil {
		return h, nil, err
	}
	size, err := protocol.FrameSize(prefix[:], protocol.DefaultMaxReply)
	if err != nil {
		return h, nil, err
	}
	body := make([]byte, size)
	if _, err = io.ReadFull(nc, body); err != nil {
		return h, nil, err
	}
	return protocol.DecodeReply(body)
}

func TestWhatBreaksTheProtocolEndsOnlyItsConnection(t *testing.T) {
	g := before(t, wire.Limits{}, realNode(t).Addr().String())
	bystander := sdkOf(t, g)
	for name, bytes := range map[string][]byte{
		"a huge length":      {0x7f, 0xff, 0xff, 0xff},
		"no length":          {0, 0, 0, 0},
		"no array":           {0, 0, 0, 1, 0xc1},
		"a malformed query":  protocol.FinishFrame(append(protocol.BeginRequest(nil, &protocol.RequestHeader{ID: 2, Op: protocol.OpSnapshot}), 0xc1), 0),
		"a malformed handle": protocol.FinishFrame(append(protocol.BeginRequest(nil, &protocol.RequestHeader{ID: 2, Op: protocol.OpExecute}), 0xc1), 0),
		"a malformed PREPARE": protocol.FinishFrame(append(protocol.BeginRequest(nil,
			&protocol.RequestHeader{ID: 2, Op: protocol.OpPrepare}), 0xc1), 0),
	} {
		nc := speak(t, g)
		if _, err := nc.Write(bytes); err != nil {
			t.Fatal(err)
		}
		if h, _, err := hear(nc); err != nil || h.Code != protocol.CodeProtocol {
			t.Errorf("%s: %+v, %v", name, h, err)
		}
		if _, _, err := hear(nc); err == nil {
			t.Errorf("%s: the connection is still open", name)
		}
		if err := bystander.Snapshot(t.Context(), &question, &protocol.Result{}); err != nil {
			t.Errorf("%s: a bystander gets %v", name, err)
		}
	}
}

func TestAnUnknownHandleAndUnknownOperationsAreRefused(t *testing.T) {
	nc := speak(t, before(t, wire.Limits{}, realNode(t).Addr().String()))
	ask(t, nc, 2, protocol.OpExecute, &protocol.Execute{Handle: 99})
	if h, _, err := hear(nc); err != nil || h.Code != protocol.CodeUnknownHandle || h.ID != 2 {
		t.Errorf("an unknown handle: %+v, %v", h, err)
	}
	ask(t, nc, 3, protocol.OpWatch, protocol.Empty{})
	if h, _, err := hear(nc); err != nil || h.Code != protocol.CodeUnsupported || h.ID != 3 {
		t.Errorf("an operation that is not spoken: %+v, %v", h, err)
	}
}

func TestRequestsInFlightAreBoundedAndEndAtTheirDeadline(t *testing.T) {
	g := before(t, wire.Limits{MaxInFlight: 4}, hanging(t))
	nc := speak(t, g)
	for id := range uint64(5) {
		frame := question.AppendTo(protocol.BeginRequest(nil, &protocol.RequestHeader{ID: id + 2, Op: protocol.OpSnapshot, Deadline: 300}))
		if _, err := nc.Write(protocol.FinishFrame(frame, 0)); err != nil {
			t.Fatal(err)
		}
	}
	if h, _, err := hear(nc); err != nil || h.ID != 6 || h.Code != protocol.CodeOverloaded {
		t.Errorf("the fifth: %+v, %v", h, err)
	}
	for range 4 {
		if h, _, err := hear(nc); err != nil || h.Code != protocol.CodeDeadline {
			t.Errorf("one that no node answers: %+v, %v", h, err)
		}
	}
	ask(t, nc, 9, protocol.OpPing, protocol.Empty{})
	if h, _, err := hear(nc); err != nil || h.Code != protocol.CodeOK {
		t.Errorf("afterwards: %+v, %v", h, err)
	}
}

func TestShutdownAnswersWhatWasAsked(t *testing.T) {
	n := realNode(t)
	g := before(t, wire.Limits{}, n.Addr().String())
	nc := speak(t, g)
	const requests = 500
	var batch []byte
	for id := range uint64(requests) {
		frame := question.AppendTo(protocol.BeginRequest(nil, &protocol.RequestHeader{ID: id + 2, Op: protocol.OpSnapshot}))
		batch = append(batch, protocol.FinishFrame(frame, 0)...)
	}
	if _, err := nc.Write(batch); err != nil {
		t.Fatal(err)
	}
	h, _, err := hear(nc) // it has begun
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- g.Close() }()
	answered, refused := 1, 0
	for range requests - 1 {
		if h, _, err = hear(nc); err != nil {
			t.Fatalf("after %d answers: %v", answered, err)
		}
		switch h.Code {
		case protocol.CodeOK:
			answered++
		case protocol.CodeUnavailable:
			refused++
		default:
			t.Errorf("an answer of %v", h.Code)
		}
	}
	if err := <-ended; err != nil {
		t.Errorf("close: %v, with %d answered and %d refused", err, answered, refused)
	}
}

// A request costs the gateway no memory of its own. Both ends are in this process, so what is counted is all of it.
func BenchmarkPassing(b *testing.B) {
	g := before(b, wire.Limits{}, realNode(b).Addr().String())
	sdk := sdkOf(b, g)
	b.ReportAllocs()
	b.SetParallelism(64)
	b.RunParallel(func(pb *testing.PB) {
		q, r := question, protocol.Result{}
		for pb.Next() {
			if err := sdk.Snapshot(context.Background(), &q, &r); err != nil {
				b.Error(err)
			}
		}
	})
}
