package store

import (
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/google/go-cmp/cmp"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// crashingFS takes a picture of a file system, as the loss of power would leave it, before one of its operations.
type crashingFS struct {
	vfs.FS
	ops     atomic.Int64
	at      int64 // the operation before which the power fails; negative = never
	crash   func() *vfs.MemFS
	left    *vfs.MemFS
	synced  uint64 // newest commit that had returned with sync
	started uint64 // newest commit that had begun

	lastSynced, lastStarted atomic.Uint64
}

// newCrashingFS fails before operation at; of what was not synced, percent survives.
func newCrashingFS(at int64, percent int, random *rand.Rand) *crashingFS {
	mem := vfs.NewCrashableMem()
	c := &crashingFS{at: at}
	c.crash = func() *vfs.MemFS { return mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: random}) }
	c.FS = errorfs.Wrap(mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if c.ops.Add(1) == c.at {
			// Synced first: a commit that ends in between is not promised, and may be there.
			c.synced = c.lastSynced.Load()
			c.left = c.crash()
			c.started = c.lastStarted.Load()
		}
		return nil
	}))
	return c
}

// step makes the changes of one commit; those of commit i depend on i alone.
func step(b *Batch, i uint64) {
	random := rand.New(rand.NewPCG(i, 7))
	market(b, int(i%3)*4, 4, 1+int(i%5))
	if i%3 == 1 {
		subject := marketKey(random.IntN(12))
		b.DeleteRows(1, subject)
		b.DeleteStamp(1, subject)
	}
	if i%13 == 5 { // larger than half a memtable: Pebble treats it apart
		market(b, 0, 12, 300)
	}
	b.PutRow(1, &protocol.Report{Subject: "33:00000000", Type: "x", ReportDate: int64(i), Values: []float64{float64(i)}})
	s := protocol.NewSubject("33:00000000")
	s.Name = fmt.Sprint("name ", i)
	b.PutSubject(&s)
	b.PutStamp(1, s.Key, protocol.Stamp{Create: 1, Update: int64(i)})
}

// life opens a store, commits steps up to the last one and closes it.
func life(t fataler, c *crashingFS, last uint64, random *rand.Rand) {
	s := mustOpen(t, "db", memOptions(c))
	for i := uint64(1); i <= last; i++ {
		b := s.NewBatch()
		step(b, i)
		sync := random.IntN(3) == 0
		c.lastStarted.Store(i)
		must(t, b.Commit(i, sync))
		must(t, b.Close())
		if sync {
			c.lastSynced.Store(i)
		}
		if random.IntN(10) == 0 {
			must(t, s.flush())
		}
	}
	must(t, s.Close())
}

// expected returns the contents after each commit.
func expected(t fataler, last uint64) []content {
	s := mustOpen(t, "db", memOptions(vfs.NewMem()))
	states := make([]content, last+1)
	for i := range states {
		if i > 0 {
			commit(t, s, uint64(i), func(b *Batch) { step(b, uint64(i)) })
		}
		var err error
		states[i], err = read(s, 1)
		must(t, err)
	}
	must(t, s.Close())
	return states
}

// The power fails before a random operation of the file system, be it in the first Open, while commits, flushes and
// compactions run, or in Close. What was synced is there, applied index and rows agree, and nothing looks damaged.
func TestCrashKeepsWhatWasSynced(t *testing.T) {
	const last = 30
	rounds := 100
	if testing.Short() {
		rounds = 30
	}
	states := expected(t, last)
	for seed := range rounds {
		random := rand.New(rand.NewPCG(uint64(seed), 1))
		at := int64(1 + random.IntN(60)) // half of the rounds while it is created
		if seed%2 == 0 {
			at = int64(1 + random.IntN(800))
		}
		c := newCrashingFS(at, []int{0, 50, 90, 100}[random.IntN(4)], random)
		life(t, c, last, rand.New(rand.NewPCG(uint64(seed), 2)))
		if c.left == nil { // it lived longer
			c.left, c.synced, c.started = c.crash(), c.lastSynced.Load(), last
		}
		checkCrashed(t, fmt.Sprintf("seed %d, crash at operation %d of %d", seed, at, c.ops.Load()), c, states)
	}
}

func checkCrashed(t *testing.T, name string, c *crashingFS, states []content) {
	t.Helper()
	s, err := Open("db", memOptions(c.left))
	if err != nil {
		t.Fatalf("%s: open again: %v", name, err)
	}
	got, err := read(s, 1)
	if err != nil {
		t.Fatalf("%s: read: %v", name, err)
	}
	if got.Applied < c.synced || got.Applied > c.started {
		t.Fatalf("%s: applied %d, want from %d (synced) to %d (begun)", name, got.Applied, c.synced, c.started)
	}
	if d := cmp.Diff(states[got.Applied], got, sameBits); d != "" {
		t.Fatalf("%s: contents differ from those after commit %d (-want +got):\n%s", name, got.Applied, d)
	}
	commit(t, s, got.Applied+1, func(b *Batch) { step(b, got.Applied+1) })
	must(t, s.Close())
	if _, err := verify("db", memOptions(c.left)); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// The log behind a snapshot is cut, so the store that the snapshot was taken from must not need it any more: what was
// committed before a checkpoint is durable by it, in the store and in the copy.
func TestACheckpointMakesDurableWhatWasCommittedBefore(t *testing.T) {
	const last = 20
	states := expected(t, last)
	mem := vfs.NewCrashableMem()
	s := mustOpen(t, "db", memOptions(mem))
	for i := uint64(1); i <= last; i++ {
		b := s.NewBatch()
		step(b, i)
		must(t, b.Commit(i, false))
		must(t, b.Close())
	}
	must(t, s.Checkpoint("copy"))
	left := mem.CrashClone(vfs.CrashCloneCfg{})
	must(t, s.Close())
	for _, dir := range []string{"db", "copy"} {
		again := mustOpen(t, dir, memOptions(left))
		got, err := read(again, 1)
		must(t, err)
		if d := cmp.Diff(states[last], got, sameBits); d != "" {
			t.Errorf("%s after a crash (-want +got):\n%s", dir, d)
		}
		must(t, again.Close())
	}
}
