package server

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/kamaitachi/kamaitachi/server/cache"
	"github.com/kamaitachi/kamaitachi/server/state"
)

// warmStart keeps the replies of a node, and writes them to a file now and then and when the node ends, so that the next
// process begins with them.
//
// A reply of the file holds if the state is the one that it was computed from, or has changed nothing since that it depends
// on. So the file also has the versions of that moment, and is read only where it was written last by a node with this very
// state: the same cluster, the same copy, the same history up to the same index, and the same program. Where a process ended
// without writing the file after its last write, the next one starts cold.
type warmStart struct {
	kept   *cache.Store
	state  *state.State
	path   string // "" = no file
	build  string
	log    *slog.Logger
	warmed uint64 // entries that were there at the start

	saving sync.Mutex
	last   saved
	stop   chan struct{} // closed to end the saving at intervals; nil = there is none
	ended  sync.WaitGroup
}

// saved is what tells whether there is something new to save.
type saved struct {
	usage   cache.Usage
	applied uint64
}

// openWarmStart opens the replies of a state to which nothing is applied yet. It has no errors: a node without a file, or
// with one that is of no use, starts cold.
func openWarmStart(o *Options, st *state.State) *warmStart {
	w := &warmStart{state: st, log: o.Logger, path: o.SnapshotPath}
	w.build = buildOf(o)
	if w.build == "" {
		w.path = "" // nobody could tell whose replies they are
	}
	if w.path == "" || !w.load(o.ReplyBytes) {
		w.kept = cache.NewStore(o.ReplyBytes)
	}
	w.last = w.now()
	w.warmed = w.last.usage.Entries
	return w
}

// load reads the file, and tells whether it holds.
func (w *warmStart) load(replyBytes int) bool {
	began := time.Now()
	err := w.read(replyBytes)
	switch {
	case err == nil:
		w.log.Info("the caches are warm", "file", w.path, "entries", w.kept.Usage().Entries, "took", time.Since(began))
	case !errors.Is(err, fs.ErrNotExist):
		w.log.Warn("the caches start cold", "file", w.path, "why", err)
	}
	return err == nil
}

func (w *warmStart) read(replyBytes int) error {
	mark, err := w.state.Mark()
	if err != nil {
		return err
	}
	want := w.origin(mark)
	want.Applied = w.state.Applied()
	kept, versions, err := cache.LoadStore(w.path, want, replyBytes)
	if err != nil {
		return err
	}
	if err := w.state.Engine().LoadVersions(bytes.NewReader(versions)); err != nil {
		return err
	}
	w.kept = kept
	return nil
}

func (w *warmStart) origin(mark string) cache.Origin {
	cluster, node := w.state.Identity()
	return cache.Origin{Cluster: cluster, Node: node, Build: w.build, Mark: mark}
}

func (w *warmStart) now() saved { return saved{w.kept.Usage(), w.state.Applied()} }

// start saves at intervals from now on.
func (w *warmStart) start(every time.Duration) {
	if w.path == "" {
		return
	}
	w.stop = make(chan struct{})
	w.ended.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				w.save()
			case <-w.stop:
				return
			}
		}
	})
}

// keepReplies makes what was opened (nil = nothing) the replies of the node, whose cluster is known by now.
func (n *Node) keepReplies(w *warmStart) {
	if w == nil {
		return
	}
	n.replies, n.warmStart = cache.NewReplies(w.kept, n.clusterID, w.state.Engine()), w
	n.replies.Warm()
	w.start(n.o.SnapshotInterval)
}

// save writes the file if there is anything new. That it failed is worth a warning, not more.
func (w *warmStart) save() {
	w.saving.Lock()
	defer w.saving.Unlock()
	now := w.now()
	if w.path == "" || now == w.last || now.usage.Entries == 0 {
		return
	}
	var mark [16]byte
	rand.Read(mark[:]) // never fails: it ends the process instead
	o := w.origin(hex.EncodeToString(mark[:]))
	err := w.kept.Save(cache.SaveOptions{Path: w.path, Origin: o, Versions: w.state.Engine().SaveVersions,
		Commit: func() error { return w.state.SetMark(o.Mark) }})
	if err != nil {
		w.log.Warn("the caches were not saved", "file", w.path, "error", err)
		return
	}
	w.last = now
}

// close ends the saving at intervals and saves once more. Nothing is applied any more, and the state is still open.
func (w *warmStart) close() error {
	if w.stop != nil {
		close(w.stop)
		w.ended.Wait()
	}
	w.save()
	return nil
}

// buildOf names the program and what of its options shapes replies; "" where that cannot be told.
func buildOf(o *Options) string {
	sum, err := programSum()
	if err != nil {
		o.Logger.Warn("the caches start cold and will not be saved: this program cannot be read", "error", err)
		return ""
	}
	return fmt.Sprintf("%016x/%d/%d", sum, o.Limits.MaxReply, o.Engine.MaxValues)
}

// programSum is a checksum of the program that is running, taken when it is first asked for: another build may answer, or
// write its answers, otherwise.
var programSum = sync.OnceValues(func() (uint64, error) {
	f, err := os.Open("/proc/self/exe") // also where the file was replaced since the start
	if err != nil {
		path, err := os.Executable()
		if err != nil {
			return 0, err
		}
		if f, err = os.Open(path); err != nil {
			return 0, err
		}
	}
	defer f.Close()
	sum := xxhash.New()
	_, err = io.CopyBuffer(sum, f, make([]byte, 1<<20))
	return sum.Sum64(), err
})
