package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/internal/clustertest"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// gate is a gateway process that finds its nodes in the etcd of a cluster. It is not waited for.
type gate struct {
	t            *testing.T
	cmd          *exec.Cmd
	log          string
	http, native string
}

// listensAt finds the addresses in what a gateway logs at its start.
var listensAt = regexp.MustCompile(`native=(\S+?) http=([0-9.:]+)`)

// launchGateway starts a gateway and returns when it listens, which is before it has found a node.
func launchGateway(t *testing.T, etcd, lastKnown string, args ...string) *gate {
	t.Helper()
	g := &gate{t: t, log: filepath.Join(t.TempDir(), "gateway.log")}
	out, err := os.Create(g.log)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close() // the process has its own
	g.cmd = exec.Command(kamaitachi(t), append([]string{"gateway", "-set", "server.port=0", "-set", "server.native_port=0",
		"-set", "log.format=text", "-set", "ratelimit.default=0", "-set", "etcd.endpoints=" + etcd, "-set", "etcd.timeout=1s",
		"-set", "etcd.last_known=" + lastKnown}, args...)...)
	g.cmd.Stderr = out
	if err := g.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		g.cmd.Process.Kill()
		g.cmd.Wait()
		if t.Failed() {
			t.Logf("the gateway's log:\n%s", g.said())
		}
	})
	g.within("the gateway listens", func() bool {
		at := listensAt.FindStringSubmatch(g.said())
		if at != nil {
			g.native, g.http = at[1], at[2]
		}
		return at != nil
	})
	return g
}

func (g *gate) said() string {
	text, err := os.ReadFile(g.log)
	if err != nil {
		g.t.Fatal(err)
	}
	return string(text)
}

func (g *gate) within(what string, done func() bool) {
	g.t.Helper()
	for deadline := time.Now().Add(clustertest.Patience); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			g.t.Fatalf("not within %v: %s", clustertest.Patience, what)
		}
	}
}

// get asks a path of the gateway's JSON endpoints.
func (g *gate) get(path string) (status int, answer string) {
	r, err := http.Get("http://" + g.http + path)
	if err != nil {
		return 0, err.Error()
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	return r.StatusCode, string(b) + fmt.Sprint(errText(err))
}

func errText(err error) string {
	if err != nil {
		return err.Error()
	}
	return ""
}

func (g *gate) ready() bool {
	status, _ := g.get("/readyz")
	return status == http.StatusOK
}

// sdk returns a client of the gateway's native front.
func (g *gate) sdk() *client.Client {
	g.t.Helper()
	c, err := client.Open(g.t.Context(), client.Options{Addresses: []string{g.native}})
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() { c.Close() })
	return c
}

const rankTen = `{"ids":"1001","topic":"stock_a_listing_pool","limit":10}`

// reading reads over both transports, from several goroutines, until stop; no read may fail, and each shows the rows.
func (g *gate) reading(rows int) (done *atomic.Int64, stop func()) {
	sdk, ended := g.sdk(), make(chan struct{})
	done = new(atomic.Int64)
	var wg sync.WaitGroup
	read := func(ask func() error) {
		wg.Go(func() {
			for {
				select {
				case <-ended:
					return
				default:
				}
				if err := ask(); err != nil {
					g.t.Errorf("a read failed: %v", err)
				}
				done.Add(1)
			}
		})
	}
	for range 3 {
		var r protocol.Result
		read(func() error {
			err := sdk.Snapshot(context.Background(), &protocol.Snapshot{View: protocol.View{IDs: []string{"1001"}},
				Topic: "stock_a_listing_pool", Ranking: protocol.Ranking{Limit: 10}}, &r)
			if err == nil && r.Rows() != rows {
				err = fmt.Errorf("%d rows", r.Rows())
			}
			return err
		})
		read(func() error {
			resp, err := http.Post("http://"+g.http+"/data/kamaitachi/api/data/v1/snapshot", "application/json", strings.NewReader(rankTen))
			if err != nil {
				return err
			}
			defer resp.Body.Close()
			b, err := io.ReadAll(resp.Body)
			if err == nil && (resp.StatusCode != 200 || strings.Count(string(b), `"subject":{`) != rows) {
				err = errors.New(string(b))
			}
			return err
		})
	}
	return done, sync.OnceFunc(func() { close(ended); wg.Wait() })
}

