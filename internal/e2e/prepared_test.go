package e2e_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"

	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/internal/oracle/oracletest"
	"github.com/kamaitachi/kamaitachi/protocol"
	"github.com/kamaitachi/kamaitachi/server"
)

// asking is a prepared query of the SDK without its context.
type asking struct {
	*client.Prepared
	before func() // each execution
}

func (a asking) Execute(c *protocol.Change, r *protocol.Result) error {
	a.before()
	return a.Prepared.Execute(context.Background(), c, r)
}

// wiredPreparer is a wired node whose queries can be prepared. The client's connections are cut before every so many
// executions.
type wiredPreparer struct {
	*wired
	cutEvery int
	count    int
	mu       sync.Mutex
	conns    []net.Conn
}

func (w *wiredPreparer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, network, address)
	if err == nil {
		w.mu.Lock()
		w.conns = append(w.conns, c)
		w.mu.Unlock()
	}
	return c, err
}

func (w *wiredPreparer) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.count++; w.cutEvery == 0 || w.count%w.cutEvery != 0 {
		return
	}
	for _, c := range w.conns {
		_ = c.Close() // the client closes them too
	}
	w.conns = nil
}

func (w *wiredPreparer) Prepare(q protocol.Message) (oracletest.Prepared, error) {
	p, err := w.client.Prepare(context.Background(), q)
	if err != nil {
		return nil, err
	}
	return asking{p, w.cut}, nil
}

func openWiredPreparer(cutEvery int) oracletest.Preparer {
	return preparerOf(openWired().(*wired), cutEvery)
}

// preparerOf lets queries be prepared on a wired node.
func preparerOf(node *wired, cutEvery int) oracletest.Preparer {
	w := &wiredPreparer{wired: node, cutEvery: cutEvery}
	if err := w.client.Close(); err != nil {
		panic(fmt.Sprintf("close a client: %v", err))
	}
	var err error
	w.client, err = client.Open(context.Background(), client.Options{
		Addresses: []string{w.addr}, Dial: w.dial, BackoffMin: 1, BackoffMax: time.Millisecond, Retries: 10})
	if err != nil {
		panic(fmt.Sprintf("open a client: %v", err))
	}
	return w
}

func TestPreparedQueriesAnswerAsTheOracleOverTheWire(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		oracletest.CheckPrepared(t, func() oracletest.Preparer { return openWiredPreparer(0) })
	})
}

func TestPreparedQueriesAnswerAsTheOracleOverConnectionsThatBreak(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		oracletest.CheckPrepared(t, func() oracletest.Preparer { return openWiredPreparer(7) })
	})
}

func TestExecutionsOverTheWireSeeOneMoment(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		oracletest.CheckRacing(t, 3, func() oracletest.Target { return oracletest.Preparing(openWiredPreparer(0)) })
	})
}

func TestAPreparedQuerySurvivesARestartOfTheNode(t *testing.T) {
	fs := vfs.NewMem()
	start := func(listen string) *server.Node {
		o := server.Options{Dir: "data", Listen: listen, Logger: slog.New(slog.DiscardHandler)}
		o.Store.FS = fs
		o.Catalog = []protocol.Table{{Number: 1, Name: "finance", Indicators: []protocol.Indicator{{ID: "a"}}}}
		n, err := server.Open(o)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	n := start("127.0.0.1:0")
	put := func(key string, value float64) {
		_, err := n.Put(t.Context(), &protocol.Put{Reports: []protocol.Report{{Subject: key, ReportDate: 1, Values: []float64{value}}}})
		if err != nil {
			t.Fatal(err)
		}
	}
	put("b", 2)
	c, err := client.Open(t.Context(), client.Options{Addresses: []string{n.Addr().String()}, BackoffMin: 1, BackoffMax: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	p, err := c.Prepare(t.Context(), &protocol.Snapshot{View: protocol.View{IDs: []string{"a"}}, Subjects: []string{"a", "b", "c"}})
	if err != nil {
		t.Fatal(err)
	}
	rows := func() (out string) {
		var r protocol.Result
		if err := p.Execute(t.Context(), &protocol.Change{Order: protocol.Some(protocol.Ascending)}, &r); err != nil {
			t.Fatal(err)
		}
		for row, s := range r.Subjects {
			out += fmt.Sprint(s.Key, r.Value(row, 0), " ")
		}
		return out
	}
	for _, step := range []struct {
		key  string
		want string
	}{{"", "b2 "}, {"a", "a1 b2 "}, {"c", "a1 b2 c3 "}} { // a subject that comes first in key order is numbered anew on loading
		if step.key != "" {
			put(step.key, float64(step.key[0]-'a'+1))
		}
		if got := rows(); got != step.want {
			t.Errorf("before the restart %q, want %q", got, step.want)
		}
		address := n.Addr().String()
		if err := n.Close(); err != nil {
			t.Fatal(err)
		}
		n = start(address)
		if got := rows(); got != step.want {
			t.Errorf("after the restart %q, want %q", got, step.want)
		}
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
}
