package replica

import (
	"io"
	"path/filepath"

	"github.com/hashicorp/raft"
)

const (
	// scratchName is the directory for copies on their way; it is emptied at start.
	scratchName = "scratch"
	// keptSnapshots is how many snapshots stay. The log behind the newest is cut, so that older ones are of no use.
	keptSnapshots = 1
)

// snapshotStore is the library's store of snapshots in files, which keeps a checksum of each. What it opens says which
// snapshot it is, so that Restore knows.
type snapshotStore struct{ raft.SnapshotStore }

func newSnapshotStore(o *RaftOptions) (*snapshotStore, error) {
	files, err := raft.NewFileSnapshotStoreWithLogger(o.Dir, keptSnapshots, hclogger(o.Logger))
	if err != nil {
		return nil, err
	}
	return &snapshotStore{files}, nil
}

// openSnapshot is an open snapshot.
type openSnapshot struct {
	io.ReadCloser
	meta *raft.SnapshotMeta
}

// Open opens a snapshot.
func (s *snapshotStore) Open(id string) (*raft.SnapshotMeta, io.ReadCloser, error) {
	meta, r, err := s.SnapshotStore.Open(id)
	if err != nil {
		return nil, nil, err
	}
	return meta, &openSnapshot{r, meta}, nil
}

// newest returns the newest snapshot, or nil.
func (s *snapshotStore) newest() (*raft.SnapshotMeta, error) {
	all, err := s.List()
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return all[0], nil
}

// metaOf returns what snapshot r reads, through the library's wrappers; nil if that is not to be seen.
func metaOf(r io.ReadCloser) *raft.SnapshotMeta {
	for {
		switch w := r.(type) {
		case *openSnapshot:
			return w.meta
		case raft.ReadCloserWrapper:
			r = w.WrappedReadCloser()
		default:
			return nil
		}
	}
}

// firstSnapshot makes what the machine holds the beginning of the log: a snapshot at its applied index, of a cluster of
// this node alone. The entries that follow are numbered from there, so that index and applied index stay one number.
func (r *Raft) firstSnapshot(servers raft.Configuration) error {
	applied := r.o.Machine.Applied()
	sink, err := r.snaps.Create(raft.SnapshotVersionMax, applied, firstTerm, servers, applied, r.transport)
	if err != nil {
		return err
	}
	f := &fsm{r: r}
	copied, err := f.Snapshot()
	if err != nil {
		_ = sink.Cancel() // the error is why
		return err
	}
	defer copied.Release()
	if err := copied.Persist(sink); err != nil {
		_ = sink.Cancel()
		return err
	}
	return sink.Close()
}

// raftFile is the path of the votes.
func raftFile(dir string) string { return filepath.Join(dir, "raft.db") }
