package cli

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/kamaitachi/kamaitachi/bench"
)

// benchFlags are the flags of `kamaitachi bench`.
type benchFlags struct {
	addrs     string
	scenarios string
	load      bench.Load
	rounds    int
	peer      bool
	transport string
	jsonFile  string
	subjects  int
	quiet     bool
}

func runBench(ctx context.Context, args []string, s Streams) error {
	if len(args) > 0 && peers[args[0]].serve != nil {
		return runPeer(ctx, args[0], args[1:], s)
	}
	if len(args) > 0 && args[0] == "compare" {
		return runCompare(ctx, args[1:], s)
	}
	b := &benchFlags{}
	f := newFlags(s, "bench", "[flags]\n       kamaitachi bench compare [flags]    against all peers, in ratios of one run\n       kamaitachi bench echo|null-http -addr HOST:PORT -bytes N    a bare peer to compare with")
	b.define(f)
	if err := parse(f, args, 0); err != nil {
		return err
	}
	scenarios, err := parseScenarios(b.scenarios)
	if err != nil {
		return err
	}
	if b.peer && b.load.Rate > 0 {
		return usageError("-peer compares throughput, which -rate fixes; leave one of them out")
	}
	if b.rounds < 1 {
		return usageError("-rounds %d: want at least 1", b.rounds)
	}
	m, err := b.target(ctx, s)
	if err != nil {
		return err
	}
	defer m.close()
	outcomes, err := b.measureAll(ctx, s, m, scenarios)
	if err != nil {
		return err
	}
	if err := bench.WriteTable(s.Out, outcomes); err != nil {
		return err
	}
	fmt.Fprintln(s.Out, "Load generator and server share this machine's cores.")
	if err := writeJSONFile(b.jsonFile, outcomes); err != nil {
		return err
	}
	return failedRequests(outcomes)
}

func (b *benchFlags) define(f *flag.FlagSet) {
	f.StringVar(&b.addrs, "addr", "", "`addresses` to load, comma separated, kama:// or http://; none = a node of its own "+
		"with a made-up market")
	f.StringVar(&b.scenarios, "scenario", "1,2,3,4", "`scenarios`, comma separated")
	f.IntVar(&b.load.Conns, "conns", bench.DefaultConns, "connections")
	f.IntVar(&b.load.Pipeline, "pipeline", bench.DefaultPipeline, "requests in flight on each connection")
	f.IntVar(&b.load.Requests, "requests", 0, "requests in all (default 100,000 unless -duration is given)")
	f.DurationVar(&b.load.Duration, "duration", 0, "end after this `time`")
	f.IntVar(&b.load.Repeat, "repeat", 0, "send `N` distinct requests over and over; 0 = every request is new")
	f.Float64Var(&b.load.Rate, "rate", 0, "requests a second in an open loop; 0 = closed loop")
	f.Uint64Var(&b.load.Seed, "seed", 1, "of the requests")
	f.IntVar(&b.rounds, "rounds", 1, "measure so often and quote the median")
	f.BoolVar(&b.peer, "peer", false, "measure a bare peer of the same transport and reply size in turn, and print the ratio")
	f.StringVar(&b.transport, "transport", "kama", "`transport` to the node of its own, without -addr: kama or http")
	f.StringVar(&b.jsonFile, "json", "", "write the figures to this `file` too")
	f.IntVar(&b.subjects, "subjects", 5000, "subjects of the made-up market, without -addr")
	f.BoolVar(&b.quiet, "quiet", false, "no progress")
}

func parseScenarios(text string) ([]bench.Scenario, error) {
	var out []bench.Scenario
	for _, part := range strings.Split(text, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || n < int(bench.PeriodOfSome) || n > int(bench.SnapshotAtDate) {
			return nil, usageError("-scenario %q: want numbers from 1 to 4", part)
		}
		out = append(out, bench.Scenario(n))
	}
	return out, nil
}

// measured is what is loaded: addresses, what they hold, and the process if it is ours.
type measured struct {
	addresses []bench.Address
	market    *bench.Market
	node      *childProcess
	close     func()
}

// target finds or makes what is to be loaded.
func (b *benchFlags) target(ctx context.Context, s Streams) (*measured, error) {
	m := &measured{close: func() {}}
	if b.addrs == "" {
		if err := m.ownNode(ctx, s, b.subjects, b.transport); err != nil {
			return nil, err
		}
	}
	for _, text := range strings.Split(b.addrs, ",") {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		a, err := bench.ParseAddress(text)
		if err != nil {
			return nil, usageError("-addr: %v", err)
		}
		m.addresses = append(m.addresses, a)
	}
	err := m.ask(ctx)
	if err != nil {
		m.close()
	}
	return m, err
}

