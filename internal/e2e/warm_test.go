package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kamaitachi/kamaitachi/internal/oracle/oracletest"
	"github.com/kamaitachi/kamaitachi/server"
)

// warmWired is a wired node that begins each time with the replies of the time before, or with those of a stranger.
type warmWired struct {
	*wired
	reopened int
	pool     string // a snapshot of some other cluster
}

// openWiredWarm opens nodes whose snapshots lie in dir.
func openWiredWarm(dir string) func() oracletest.Target {
	var number atomic.Int64
	return func() oracletest.Target {
		o := server.Options{SnapshotPath: filepath.Join(dir, fmt.Sprint(number.Add(1)), "snapshot.dat")}
		return &warmWired{wired: openWiredWith(o).(*wired), pool: filepath.Join(dir, "pool.dat")}
	}
}

// Reopen restarts the node; every third time its snapshot is swapped for that of another cluster.
func (w *warmWired) Reopen() error {
	if err := w.Close(); err != nil {
		return err
	}
	if w.reopened++; w.reopened%3 == 0 {
		if err := swap(w.o.SnapshotPath, w.pool); err != nil {
			return err
		}
	}
	return w.open()
}

// swap swaps two files, either of which may be missing.
func swap(a, b string) error {
	aside := b + ".aside"
	for _, move := range [][2]string{{a, aside}, {b, a}, {aside, b}} {
		if err := os.Rename(move[0], move[1]); err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	return nil
}

// churnedWired is a wired node whose cache of replies is overwritten all the time by other replies, so that what is kept may
// go at any moment.
type churnedWired struct {
	*wired
	stop     chan struct{}
	churning sync.WaitGroup
}

func openWiredChurned() oracletest.Target {
	c := &churnedWired{wired: openWiredWith(server.Options{ReplyBytes: 1}).(*wired)}
	c.churn()
	return c
}

// churn begins to overwrite the cache, all of it in a few milliseconds.
func (c *churnedWired) churn() {
	node := c.node
	c.stop = make(chan struct{})
	c.churning.Go(func() {
		kept, answer := node.NewKept(), make([]byte, 8<<20)
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for n := 0; ; n++ {
			select {
			case <-c.stop:
				return
			case <-tick.C:
				kept.Keep(255, fmt.Append(nil, n), node.Applied(), "a topic", nil, answer)
			}
		}
	})
}

func (c *churnedWired) Close() error {
	close(c.stop)
	c.churning.Wait()
	return c.wired.Close()
}

func (c *churnedWired) Reopen() error {
	if err := c.Close(); err != nil {
		return err
	}
	if err := c.open(); err != nil {
		return err
	}
	c.churn()
	return nil
}

func TestWireAnswersAsTheOracleAfterWarmStarts(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) { oracletest.Check(t, openWiredWarm(dir)) })
}

func TestWireReadersSeeOneMomentWhileTheCacheForgets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { oracletest.CheckRacing(t, 3, openWiredChurned) })
}

func TestWireAnswersAsTheOracleWhileTheCacheForgets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { oracletest.Check(t, openWiredChurned) })
}

func TestARestartedNodeBeginsWithTheRepliesOfBefore(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	node := start(t, dir)
	must(t, "import", "-addr", node.addrs["native"], market(t, 50))
	ask := func() string {
		return must(t, "query", "snapshot", "-addr", node.addrs["native"], "-topic", "stock_a_listing_pool", "-ids", "1001", "-limit", "3", "-o", "csv")
	}
	stat := func(name string) string {
		return line(t, must(t, "query", "stats", "-addr", node.addrs["native"]), name)
	}
	want := ask()
	ask()
	if status := node.stop(t); status != 0 {
		t.Errorf("the node ends with status %d", status)
	}
	if _, err := os.Stat(dir + "_snapshot.dat"); err != nil {
		t.Error(err)
	}
	node = start(t, dir)
	if got := ask(); got != want {
		t.Errorf("after the restart %q, before %q", got, want)
	}
	for name, want := range map[string]string{"reply_cache_warmed": "1", "reply_cache_hits": "1", "cache_hit_rate": "100"} {
		if got := stat(name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}
