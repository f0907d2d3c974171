package server

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// warmNode is a node with a file for its caches, asked over the wire.
type warmNode struct {
	*Node
	*peer
	t   *testing.T
	log said
	o   Options
}

// said is what a node has logged so far.
type said struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// openWarm opens a node whose caches come from a file.
func openWarm(t *testing.T, o Options) *warmNode {
	t.Helper()
	n := &warmNode{t: t, o: o}
	o.Logger = slog.New(slog.NewTextHandler(&n.log, nil))
	var err error
	if n.Node, err = Open(o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Node.Close() })
	n.peer = connect(t, n.Node)
	return n
}

func warmOptions(t *testing.T) Options {
	o := memory()
	o.SnapshotPath = filepath.Join(t.TempDir(), "caches", "snapshot.dat")
	return o
}

// put gives a subject one report, of 2030, with one value.
func (n *warmNode) put(i int, value float64) {
	n.t.Helper()
	p := &protocol.Put{Reports: []protocol.Report{{Subject: subject(i), ReportDate: day(2030), Values: []float64{value}}}}
	if _, err := n.Node.Put(n.t.Context(), p); err != nil {
		n.t.Fatal(err)
	}
}

// newest asks for the newest value of a subject.
func (n *warmNode) newest(i int) float64 {
	n.t.Helper()
	var r protocol.Result
	q := &protocol.Snapshot{View: protocol.View{IDs: []string{"1001"}}, Subjects: []string{subject(i)}}
	n.ask(protocol.OpSnapshot, q).decode(n.t, &r)
	if r.Rows() != 1 {
		n.t.Fatalf("%d rows for one subject", r.Rows())
	}
	return r.Value(0, 0)
}

// hits asks for the newest value of a subject, which must be want, and returns how many replies were found meanwhile.
func (n *warmNode) hits(i int, want float64) float64 {
	n.t.Helper()
	before := figures(n.t, n.peer)["reply_cache_hits"]
	if got := n.newest(i); got != want {
		n.t.Errorf("the newest value of subject %d is %v, want %v", i, got, want)
	}
	return figures(n.t, n.peer)["reply_cache_hits"] - before
}

// remember makes the node keep the reply about a subject.
func (n *warmNode) remember(i int) {
	n.newest(i)
	n.newest(i)
}

func (n *warmNode) close() {
	n.t.Helper()
	if err := n.Node.Close(); err != nil {
		n.t.Fatal(err)
	}
}

// crash ends the node without a last snapshot.
func (n *warmNode) crash() {
	n.warmStart.saving.Lock()
	n.warmStart.path = ""
	n.warmStart.saving.Unlock()
	n.close()
}

// cold checks that the node began without replies and said why in one line.
func (n *warmNode) cold(why string) {
	n.t.Helper()
	if warmed := figures(n.t, n.peer)["reply_cache_warmed"]; warmed != 0 {
		n.t.Errorf("%s: the node began with %v replies", why, warmed)
	}
	text := n.log.String()
	if strings.Count(text, "the caches start cold") != 1 || !strings.Contains(text, why) {
		n.t.Errorf("not one line says that the caches are cold because of %q:\n%s", why, text)
	}
}

func TestRepliesOutliveARestartAsLongAsTheyHold(t *testing.T) {
	o := warmOptions(t)
	n := openWarm(t, o)
	n.put(1, 10)
	n.put(2, 20)
	n.remember(1)
	n.remember(2)
	n.put(2, 21) // after this the reply about 1 holds, the one about 2 does not
	n.close()

	n = openWarm(t, o)
	if warmed := figures(t, n.peer)["reply_cache_warmed"]; warmed < 2 {
		t.Errorf("the node began with %v replies, want those of before", warmed)
	}
	if hits := n.hits(1, 10); hits != 1 {
		t.Errorf("%v hits for a question of before the restart, want 1", hits)
	}
	if hits := n.hits(2, 21); hits != 0 {
		t.Errorf("%v hits for a question whose answer had changed", hits)
	}
	n.put(1, 11)
	if hits := n.hits(1, 11); hits != 0 {
		t.Errorf("%v hits after a write", hits)
	}
	f := figures(t, n.peer)
	if f["cache_hit_rate"] <= 99 || f["reply_cache_bytes"] == 0 || f["reply_cache_max_bytes"] == 0 {
		t.Errorf("figures are %v", f)
	}
}

func TestSnapshotsAreWrittenAtIntervals(t *testing.T) {
	o := warmOptions(t)
	o.SnapshotInterval = 10 * time.Millisecond
	n := openWarm(t, o)
	n.put(1, 10)
	n.remember(1)
	for deadline := time.Now().Add(20 * time.Second); ; {
		n.warmStart.saving.Lock()
		saved := n.warmStart.last == n.warmStart.now()
		n.warmStart.saving.Unlock()
		if saved {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("no snapshot was written:\n%s", &n.log)
		}
		time.Sleep(time.Millisecond)
	}
	n.crash()
	n = openWarm(t, o)
	if hits := n.hits(1, 10); hits != 1 {
		t.Errorf("%v hits after a crash that followed a snapshot, want 1", hits)
	}
}

