package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/gateway"
	"github.com/kamaitachi/kamaitachi/httpcompat"
	"github.com/kamaitachi/kamaitachi/internal/oracle"
	"github.com/kamaitachi/kamaitachi/internal/oracle/jsontarget"
	"github.com/kamaitachi/kamaitachi/internal/oracle/oracletest"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// fronted is a node behind a gateway, asked in JSON; what JSON cannot say is asked of the node.
type fronted struct {
	*jsontarget.Target
	node    *wired
	gateway *gateway.Gateway
	json    *httpcompat.Server
}

func openFronted(t testing.TB) oracletest.Target {
	f := &fronted{node: openWired().(*wired)}
	f.Target = &jsontarget.Target{TB: t, Model: oracle.New(), Direct: f.node, At: func(now int64) { f.node.clock.Store(now) }}
	if err := f.open(); err != nil {
		panic(fmt.Sprintf("open a gateway: %v", err))
	}
	return f
}

func (f *fronted) open() (err error) {
	log := slog.New(slog.DiscardHandler)
	f.gateway, err = gateway.Open(gateway.Options{Logger: log,
		Client: client.Options{Addresses: []string{f.node.node.Addr().String()}}})
	if err != nil {
		return err
	}
	f.json, err = httpcompat.Listen("127.0.0.1:0", f.gateway, httpcompat.Options{Logger: log, Prefix: "/data",
		Rates: httpcompat.Rates{Default: httpcompat.Rate{PerSecond: httpcompat.NoLimit}}})
	if err != nil {
		return err
	}
	go f.json.Serve()
	f.URL = "http://" + f.json.Addr().String() + "/data"
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	return f.gateway.AwaitReady(ctx)
}

// Apply sends a write, and lets the model that judges answers do the same.
func (f *fronted) Apply(w *protocol.Write) (uint64, error) {
	index, err := f.Target.Apply(w)
	if err != nil {
		return index, err
	}
	return index, f.Model.Apply(index, w)
}

func (f *fronted) closeFronts() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return errors.Join(f.json.Shutdown(ctx), f.gateway.Close())
}

func (f *fronted) Close() error { return errors.Join(f.closeFronts(), f.node.Close()) }

func (f *fronted) Reopen() error {
	if err := errors.Join(f.closeFronts(), f.node.Reopen()); err != nil {
		return err
	}
	return f.open()
}

// startGateway starts a gateway before nodes on free ports and waits until it answers.
func startGateway(t *testing.T, nodes []string, args ...string) *process {
	t.Helper()
	return startAny(t, append([]string{"gateway", "-set", "server.port=0", "-set", "server.native_port=0", "-set", "log.level=error",
		"-set", "gateway.nodes=" + strings.Join(nodes, ",")}, args...)...)
}

// TestAGatewayGivesTheDocumentedAnswers sends every request of docs/api through a gateway, under both paths. What a
// process says of itself is its own.
func TestAGatewayGivesTheDocumentedAnswers(t *testing.T) {
	node := start(t, t.TempDir())
	loadMarket(t, node.addrs["native"])
	g := startGateway(t, []string{node.addrs["native"]}, "-set", "ratelimit.default=0")
	givesDocumentedAnswers(t, g.addrs["http"], "/data")
	if status := g.stop(t); status != 0 {
		t.Errorf("a drained gateway ends with status %d", status)
	}
}

