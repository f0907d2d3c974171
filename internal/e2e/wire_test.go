package e2e_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"

	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/internal/clustertest"
	"github.com/kamaitachi/kamaitachi/internal/oracle/oracletest"
	"github.com/kamaitachi/kamaitachi/protocol"
	"github.com/kamaitachi/kamaitachi/server"
)

// TestMain runs fewer histories than rapid's default: each starts and drains a real server.
func TestMain(m *testing.M) {
	flag.Parse()
	if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue {
		flag.Set("rapid.checks", "15")
	}
	os.Exit(clustertest.Main(m))
}

// wired is a node asked through the SDK over TCP.
type wired struct {
	node   *server.Node
	client *client.Client
	clock  atomic.Int64
	fs     vfs.FS
	o      server.Options
	// before puts something between client and node, which listens at front; nil = nothing.
	before func(node string) (front string, closeFront func() error, err error)
	ends   func() error // of what is between
	addr   string       // that the client asks
}

func openWired() oracletest.Target { return openWiredWith(server.Options{}) }

// openWiredCold opens a node that has no history in memory but what its caches off the heap keep.
func openWiredCold() oracletest.Target {
	var o server.Options
	o.Engine.HistoryBytes = 1
	return openWiredWith(o)
}

// openWiredForgetful opens a node that reads all history from its store each time.
func openWiredForgetful() oracletest.Target {
	var o server.Options
	o.Engine.HistoryBytes, o.BlockBytes, o.ReplyBytes = 1, -1, -1
	return openWiredWith(o)
}

func openWiredWith(o server.Options) oracletest.Target { return openWiredBehind(o, nil) }

func openWiredBehind(o server.Options, before func(string) (string, func() error, error)) oracletest.Target {
	w := &wired{fs: vfs.NewMem(), o: o, before: before}
	if err := w.open(); err != nil {
		panic(fmt.Sprintf("open a node: %v", err))
	}
	return w
}

func (w *wired) open() error {
	o := w.o
	o.Dir, o.Listen, o.Logger = "data", "127.0.0.1:0", slog.New(slog.DiscardHandler)
	o.Store.FS = w.fs
	o.Log.Now = func() time.Time { return time.Unix(w.clock.Load(), 0) }
	var err error
	if w.node, err = server.Open(o); err != nil {
		return err
	}
	addr := w.node.Addr().String()
	if w.before != nil {
		if addr, w.ends, err = w.before(addr); err != nil {
			return err
		}
	}
	w.addr = addr
	w.client, err = client.Open(context.Background(), client.Options{Addresses: []string{addr}})
	return err
}

func (w *wired) Close() error {
	err := w.client.Close()
	if w.ends != nil {
		err = errors.Join(err, w.ends())
	}
	return errors.Join(err, w.node.Close())
}

func (w *wired) Reopen() error {
	if err := w.Close(); err != nil {
		return err
	}
	return w.open()
}

// Apply sends a write by the operation that carries it.
func (w *wired) Apply(write *protocol.Write) (uint64, error) {
	ctx := context.Background()
	w.clock.Store(write.Time)
	switch {
	case write.Put != nil:
		return w.client.Put(ctx, write.Put)
	case write.Delete != nil:
		return w.client.Delete(ctx, write.Delete)
	case write.Subjects != nil:
		return w.client.PutSubjects(ctx, write.Subjects)
	}
	return w.client.PutTables(ctx, write.Tables)
}

func (w *wired) Snapshot(q *protocol.Snapshot, r *protocol.Result) error {
	return w.client.Snapshot(context.Background(), q, r)
}

func (w *wired) Period(q *protocol.Period, r *protocol.Result) error {
	return w.client.Period(context.Background(), q, r)
}

func (w *wired) Recent(q *protocol.Recent, r *protocol.Result) error {
	return w.client.Recent(context.Background(), q, r)
}

func (w *wired) SelectSnapshot(q *protocol.SelectSnapshot, r *protocol.Result) error {
	return w.client.SelectSnapshot(context.Background(), q, r)
}

func (w *wired) SelectPeriod(q *protocol.SelectPeriod, r *protocol.Result) error {
	return w.client.SelectPeriod(context.Background(), q, r)
}

func (w *wired) Get(q *protocol.Get, r *protocol.Result) error {
	return w.client.Get(context.Background(), q, r)
}

func (w *wired) Search(q *protocol.Search, r *protocol.Result) error {
	return w.client.Search(context.Background(), q, r)
}

func (w *wired) Subjects(q *protocol.ListSubjects, l *protocol.SubjectList) error {
	return w.client.Subjects(context.Background(), q, l)
}

func (w *wired) Catalog() *protocol.Catalog {
	var c protocol.Catalog
	if err := w.client.Catalog(context.Background(), &c); err != nil {
		panic(fmt.Sprintf("ask for the catalog: %v", err))
	}
	return &c
}

func TestWireAnswersAsTheOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { oracletest.Check(t, openWired) })
}

func TestWireReadersSeeOneMoment(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { oracletest.CheckRacing(t, 3, openWired) })
}

func TestWireAnswersAsTheOracleFromColdHistory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { oracletest.Check(t, openWiredCold) })
}

func TestWireReadersOfColdHistorySeeOneMoment(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { oracletest.CheckRacing(t, 3, openWiredForgetful) })
}

func TestWireHoldsEveryRule(t *testing.T) { oracletest.RunCases(t, openWired) }
