package replica

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/hashicorp/raft"
	raftboltdb "github.com/hashicorp/raft-boltdb/v2"
	"go.etcd.io/bbolt"
)

// lockTimeout bounds the wait for another process that has the log open.
const lockTimeout = time.Second

// openFiles opens the log, the votes and the snapshots.
func (r *Raft) openFiles() error {
	if err := os.MkdirAll(r.o.Dir, 0o755); err != nil {
		return err
	}
	if err := os.RemoveAll(filepath.Join(r.o.Dir, scratchName)); err != nil {
		return err
	}
	files, err := raftboltdb.New(raftboltdb.Options{
		Path:        raftFile(r.o.Dir),
		BoltOptions: &bbolt.Options{Timeout: lockTimeout, NoFreelistSync: true, FreelistType: bbolt.FreelistMapType},
	})
	if err != nil {
		return fmt.Errorf("%s: %w", raftFile(r.o.Dir), err)
	}
	r.files = files
	if r.entries, err = openEntryLog(r.o.Dir, entryLogger{r}); err != nil {
		return err
	}
	r.logs = &watchedLog{LogStore: r.entries}
	r.snaps, err = newSnapshotStore(&r.o)
	return err
}

// identify finds out who this node is, and that log and data belong together.
func (r *Raft) identify() error {
	state, err := raft.HasExistingState(r.logs, r.files, r.snaps)
	if err != nil {
		return err
	}
	m := r.o.Machine
	switch {
	case state:
		err = r.checkState()
	case m.Member():
		err = r.checkEmpty()
	case !r.o.Bootstrap && m.Applied() > 0:
		err = ErrHasData
	case !r.o.Bootstrap && r.o.ClusterID == "":
		err = fmt.Errorf("%w: ClusterID is empty; a node that joins must be told of which cluster it is to be", ErrRaftOptions)
	}
	if err != nil {
		return err
	}
	if r.o.ClusterID != "" {
		if err := m.Adopt(r.o.ClusterID); err != nil {
			return err
		}
	}
	return r.noteIdentity()
}

// checkEmpty lets a member without entries and votes go on whose log is its own: it ended before a master had told it
// anything. Where the log does not even know whose it is, it is gone.
func (r *Raft) checkEmpty() error {
	_, err := r.files.Get(keyNode)
	if errors.Is(err, raftboltdb.ErrKeyNotFound) || err == nil && r.o.Machine.Applied() > 0 {
		return fmt.Errorf("%w: the data are of a member of a cluster, and its log is gone. Remove the node from its cluster, "+
			"empty its directory and let it join anew", ErrStateLost)
	}
	return err
}

// noteIdentity writes into the log whose it is, or holds what is written there against the data.
func (r *Raft) noteIdentity() error {
	cluster, node := r.o.Machine.Identity()
	var err error
	if r.cluster, err = parseID(cluster); err != nil {
		return err
	}
	if r.node, err = parseID(node); err != nil {
		return err
	}
	for _, known := range []struct {
		key  []byte
		what string
		id   id
	}{{keyCluster, "cluster", r.cluster}, {keyNode, "node", r.node}} {
		there, err := r.files.Get(known.key)
		if errors.Is(err, raftboltdb.ErrKeyNotFound) {
			err = r.files.Set(known.key, known.id[:])
		} else if err == nil && string(there) != string(known.id[:]) {
			err = fmt.Errorf("%w: the log is of %s %x, the data are of %s", ErrStateLost, known.what, there, known.id)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// checkState holds the log against the data: these must not be ahead, since what was applied had been in the log.
func (r *Raft) checkState() error {
	last, err := r.logs.LastIndex()
	if err != nil {
		return err
	}
	newest, err := r.snaps.newest()
	if err != nil {
		return err
	}
	if newest != nil {
		last = max(last, newest.Index)
	}
	if applied := r.o.Machine.Applied(); applied > last {
		return fmt.Errorf("%w: the data end at entry %d, the log at %d. Remove the node from its cluster, empty its directory "+
			"and let it join anew", ErrStateLost, applied, last)
	}
	formed, err := r.files.GetUint64(keyFormed)
	if formed == 1 {
		r.once.Do(func() { close(r.formed) })
	}
	if errors.Is(err, raftboltdb.ErrKeyNotFound) {
		err = nil
	}
	return err
}

// noteVoters lets writes in once there are, or have been, as many voters as are expected.
func (r *Raft) noteVoters(c raft.Configuration) {
	voters := 0
	for _, s := range c.Servers {
		if s.Suffrage == raft.Voter {
			voters++
		}
	}
	if voters < r.o.Expect || r.isFormed() {
		return
	}
	if err := r.files.SetUint64(keyFormed, 1); err != nil {
		r.o.Logger.Warn("cannot note that the cluster is complete; after a restart it will wait for its voters again", "error", err)
	}
	r.once.Do(func() { close(r.formed) })
}

func (r *Raft) isFormed() bool {
	select {
	case <-r.formed:
		return true
	default:
		return false
	}
}