// loadMarket loads the generated market, of which the documentation speaks, through a node.
func loadMarket(t *testing.T, native string) {
	t.Helper()
	load := exec.Command(kamaitachi(t), "import", "-addr", native, "-")
	load.Stdin = strings.NewReader(must(t, "generate"))
	if out, err := load.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// ofProcess are the requests of the documentation whose answers are about the process that gives them.
var ofProcess = map[string]bool{"GET /health": true, "GET /stats": true, "GET /kamaitachi/api/data/v1/stats": true,
	"GET /readyz?verbose": true, "GET /metrics/circuit_breaker": true, "GET /monitor/circuitbreaker": true,
	"GET /monitor/status": true}

// givesDocumentedAnswers sends every request of the documentation, and again under another prefix if that is not "".
func givesDocumentedAnswers(t *testing.T, host, prefix string) {
	t.Helper()
	sent := 0
	for _, part := range documentedRequests(t) {
		request, body, kind := part[1], strings.TrimSpace(part[2]), part[3]
		if ofProcess[request] || kind == "text starts" {
			continue
		}
		sent++
		status, answer := ask(t, host, request, body)
		compareAnswers(t, kind, part[4]+"\n"+part[5], status+"\n"+answer)
		if prefix == "" || strings.HasPrefix(request, "DELETE") || strings.Contains(request, "/save") {
			continue // once is enough
		}
		method, target, _ := strings.Cut(request, " ")
		status, answer = ask(t, host, method+" "+prefix+target, body)
		compareAnswers(t, kind, part[4]+"\n"+part[5], status+"\n"+answer)
	}
	if sent < 19 {
		t.Errorf("%d requests sent", sent)
	}
}

func TestAGatewayTellsOfItsNodes(t *testing.T) {
	node := start(t, t.TempDir())
	addr := node.addrs["native"]
	g := startGateway(t, []string{addr, "127.0.0.1:1"})
	for request, want := range map[string]string{
		"GET /health":         `{"status":"ok","nodes":["` + addr + `","127.0.0.1:1"],"count":2}`,
		"GET /data/health/":   `{"status":"ok","nodes":["` + addr + `","127.0.0.1:1"],"count":2}`,
		"GET /readyz?verbose": "[+]nodes ok\nready",
	} {
		if status, got := ask(t, g.addrs["http"], request, ""); got != want || status != "" {
			t.Errorf("%s:%s %s\nwant %s", request, status, got, want)
		}
	}
	for request, wants := range map[string][]string{
		"GET /stats": {`"role":"gateway"`, `"node_count":2,"nodes_up":1`, `"cache_hit_rate":100`, `"` + addr + `":{"up":1,"role":"standalone"`,
			`"127.0.0.1:1":{"up":0,"error":`},
		"GET /kamaitachi/api/data/v1/stats":        {`"nodes":["` + addr, `"per_node":{"` + addr + `":{"total_records":0`, `"aggregate":{"total_records":0,"stock_count":0,"cache":{`},
		"GET /metrics":                             {"kamaitachi_nodes_up 1", "kamaitachi_http_requests_total"},
		"POST /kamaitachi/api/data/v1/cache/reset": {`"status_code":503,"status_msg":"1 of 2 nodes were not reset: 127.0.0.1:1: `},
	} {
		if _, got := ask(t, g.addrs["http"], request, ""); !containsAll(got, wants) {
			t.Errorf("%s:\n%s\nwant all of %q", request, got, wants)
		}
	}
}

func containsAll(text string, parts []string) bool {
	for _, p := range parts {
		if !strings.Contains(text, p) {
			return false
		}
	}
	return true
}

func TestAGatewayWithoutNodesIsAliveAndSaysWhatItWaitsFor(t *testing.T) {
	g, err := gateway.Open(gateway.Options{Logger: slog.New(slog.DiscardHandler),
		Client: client.Options{Addresses: []string{"127.0.0.1:1"}}})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := g.AwaitReady(ctx); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "127.0.0.1:1") {
		t.Errorf("it says %v", err)
	}
	err = g.Snapshot(t.Context(), &protocol.Snapshot{}, &protocol.Result{})
	if !errors.Is(err, protocol.ErrUnavailable) {
		t.Errorf("a query gets %v", err)
	}
}

func TestRequestsOverTheRateAreRefused(t *testing.T) {
	node := start(t, t.TempDir())
	g := startGateway(t, []string{node.addrs["native"]}, "-set", "ratelimit.default=20", "-set", "ratelimit.default_burst=10")
	got := map[int]int{}
	for range 150 {
		r, err := http.Get("http://" + g.addrs["http"] + "/health")
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		got[r.StatusCode]++
	}
	if got[http.StatusOK] < 10 || got[http.StatusTooManyRequests] == 0 || len(got) != 2 {
		t.Errorf("150 requests got %v, want at least 10 of 200 and some 429", got)
	}
}

func TestAGatewayAnswersInJSONAsTheOracle(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		oracletest.Check(rt, func() oracletest.Target { return openFronted(t) })
	})
}