// Each of these would be answered with what no longer holds, or never did, if the snapshot's origin said less.
func TestASnapshotOfAnotherStateIsNotRead(t *testing.T) {
	t.Run("two clusters swap theirs", func(t *testing.T) {
		a, b := warmOptions(t), warmOptions(t)
		for i, o := range []Options{a, b} {
			n := openWarm(t, o)
			n.put(1, float64(100+i))
			n.remember(1)
			n.close()
		}
		a.SnapshotPath, b.SnapshotPath = b.SnapshotPath, a.SnapshotPath
		for i, o := range []Options{a, b} {
			n := openWarm(t, o)
			n.cold("another cluster")
			n.hits(1, float64(100+i))
		}
	})
	t.Run("a write came after it", func(t *testing.T) {
		o := warmOptions(t)
		n := openWarm(t, o)
		n.put(1, 10)
		n.remember(1)
		n.warmStart.save()
		n.put(1, 11)
		n.crash()
		n = openWarm(t, o)
		n.cold("another index")
		n.hits(1, 11)
	})
	t.Run("a copy of the data went another way to the same index", func(t *testing.T) {
		o, other := warmOptions(t), warmOptions(t)
		o.Store.FS, other.Store.FS = vfs.Default, vfs.Default
		o.Dir, other.Dir = filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "copy")
		n := openWarm(t, o)
		n.put(1, 10)
		n.remember(1)
		n.close()
		if err := os.CopyFS(other.Dir, os.DirFS(o.Dir)); err != nil {
			t.Fatal(err)
		}
		n = openWarm(t, o)
		n.put(1, 11)
		n.remember(1)
		n.close()
		n = openWarm(t, other)
		n.put(1, 12)
		n.crash()
		other.SnapshotPath = o.SnapshotPath
		n = openWarm(t, other)
		n.cold("another mark")
		n.hits(1, 12)
	})
	t.Run("another build, or options that shape replies", func(t *testing.T) {
		o := warmOptions(t)
		n := openWarm(t, o)
		n.put(1, 10)
		n.remember(1)
		n.close()
		o.Limits.MaxReply = 1 << 20
		n = openWarm(t, o)
		n.cold("another build")
		n.hits(1, 10)
	})
	t.Run("another size of the cache", func(t *testing.T) {
		o := warmOptions(t)
		n := openWarm(t, o)
		n.put(1, 10)
		n.remember(1)
		n.close()
		o.ReplyBytes = 256 << 20
		n = openWarm(t, o)
		n.cold("maxBytes")
		n.hits(1, 10)
	})
}

func TestADamagedSnapshotIsNoError(t *testing.T) {
	o := warmOptions(t)
	n := openWarm(t, o)
	n.put(1, 10)
	n.remember(1)
	n.close()
	whole, err := os.ReadFile(o.SnapshotPath)
	if err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(whole)
	flipped[len(flipped)/2] ^= 1
	for _, c := range []struct {
		content []byte
		why     string
	}{
		{whole[:len(whole)/2], "cut"}, {flipped, "checksum"}, {nil, "cut"}, {append(bytes.Clone(whole), 0), "follows"},
		{[]byte("a letter to a friend of mine"), "begins as none"},
	} {
		if err := os.WriteFile(o.SnapshotPath, c.content, 0o600); err != nil {
			t.Fatal(err)
		}
		n := openWarm(t, o)
		n.cold(c.why)
		n.hits(1, 10)
		n.crash()
	}
	n = openWarm(t, o)
	n.remember(1)
	n.close()
	if kept, err := os.ReadFile(o.SnapshotPath); err != nil || string(kept) != "a letter to a friend of mine" {
		t.Errorf("what is no snapshot has become %.40q (%v)", kept, err)
	}
}

// The log of a cluster moves the index when a node starts, by entries that write nothing; the replies hold all the same.
func TestRepliesOutliveTheRestartOfAMember(t *testing.T) {
	o := member(t)
	o.SnapshotPath = filepath.Join(t.TempDir(), "snapshot.dat")
	o.Cluster.Bootstrap = true
	n := openWarm(t, o)
	eventually(t, "it is ready", n.Ready)
	n.put(1, 10)
	n.put(2, 20)
	n.remember(1)
	n.remember(2)
	n.put(2, 21)
	before := n.Applied()
	n.close()

	n = openWarm(t, o)
	eventually(t, "it is ready again", n.Ready)
	if n.Applied() <= before {
		t.Errorf("the start has moved the index from %d to %d, not on", before, n.Applied())
	}
	if hits := n.hits(1, 10); hits != 1 {
		t.Errorf("%v hits for a question of before the restart, want 1:\n%s", hits, &n.log)
	}
	if hits := n.hits(2, 21); hits != 0 {
		t.Errorf("%v hits for a question whose answer had changed", hits)
	}
}
