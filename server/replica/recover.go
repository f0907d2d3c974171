package replica

import (
	"errors"
	"io"

	"github.com/hashicorp/raft"
)

// When a snapshot is installed on a node whose log reaches beyond it with entries that never were committed, the library
// (1.8.0, issue 697) keeps these entries for its last ones, finds that they do not fit what the master sends next, and is
// sent the same snapshot for ever. The Raft paper says what to do: where the log does not have the snapshot's last entry, the
// whole log is worth nothing. So the node does that itself, and starts the library anew over what is left.

// restored is called when the machine has taken over a snapshot.
func (r *Raft) restored(snapshot io.ReadCloser) {
	meta := metaOf(snapshot)
	if meta != nil {
		r.o.Logger.Info("the node has taken over a snapshot", "index", meta.Index)
	}
	if meta == nil || r.lib() == nil {
		return // at start: the library has not looked at its log yet
	}
	if past, err := r.logIsPast(meta); err != nil || past {
		r.o.Logger.Warn("the log does not fit the snapshot that was installed and is thrown away", "index", meta.Index, "error", err)
		select {
		case r.reset <- struct{}{}:
		default: // is on its way
		}
	}
}

// logIsPast tells whether the log reaches beyond a snapshot without containing its last entry.
func (r *Raft) logIsPast(meta *raft.SnapshotMeta) (bool, error) {
	last, err := r.logs.LastIndex()
	if err != nil || last <= meta.Index {
		return false, err
	}
	var l raft.Log
	err = r.logs.GetLog(meta.Index, &l)
	if errors.Is(err, raft.ErrLogNotFound) {
		return true, nil
	}
	return l.Term != meta.Term, err
}

// startAnew stops the library, throws the log away if it does not fit the snapshot, and starts the library again.
func (r *Raft) startAnew() error {
	if err := r.lib().Shutdown().Error(); err != nil {
		return err
	}
	meta, err := r.snaps.newest()
	if err != nil || meta == nil {
		return errors.Join(err, r.startLibrary())
	}
	past, err := r.logIsPast(meta)
	if err != nil {
		return err
	}
	if past {
		first, err := r.logs.FirstIndex()
		if err != nil {
			return err
		}
		last, err := r.logs.LastIndex()
		if err != nil {
			return err
		}
		if err := r.logs.DeleteRange(first, last); err != nil {
			return err
		}
	}
	return r.startLibrary()
}
