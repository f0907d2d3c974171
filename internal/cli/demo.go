package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/kamaitachi/kamaitachi/bench"
	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/internal/dataset"
	"github.com/kamaitachi/kamaitachi/internal/dataset/bundled"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// demoRequests is how many requests each scenario of the demo sends.
const demoRequests = 50_000

func runDemo(ctx context.Context, args []string, s Streams) error {
	f := newFlags(s, "demo", "[-keep]")
	keep := f.Bool("keep", false, "leave the node running and print what to try")
	requests := f.Int("requests", demoRequests, "requests of each scenario")
	if err := parse(f, args, 0); err != nil {
		return err
	}
	if *requests < 1 {
		return usageError("-requests %d: want at least 1", *requests)
	}
	dir, err := os.MkdirTemp("", "kamaitachi-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	fmt.Fprintln(s.Out, "Starting a node on free ports, with its data in", dir)
	node, err := startNode(ctx, s, filepath.Join(dir, "data"))
	if err != nil {
		return err
	}
	if err := demonstrate(ctx, s, node, *requests); err != nil {
		return errors.Join(err, node.stop())
	}
	if *keep {
		keepDemo(ctx, s, node)
	}
	return node.stop()
}

// demonstrate loads the reports, shows a ranking and measures the scenarios.
func demonstrate(ctx context.Context, s Streams, node *childProcess, requests int) error {
	if err := loadBundled(ctx, s, node.native().Host); err != nil {
		return err
	}
	if err := showRanking(ctx, s, node.native().Host); err != nil {
		return err
	}
	m := &measured{addresses: []bench.Address{node.native()}, node: node}
	if err := m.ask(ctx); err != nil {
		return err
	}
	outcomes, err := measureScenarios(ctx, s, m, requests)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.Out, "\nThe four scenarios over both transports, %d requests each, none repeated; native: %d connections with %d\n"+
		"requests in flight on each; JSON: %d connections with one. The load generator shares this machine's cores:\n\n",
		requests, bench.DefaultConns, bench.DefaultPipeline, demoHTTPConns)
	if err := bench.WriteTable(s.Out, outcomes); err != nil {
		return err
	}
	return failedRequests(outcomes)
}

// demoHTTPConns is how many connections the demo opens to the JSON endpoints.
const demoHTTPConns = 50

// measureScenarios measures each scenario over the native protocol and over JSON.
func measureScenarios(ctx context.Context, s Streams, m *measured, requests int) ([]*bench.Outcome, error) {
	var outcomes []*bench.Outcome
	for _, load := range []bench.Load{
		{Addresses: []bench.Address{m.node.native()}},
		{Addresses: []bench.Address{m.node.http()}, Conns: demoHTTPConns, Pipeline: 1},
	} {
		load.Market, load.Requests, load.Seed = m.market, requests, 1
		for load.Scenario = bench.PeriodOfSome; load.Scenario <= bench.SnapshotAtDate; load.Scenario++ {
			o, err := runLoad(ctx, s, load, m.node, false)
			if err != nil {
				return nil, fmt.Errorf("scenario %s over %s: %w", load.Scenario, load.Addresses[0].Scheme, err)
			}
			outcomes = append(outcomes, o)
		}
	}
	return outcomes, nil
}

// loadBundled imports the reports that ship with the program.
func loadBundled(ctx context.Context, s Streams, addr string) error {
	d, err := openRemote(ctx, addr)
	if err != nil {
		return err
	}
	defer d.close()
	table, err := tableOf(ctx, d, "1", false)
	if err != nil {
		return err
	}
	src, err := bundled.Reports(table)
	if err != nil {
		return err
	}
	sum, err := dataset.Import(ctx, src, d, dataset.ImportOptions{Table: table, InFlight: importInFlight})
	if err != nil {
		return err
	}
	fmt.Fprintf(s.Out, "Loaded reports of US companies, 2015 to 2017 (pystock-data, CC BY-SA 4.0):\n  ")
	printSummary(s.Out, "us-reports", &sum, false)
	return nil
}

// showRanking prints what the product is for: the whole market, ranked.
func showRanking(ctx context.Context, s Streams, addr string) error {
	c, err := client.Open(ctx, client.Options{Addresses: []string{addr}, Name: "kamaitachi demo"})
	if err != nil {
		return err
	}
	defer c.Close()
	q := protocol.Snapshot{
		View: protocol.View{IDs: []string{"operating_revenue", "operating_income", "parent_holder_net_profit"},
			ReportTypes: []string{"annual"}, With: protocol.WithSubjects | protocol.WithReports},
		Ranking: protocol.Ranking{Field: "operating_revenue", Limit: 5},
		Topic:   "us_listed",
	}
	var r protocol.Result
	if err := c.Snapshot(ctx, &q, &r); err != nil {
		return err
	}
	fmt.Fprintln(s.Out, "\nThe whole market by revenue of the newest annual report, first five:")
	fmt.Fprintln(s.Out)
	return resultGrid(&r).print(s.Out, "table")
}

// keepDemo prints what to try and waits until it is interrupted.
func keepDemo(ctx context.Context, s Streams, node *childProcess) {
	addr := node.native().String()
	fmt.Fprintf(s.Out, "\nThe node keeps running at %s. Try, in another terminal:\n\n", addr)
	for _, line := range []string{
		"query snapshot -topic us_listed -ids operating_revenue,parent_holder_net_profit -field operating_revenue -report-type annual",
		"query snapshot -topic us_listed -ids operating_revenue -field operating_revenue -at 2015-12-31 -known-at 2016-02-15",
		"query recent -subjects us:AAPL -ids operating_revenue,operating_income -o json",
		"query period -subjects us:AAPL,us:MSFT -ids operating_revenue -from 2015-01-01 -to 2016-12-31 -o csv",
		"query stats",
		"bench -scenario 3 -duration 5s",
	} {
		command, rest, _ := strings.Cut(line, " ")
		if command == "query" {
			kind, flags, _ := strings.Cut(rest, " ")
			command, rest = command+" "+kind, flags
		}
		fmt.Fprintf(s.Out, "  %s\n", strings.TrimSpace(fmt.Sprintf("%s %s -addr %s %s", s.Program, command, addr, rest)))
	}
	fmt.Fprintf(s.Out, "\nor over JSON:\n\n  curl -X POST %s/kamaitachi/api/data/v1/snapshot -d \\\n"+
		"    '{\"ids\":\"operating_revenue,1002\",\"topic\":\"us_listed\",\"field\":\"operating_revenue\",\"limit\":3}'\n", node.http())
	fmt.Fprintln(s.Out, "\nCtrl-C ends it and removes its data.")
	<-ctx.Done()
}
