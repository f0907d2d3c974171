package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/protocol"
	"github.com/kamaitachi/kamaitachi/server"
)

// exampleNode starts a node in memory with two subjects, one of them restated, and returns its address.
func exampleNode() (addr string, stop func()) {
	o := server.Options{Dir: "data", Listen: "127.0.0.1:0", Logger: slog.New(slog.DiscardHandler)}
	o.Store.FS = vfs.NewMem()
	o.Catalog = []protocol.Table{{Number: 1, Name: "finance", DefaultReportType: "0408",
		Indicators: []protocol.Indicator{{ID: "operating_income", Code: "1001"}, {ID: "net_profit", Code: "1004"}}}}
	node, err := server.Open(o)
	if err != nil {
		log.Fatal(err)
	}
	day := func(text string) int64 {
		seconds, err := protocol.ParseDay("2006-01-02", text)
		if err != nil {
			log.Fatal(err)
		}
		return seconds
	}
	_, err = node.Put(context.Background(), &protocol.Put{Reports: []protocol.Report{
		{Subject: "33:300033", ReportDate: day("2022-09-30"), DeclareDate: protocol.At(day("2022-10-20")), Values: []float64{90, 9}},
		{Subject: "33:300033", ReportDate: day("2022-12-31"), DeclareDate: protocol.At(day("2023-03-01")), Values: []float64{120, 12}},
		{Subject: "33:300033", ReportDate: day("2022-12-31"), DeclareDate: protocol.At(day("2023-08-01")), Values: []float64{100, 10}},
		{Subject: "33:300059", ReportDate: day("2022-12-31"), DeclareDate: protocol.At(day("2023-03-10")), Values: []float64{110, protocol.Missing}},
	}})
	if err != nil {
		log.Fatal(err)
	}
	return node.Addr().String(), func() { node.Close() }
}

// The newest reports of two shares, ranked by a figure; then the same as it was known before a restatement.
func Example() {
	addr, stop := exampleNode()
	defer stop()
	ctx := context.Background()
	c, err := client.Open(ctx, client.Options{Addresses: []string{addr}})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	q := protocol.Snapshot{
		View:     protocol.View{IDs: []string{"operating_income", "net_profit"}},
		Ranking:  protocol.Ranking{Field: "operating_income"},
		Subjects: []string{"33:300033", "33:300059"},
	}
	var r protocol.Result // reused from call to call
	show := func() {
		if err := c.Snapshot(ctx, &q, &r); err != nil {
			log.Fatal(err)
		}
		income := r.Column(0)
		for row, s := range r.Subjects {
			fmt.Println(s.Key, income[row])
		}
	}
	show()
	fmt.Println("as known on 28 March 2023:")
	q.KnownAt = protocol.At(1_680_000_000)
	show()
	// Output:
	// 33:300059 110
	// 33:300033 100
	// as known on 28 March 2023:
	// 33:300033 120
	// 33:300059 110
}

// The most recent reports of one share, newest first. A value that is missing is not zero.
func ExampleClient_Recent() {
	addr, stop := exampleNode()
	defer stop()
	ctx := context.Background()
	c, err := client.Open(ctx, client.Options{Addresses: []string{addr}})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	var r protocol.Result
	q := protocol.Recent{View: protocol.View{IDs: []string{"1001"}}, Subjects: []string{"33:300033"}, Limit: 2}
	if err := c.Recent(ctx, &q, &r); err != nil {
		log.Fatal(err)
	}
	for row, h := range r.Heads {
		fmt.Println(string(protocol.AppendDay(nil, h.ReportDate)), r.Value(row, 0))
	}
	// Output:
	// 2022-12-31 100
	// 2022-09-30 90
}

// A watch list that is asked over and over: the node keeps the query, and each execution says what it has otherwise.
func ExampleClient_Prepare() {
	addr, stop := exampleNode()
	defer stop()
	ctx := context.Background()
	c, err := client.Open(ctx, client.Options{Addresses: []string{addr}})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	list, err := c.Prepare(ctx, &protocol.Snapshot{
		View:     protocol.View{IDs: []string{"operating_income"}},
		Subjects: []string{"33:300033", "33:300059"},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer list.Close()
	var r protocol.Result
	for _, change := range []protocol.Change{
		{}, // as it was prepared
		{Order: protocol.Some(protocol.Ascending), Limit: protocol.Some(1)},
		{Timestamp: protocol.At(1_664_496_000)}, // 30 September 2022
	} {
		if err := list.Execute(ctx, &change, &r); err != nil {
			log.Fatal(err)
		}
		fmt.Println(r.Rows(), "rows, first", r.Subjects[0].Key, r.Value(0, 0))
	}
	// Output:
	// 2 rows, first 33:300059 110
	// 1 rows, first 33:300033 100
	// 1 rows, first 33:300033 90
}

// A client of a cluster. Here its members are listed; a Discovery of one's own follows them as they come and go.
func ExampleOpen_cluster() {
	addr, stop := exampleNode()
	defer stop()
	ctx := context.Background()
	c, err := client.Open(ctx, client.Options{Discovery: client.Static(client.Member{ID: "a", Addr: addr, Role: "master"})})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	index, err := c.Put(ctx, &protocol.Put{Reports: []protocol.Report{{Subject: "33:300033", ReportDate: 1_703_980_800, Values: []float64{130}}}})
	if err != nil {
		log.Fatal(err)
	}
	var r protocol.Result
	q := protocol.Recent{View: protocol.View{IDs: []string{"1001"}}, Subjects: []string{"33:300033"}, Limit: 1}
	if err := c.Recent(client.AtLeast(ctx, index), &q, &r); err != nil { // whichever node answers, it has the write
		log.Fatal(err)
	}
	fmt.Println(r.Value(0, 0), r.Applied >= index)
	for _, n := range c.Nodes() {
		fmt.Println(n.State, n.Breakers[0].Op, n.Breakers[0].State)
	}
	// Output:
	// 130 true
	// ready RECENT CLOSED
}

// What the node says of a wrong question comes back as a *protocol.Error inside a *client.Error.
func ExampleError() {
	addr, stop := exampleNode()
	defer stop()
	ctx := context.Background()
	c, err := client.Open(ctx, client.Options{Addresses: []string{addr}})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	var r protocol.Result
	err = c.Get(ctx, &protocol.Get{Subject: "33:999999"}, &r)
	fmt.Println(errors.Is(err, protocol.ErrNotFound))
	// Output:
	// true
}