// ownNode starts a node with a made-up market in a temporary directory.
func (m *measured) ownNode(ctx context.Context, s Streams, subjects int, transport string) error {
	dir, err := os.MkdirTemp("", "kamaitachi-bench-")
	if err != nil {
		return err
	}
	m.close = func() { os.RemoveAll(dir) }
	if m.node, err = startNode(ctx, s, filepath.Join(dir, "data")); err != nil {
		m.close()
		return err
	}
	m.close = func() {
		m.node.stop()
		os.RemoveAll(dir)
	}
	address, ok := map[string]bench.Address{"kama": m.node.native(), "http": m.node.http()}[transport]
	if !ok {
		m.close()
		return usageError("-transport %q: want kama or http", transport)
	}
	m.addresses = []bench.Address{address}
	fmt.Fprintf(s.Err, "loading a made-up market of %d subjects ...\n", subjects)
	if err := loadMarket(ctx, m.node.native().Host, subjects); err != nil {
		m.close()
		return err
	}
	return nil
}

// startNode starts a node on free ports over an own data directory.
func startNode(ctx context.Context, s Streams, dir string) (*childProcess, error) {
	return startChild(ctx, s, "node", "-db", dir, "-until-input-ends", "-set", "server.port=0",
		"-set", "server.native_port=0", "-set", "log.level=warn")
}

// ask asks the first address what is loaded.
func (m *measured) ask(ctx context.Context) error {
	var err error
	m.market, err = bench.AskMarket(ctx, m.addresses[0])
	return err
}

// measureAll measures each scenario, against the peer where there is one.
func (b *benchFlags) measureAll(ctx context.Context, s Streams, m *measured, scenarios []bench.Scenario) ([]*bench.Outcome, error) {
	var all []*bench.Outcome
	for _, sc := range scenarios {
		load := b.load
		load.Scenario, load.Market, load.Addresses = sc, m.market, m.addresses
		outcomes, err := b.measure(ctx, s, m, load)
		if err != nil {
			return all, fmt.Errorf("scenario %s: %w", sc, err)
		}
		all = append(all, outcomes...)
	}
	return all, nil
}

// measure measures one scenario and returns the median outcome, and the peer's.
func (b *benchFlags) measure(ctx context.Context, s Streams, m *measured, load bench.Load) ([]*bench.Outcome, error) {
	ours := func() (*bench.Outcome, error) { return runLoad(ctx, s, load, m.node, b.quiet) }
	warm, err := runWarmup(ctx, load)
	if err != nil {
		return nil, err
	}
	if !b.peer {
		var outcomes []*bench.Outcome
		for range b.rounds {
			o, err := ours()
			if err != nil {
				return nil, err
			}
			outcomes = append(outcomes, o)
		}
		return []*bench.Outcome{bench.Median(outcomes)}, nil
	}
	peer, peerLoad, err := startPeer(ctx, s, load, warm)
	if err != nil {
		return nil, err
	}
	defer peer.stop()
	theirs := func() (*bench.Outcome, error) { return runLoad(ctx, s, peerLoad, peer, b.quiet) }
	as, bs, ratio, err := bench.Compare(b.rounds, ours, theirs)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(s.Out, "scenario %s: %s of %s\n", load.Scenario, ratio, peerLoad.Addresses[0].Scheme)
	return []*bench.Outcome{bench.Median(as), bench.Median(bs)}, nil
}

// warmupRequests is how many requests go before the first measurement.
const warmupRequests = 2_000

func runWarmup(ctx context.Context, load bench.Load) (*bench.Outcome, error) {
	load.Requests, load.Duration, load.Rate, load.Progress = warmupRequests, 0, 0, nil
	load.Seed += 1 << 32
	return bench.Run(ctx, load)
}

// runLoad runs a load and adds the CPU time of the server's process where it is ours.
func runLoad(ctx context.Context, s Streams, load bench.Load, server *childProcess, quiet bool) (*bench.Outcome, error) {
	finish := func() {}
	if !quiet {
		finish = load.ShowProgress(s.Err)
	}
	defer finish()
	if server != nil {
		load.ServerPID = server.PID()
	}
	return bench.Run(ctx, load)
}

func writeJSONFile(path string, outcomes []*bench.Outcome) error {
	if path == "" {
		return nil
	}
	return writeFile(path, func(w io.Writer) error { return bench.WriteJSON(w, outcomes) })
}

// failedRequests is an error when a request failed, so that scripts see it.
func failedRequests(outcomes []*bench.Outcome) error {
	failed, all := 0, 0
	for _, o := range outcomes {
		failed, all = failed+o.Failed, all+o.Requests
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d requests failed: answered with an error or without data", failed, all)
	}
	return nil
}
