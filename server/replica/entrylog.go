package replica

import (
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/hashicorp/raft"
)

// entryLog is the library's LogStore over Pebble. An append is one record of a log that is preallocated or used again, and
// one fsync: bbolt, which keeps the votes, writes a page of each level and syncs twice. BenchmarkStoreLogs has both: 1.3
// against 7.8 ms on a disk that others write to as well.
//
// The library appends, cuts the head off behind a snapshot and the tail off where it does not fit the master's, and reads
// meanwhile.
type entryLog struct {
	db          *pebble.DB
	moving      sync.Mutex    // held while the two below change: the head is cut beside appends
	first, last atomic.Uint64 // 0, 0 = it is empty
}

// Sizes of the entry log's Pebble. Entries that are read are nearly always the newest, which the library keeps.
const (
	entryMemTable = 8 << 20
	entryCache    = 1 << 20
	entryHeader   = 8 + 8 + 1 + 4 // term, time, kind, bytes of the extensions
)

func openEntryLog(dir string, logger pebble.Logger) (*entryLog, error) {
	path := filepath.Join(dir, "log")
	db, err := pebble.Open(path, &pebble.Options{FormatMajorVersion: pebble.FormatNewest, MemTableSize: entryMemTable,
		CacheSize: entryCache, Logger: logger})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	l := &entryLog{db: db}
	if err := l.measure(); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), db.Close())
	}
	return l, nil
}

// measure finds the first and the last entry.
func (l *entryLog) measure() error {
	it, err := l.db.NewIter(nil)
	if err != nil {
		return err
	}
	if it.First() {
		l.first.Store(binary.BigEndian.Uint64(it.Key()))
		it.Last()
		l.last.Store(binary.BigEndian.Uint64(it.Key()))
	}
	return errors.Join(it.Error(), it.Close())
}

// Close closes the log.
func (l *entryLog) Close() error { return l.db.Close() }

// FirstIndex returns the number of the first entry, 0 of none.
func (l *entryLog) FirstIndex() (uint64, error) { return l.first.Load(), nil }

// LastIndex returns the number of the last entry, 0 of none.
func (l *entryLog) LastIndex() (uint64, error) { return l.last.Load(), nil }

// GetLog reads an entry, or returns raft.ErrLogNotFound.
func (l *entryLog) GetLog(index uint64, into *raft.Log) error {
	value, closer, err := l.db.Get(entryKey(index))
	if errors.Is(err, pebble.ErrNotFound) {
		return raft.ErrLogNotFound
	}
	if err != nil {
		return err
	}
	defer closer.Close()
	return decodeEntry(index, value, into)
}

// StoreLog appends one entry.
func (l *entryLog) StoreLog(e *raft.Log) error { return l.StoreLogs([]*raft.Log{e}) }

// StoreLogs appends entries, and returns when they are on disk.
func (l *entryLog) StoreLogs(entries []*raft.Log) error {
	if len(entries) == 0 {
		return nil
	}
	b := l.db.NewBatch()
	defer b.Close()
	for _, e := range entries {
		if err := putEntry(b, e); err != nil {
			return err
		}
	}
	if err := b.Commit(pebble.Sync); err != nil {
		return err
	}
	l.moving.Lock()
	defer l.moving.Unlock()
	l.last.Store(entries[len(entries)-1].Index)
	l.first.CompareAndSwap(0, entries[0].Index)
	return nil
}

// DeleteRange deletes the entries from lowest to highest, which are at the head or at the tail of the log.
func (l *entryLog) DeleteRange(lowest, highest uint64) error {
	if err := l.db.DeleteRange(entryKey(lowest), entryKey(highest+1), pebble.Sync); err != nil {
		return err
	}
	l.moving.Lock()
	defer l.moving.Unlock()
	first, last := l.first.Load(), l.last.Load()
	switch {
	case lowest <= first && highest >= last:
		first, last = 0, 0
	case lowest <= first:
		first = max(first, highest+1)
	case highest >= last:
		last = min(last, lowest-1)
	}
	l.first.Store(first)
	l.last.Store(last)
	return nil
}

func entryKey(index uint64) []byte { return binary.BigEndian.AppendUint64(nil, index) }

// putEntry adds an entry to a batch: its header, extensions and data, in the batch's own memory.
func putEntry(b *pebble.Batch, e *raft.Log) error {
	op := b.SetDeferred(8, entryHeader+len(e.Extensions)+len(e.Data))
	binary.BigEndian.PutUint64(op.Key, e.Index)
	v := op.Value
	binary.BigEndian.PutUint64(v, e.Term)
	binary.BigEndian.PutUint64(v[8:], uint64(e.AppendedAt.UnixNano()))
	v[16] = byte(e.Type)
	binary.BigEndian.PutUint32(v[17:], uint32(len(e.Extensions)))
	copy(v[entryHeader:], e.Extensions)
	copy(v[entryHeader+len(e.Extensions):], e.Data)
	return op.Finish()
}

// decodeEntry copies what putEntry wrote.
func decodeEntry(index uint64, v []byte, into *raft.Log) error {
	if len(v) < entryHeader || uint64(binary.BigEndian.Uint32(v[17:])) > uint64(len(v)-entryHeader) {
		return fmt.Errorf("entry %d of the log has %d bytes and is none", index, len(v))
	}
	rest := append([]byte(nil), v[entryHeader:]...)
	extensions := int(binary.BigEndian.Uint32(v[17:]))
	*into = raft.Log{Index: index, Term: binary.BigEndian.Uint64(v), Type: raft.LogType(v[16]), Data: rest[extensions:]}
	if extensions > 0 {
		into.Extensions = rest[:extensions:extensions]
	}
	if nanos := int64(binary.BigEndian.Uint64(v[8:])); nanos != (time.Time{}).UnixNano() {
		into.AppendedAt = time.Unix(0, nanos).UTC()
	}
	return nil
}

// entryLogger passes on what Pebble says. After a fatal error it must not go on.
type entryLogger struct{ r *Raft }

func (l entryLogger) Infof(format string, args ...any) {}

func (l entryLogger) Errorf(format string, args ...any) {
	l.r.o.Logger.Error("the log: " + fmt.Sprintf(format, args...))
}

func (l entryLogger) Fatalf(format string, args ...any) {
	l.r.o.Fatal(fmt.Errorf("the log: "+format, args...))
}
