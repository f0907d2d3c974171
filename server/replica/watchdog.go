package replica

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"
)

// watchedLog is a LogStore that knows for how long the disk has been writing. A master whose disk hangs goes on to send
// heartbeats, so that no other takes its place, and the cluster stands still: the watchdog ends the process instead.
type watchedLog struct {
	raft.LogStore
	began atomic.Int64 // of the write that runs, in Unix nanoseconds; 0 = none runs. The library writes one at a time
}

// StoreLog is that of the store.
func (w *watchedLog) StoreLog(l *raft.Log) error { return w.StoreLogs([]*raft.Log{l}) }

// StoreLogs is that of the store.
func (w *watchedLog) StoreLogs(logs []*raft.Log) error {
	w.began.Store(time.Now().UnixNano())
	defer w.began.Store(0)
	return w.LogStore.StoreLogs(logs)
}

// DeleteRange is that of the store. Cutting the log runs beside writing and is not watched: the next write is.
func (w *watchedLog) DeleteRange(min, max uint64) error { return w.LogStore.DeleteRange(min, max) }

// hung returns an error when a write has run for longer than limit.
func (w *watchedLog) hung(limit time.Duration) error {
	began := w.began.Load()
	if began == 0 {
		return nil
	}
	if taken := time.Since(time.Unix(0, began)); taken > limit {
		return fmt.Errorf("%w: a write has not ended after %v", ErrDiskHangs, taken.Round(time.Millisecond))
	}
	return nil
}