// goOn waits for some more reads.
func (g *gate) goOn(done *atomic.Int64) {
	g.t.Helper()
	from := done.Load()
	g.within("reads go on", func() bool { return done.Load() > from+300 })
}

func TestAGatewayBeforeACluster(t *testing.T) {
	c := clustertest.New(t, clustertest.Options{})
	c.StartEtcd()
	lastKnown := filepath.Join(t.TempDir(), "nodes.json")
	g := launchGateway(t, c.Etcd(), lastKnown, "-set", "breaker.pause=1s")
	if status, answer := g.get("/readyz?verbose"); status != 503 || !strings.Contains(answer, "etcd at "+c.Etcd()) {
		t.Errorf("before there are nodes /readyz is %d %s", status, answer)
	}
	c.StartAll()
	c.AwaitReady()
	g.within("the gateway is ready", g.ready)
	load := exec.Command(kamaitachi(t), "import", "-addr", g.native, "-") // through the gateway, to the master
	load.Stdin = strings.NewReader(must(t, "generate", "-subjects", "50"))
	if out, err := load.CombinedOutput(); err != nil {
		t.Fatalf("import through the gateway: %v\n%s", err, out)
	}
	c.Level()

	t.Run("it tells of all nodes", func(t *testing.T) {
		g.within("all three are known", func() bool {
			_, answer := g.get("/data/health")
			return strings.HasSuffix(answer, `,"count":3}`)
		})
		_, answer := g.get("/health")
		for _, n := range c.Nodes {
			if !strings.Contains(answer, `"`+n.HTTP+`"`) {
				t.Errorf("/health does not name %s: %s", n.HTTP, answer)
			}
		}
		if _, answer = g.get("/stats"); !strings.Contains(answer, `"nodes_up":3`) || !strings.Contains(answer, `"subjects":50,`) {
			t.Errorf("/stats: %s", answer)
		}
	})
	done, stop := g.reading(10)
	defer stop()
	t.Run("no read fails while a node dies and returns", func(t *testing.T) {
		slave := c.Slaves()[0]
		slave.Kill()
		g.goOn(done)
		slave.Start()
		c.Within("the node is back", slave.Ready)
		g.goOn(done)
	})
	t.Run("no read fails while the master dies, and writes go on with the next", func(t *testing.T) {
		master := c.Master()
		master.Kill()
		put(t, g.sdk(), "33:300001", 1)
		g.goOn(done)
		master.Start()
		c.Within("the node is back", master.Ready)
	})
	t.Run("a breaker opens while a node is stopped and closes when it goes on", func(t *testing.T) {
		var nodes []string // by name, since a stopped node leaves the list in etcd, and its breakers go with it
		for _, n := range c.Nodes {
			nodes = append(nodes, n.Native)
		}
		g := launchGateway(t, c.Etcd(), "", "-set", "breaker.pause=1s", "-set", "gateway.nodes="+strings.Join(nodes, ","))
		g.within("the gateway is ready", g.ready)
		done, stop := g.reading(10)
		defer stop()
		slave := c.Slaves()[0]
		state := func(want string) func() bool {
			return func() bool {
				_, answer := g.get("/metrics/circuit_breaker")
				return strings.Contains(answer, `"`+slave.Native+` snapshot":{"state":"`+want+`"`)
			}
		}
		g.within("it was asked", state("CLOSED"))
		slave.Pause()
		defer slave.Resume()
		g.within("its breaker is open", state("OPEN"))
		if _, answer := g.get("/monitor/status"); !strings.Contains(answer, `"OPEN"`) {
			t.Errorf("/monitor/status: %s", answer)
		}
		g.goOn(done)
		slave.Resume()
		g.within("its breaker is closed", state("CLOSED"))
	})
	t.Run("no read fails while etcd is away, and another gateway starts from what was last known", func(t *testing.T) {
		c.KillEtcd()
		g.goOn(done)
		second := launchGateway(t, c.Etcd(), lastKnown)
		second.within("the second gateway is ready", second.ready)
	})
	stop()
	if err := g.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := g.cmd.Wait(); err != nil {
		t.Errorf("a gateway that is told to end: %v", err)
	}
}
