package replica

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync/atomic"

	"github.com/hashicorp/raft"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// fsm stands between the raft library and the machine. All entries that the library hands over at once become one ApplyAll,
// those that change the members included, as entries without writes: so the applied index of the machine is that of the log.
//
// The library has one goroutine that calls it.
type fsm struct {
	r *Raft
	// time is the greatest stamp so far. A master whose clock is behind that of the one before must not go back: all nodes
	// raise its stamps alike, since all know the same entries.
	time   int64
	broken error // why nothing more is applied

	bytes   atomic.Int64  // of the entries since the last snapshot
	entries atomic.Uint64 // since the last snapshot
}

// result is what a master's writer is told of its entry.
type result struct {
	outcomes []error
	err      error
}

var _ raft.BatchingFSM = (*fsm)(nil)

// Apply is ApplyBatch of one entry.
func (f *fsm) Apply(l *raft.Log) any { return f.ApplyBatch([]*raft.Log{l})[0] }

// ApplyBatch applies entries and returns a result for each. What cannot be applied cannot be skipped either: the node ends.
func (f *fsm) ApplyBatch(logs []*raft.Log) []any {
	results := make([]any, len(logs))
	outcomes, err := f.apply(logs)
	if err != nil && f.broken == nil {
		f.broken = fmt.Errorf("apply the log from entry %d on: %w", logs[0].Index, err)
		f.r.fatal(f.broken)
	}
	for i := range results {
		res := result{err: err}
		if err == nil {
			res.outcomes = outcomes[i]
		}
		results[i] = res
	}
	return results
}

func (f *fsm) apply(logs []*raft.Log) (outcomes [][]error, err error) {
	if f.broken != nil {
		return nil, f.broken
	}
	defer func() {
		if p := recover(); p != nil {
			f.r.o.Logger.Error("panic while log entries were applied", "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	entries := make([]protocol.Entry, len(logs))
	for i, l := range logs {
		if err := f.decode(&entries[i], l); err != nil {
			return nil, fmt.Errorf("entry %d: %w", l.Index, err)
		}
	}
	outcomes, err = f.r.o.Machine.ApplyAll(entries)
	if err == nil && len(outcomes) != len(entries) {
		err = fmt.Errorf("%d outcomes for %d entries", len(outcomes), len(entries))
	}
	return outcomes, err
}

// decode makes an entry of the machine of one of the library. Its writes borrow from the log's data, which nobody changes.
func (f *fsm) decode(e *protocol.Entry, l *raft.Log) error {
	e.Index = l.Index
	f.bytes.Add(int64(len(l.Data)))
	f.entries.Add(1)
	switch l.Type {
	case raft.LogCommand:
		if err := e.Decode(l.Data); err != nil {
			return err
		}
	case raft.LogConfiguration:
		f.r.noteVoters(raft.DecodeConfiguration(l.Data))
	}
	f.time = max(f.time, e.Time)
	e.Time = f.time
	for _, w := range e.Writes {
		w.Time = f.time
	}
	return nil
}

// Snapshot copies the machine's state. Persist streams the copy while entries are applied.
func (f *fsm) Snapshot() (raft.FSMSnapshot, error) {
	if f.broken != nil {
		return nil, f.broken
	}
	dir, err := f.r.scratchDir("checkpoint")
	if err != nil {
		return nil, err
	}
	if err := f.r.o.Machine.Checkpoint(dir); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	f.bytes.Store(0)
	f.entries.Store(0)
	return &checkpoint{dir: dir}, nil
}

// checkpoint is a copy of the machine's state on its way into a snapshot.
type checkpoint struct{ dir string }

// Persist streams the copy. The library cancels the sink after an error.
func (c *checkpoint) Persist(sink raft.SnapshotSink) error { return writeArchive(sink, c.dir) }

// Release removes the copy.
func (c *checkpoint) Release() { _ = os.RemoveAll(c.dir) } // what stays is removed at the next start

// Restore replaces the machine's state by a snapshot, verified before it counts for anything.
func (f *fsm) Restore(snapshot io.ReadCloser) error {
	defer snapshot.Close()
	dir, err := f.r.scratchDir("restore")
	if err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	defer os.RemoveAll(dir) // the machine has taken it away where all went well
	if err := readArchive(snapshot, dir); err != nil {
		return err
	}
	if err := f.r.o.Machine.Restore(dir); err != nil {
		return err
	}
	f.time = max(f.time, f.r.o.Machine.Time())
	f.broken = nil
	f.r.restored(snapshot)
	return nil
}

// scratchDir returns a path below the log's directory at which nothing exists.
func (r *Raft) scratchDir(name string) (string, error) {
	dir := filepath.Join(r.o.Dir, scratchName, name)
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", err
	}
	return dir, os.RemoveAll(dir)
}
