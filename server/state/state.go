// Package state is the replicated state of a node: an engine over a store, which a log drives, which can be copied to
// another node and be replaced by a copy of another node's.
//
//	log -> State.ApplyAll -> engine -> store
//	State.Checkpoint(dir)  = the files of the store, by hard links
//	State.Restore(dir)     = those files become a store of this node; the engine reads it, from one query to the next
//
// A restored store lies in a sub-directory of the node's, which replaces the one before by the replacement of one small
// file (store.Activate). A crash at any point leaves the one or the other.
package state

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/kamaitachi/kamaitachi/protocol"
	"github.com/kamaitachi/kamaitachi/server/engine"
	"github.com/kamaitachi/kamaitachi/server/store"
)

// ErrOtherCluster is returned for a copy of the data of another cluster, and for an id given to a node that has another.
var ErrOtherCluster = errors.New("the data are of another cluster")

// State is an open state. Its methods are safe for concurrent use, but Restore and Adopt have one caller, which applies
// nothing meanwhile.
type State struct {
	dir    string
	o      store.Options
	engine *engine.Engine

	mu    sync.Mutex
	store *store.Store // that counts
}

// Open opens the state in dir and removes what a restore left behind.
func Open(dir string, so store.Options, eo engine.Options) (*State, error) {
	st, err := store.Open(dir, so)
	if err != nil {
		return nil, err
	}
	if err := tidy(dir, so); err != nil {
		return nil, errors.Join(fmt.Errorf("remove old data from %s: %w", dir, err), st.Close())
	}
	e, err := engine.Open(st, eo)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the state in %s: %w", dir, err), st.Close())
	}
	return &State{dir: dir, o: so, engine: e, store: st}, nil
}

// tidy removes what a restore left behind; a store in memory is never restored.
func tidy(dir string, o store.Options) error {
	if o.FS != nil && o.FS != vfs.Default {
		return nil
	}
	return store.Tidy(dir)
}

// Engine returns the engine, which stays the same when the state is restored.
func (s *State) Engine() *engine.Engine { return s.engine }

// Store returns the store that counts now. A restore closes it.
func (s *State) Store() *store.Store {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.store
}

// Applied returns the index of the newest log entry that was applied.
func (s *State) Applied() uint64 { return s.engine.Applied() }

// WaitApplied returns when the entry index was applied, or with the context's error.
func (s *State) WaitApplied(ctx context.Context, index uint64) error {
	return s.engine.WaitApplied(ctx, index)
}

// Time returns the stamp of the newest log entry that was applied, in UTC seconds.
func (s *State) Time() int64 { return s.engine.Time() }

// Apply is that of the engine.
func (s *State) Apply(index uint64, writes []*protocol.Write) ([]error, error) {
	return s.engine.Apply(index, writes)
}

// ApplyAll is that of the engine.
func (s *State) ApplyAll(entries []protocol.Entry) ([][]error, error) {
	return s.engine.ApplyAll(entries)
}

// Identity returns the id of the cluster whose data these are, and the id of this copy.
func (s *State) Identity() (cluster, node string) {
	st := s.Store()
	return st.ClusterID(), st.NodeID()
}

// Adopt makes a state without data one of that cluster.
func (s *State) Adopt(cluster string) error {
	ours, node := s.Identity()
	if ours == cluster {
		return nil
	}
	if s.Applied() > 0 || s.Member() {
		return fmt.Errorf("%s: %w: they are of cluster %s, not of %s", s.dir, ErrOtherCluster, ours, cluster)
	}
	return s.Store().Identify(cluster, node)
}

// Member tells whether the state belongs to a log that lies beside it.
func (s *State) Member() bool { return s.Store().Member() }

// SetMember notes that it does.
func (s *State) SetMember() error { return s.Store().SetMember() }

// Mark returns what SetMark gave the data last; "" = nothing.
func (s *State) Mark() (string, error) { return s.Store().Mark() }

// SetMark is that of the store. What was restored from another node has that node's mark.
func (s *State) SetMark(mark string) error { return s.Store().SetMark(mark) }

// Checkpoint copies the state as it is now into dir, which must not exist and should be below the state's own directory, so
// that it costs hard links only. What was applied is durable on return.
func (s *State) Checkpoint(dir string) error { return s.Store().Checkpoint(dir) }

// Restore replaces the state by the one whose files a Checkpoint of a node of the same cluster wrote, and which are in from
// now. It takes from away, into its own directory, which must be of the same file system. Queries under way finish with the
// old state. After an error the old state stays.
func (s *State) Restore(from string) error {
	next, err := store.NextDir(s.dir)
	if err != nil {
		return err
	}
	if err := os.Rename(from, next); err != nil {
		return err
	}
	old := s.Store()
	st, err := s.enter(next)
	if err != nil {
		return fmt.Errorf("restore the state: %w", errors.Join(err, os.RemoveAll(next)))
	}
	s.mu.Lock()
	s.store = st
	s.mu.Unlock()
	// The new state holds from here on. What cannot be given free now will be at the next start.
	if err := errors.Join(old.Close(), store.Tidy(s.dir)); err != nil {
		s.logger().Warn("the data before the restored ones could not be removed", "dir", s.dir, "error", err)
	}
	return nil
}

// enter opens a restored store, lets the engine read it, and makes it count.
func (s *State) enter(dir string) (_ *store.Store, err error) {
	st, err := store.Open(dir, s.o)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, st.Close())
		}
	}()
	cluster, node := s.Identity()
	if st.ClusterID() != cluster {
		return nil, fmt.Errorf("%w: %s, this node is of %s", ErrOtherCluster, st.ClusterID(), cluster)
	}
	if err := st.Identify(cluster, node); err != nil {
		return nil, err
	}
	if err := st.SetMember(); err != nil {
		return nil, err
	}
	old := s.Store()
	if err := s.engine.Swap(st); err != nil {
		return nil, err
	}
	if err := store.Activate(s.dir, dir); err != nil {
		return nil, errors.Join(err, s.engine.Swap(old))
	}
	return st, nil
}

func (s *State) logger() *slog.Logger {
	if s.o.Logger == nil {
		return slog.Default()
	}
	return s.o.Logger
}

// Close closes the store. The log must have stopped.
func (s *State) Close() error { return s.Store().Close() }
