package cli

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"

	"github.com/kamaitachi/kamaitachi/conf"
	"github.com/kamaitachi/kamaitachi/server"
	"github.com/kamaitachi/kamaitachi/server/engine"
)

// memoryOptions translates [memory] and [cache].
func memoryOptions(o *server.Options, c *conf.Config) {
	o.MemoryBytes, o.Engine.HistoryBytes = c.Memory.Limit, c.Memory.History
	o.SnapshotPath, o.SnapshotInterval = c.Cache.SnapshotPath, c.Cache.SnapshotInterval
	o.ReplyBytes = orNone(min(c.Cache.ReplyBytes, c.Cache.MaxBytes))
	o.BlockBytes = orNone(c.Cache.MaxBytes - min(c.Cache.ReplyBytes, c.Cache.MaxBytes))
}

// limitHeap tells the Go runtime what memory.limit leaves it, unless GOMEMLIMIT in the environment has told it already.
// The caches off the heap are no part of that: the runtime does not see them.
func limitHeap(o server.Options, env []string, log *slog.Logger) error {
	m, err := o.Memory()
	if err != nil || o.MemoryBytes == 0 {
		return err
	}
	for _, v := range env {
		if limit, ok := strings.CutPrefix(v, "GOMEMLIMIT="); ok && limit != "" {
			log.Info("GOMEMLIMIT stays as the environment has it", "GOMEMLIMIT", limit, "by_memory_limit", m.Heap)
			return nil
		}
	}
	debug.SetMemoryLimit(m.Heap)
	log.Info("memory is bounded", "limit", o.MemoryBytes, "off_heap", m.OffHeap, "heap", m.Heap, "data", m.Engine)
	return nil
}

// memoryHint names the keys that bound a node's memory in the error of one that does not fit.
func memoryHint(err error, c *conf.Config) error {
	if c.Memory.Limit > 0 && (errors.Is(err, engine.ErrHeapBytes) || errors.Is(err, server.ErrMemory)) {
		return fmt.Errorf("%w: raise memory.limit (%d) or lower cache.max_bytes (%d)", err, c.Memory.Limit, c.Cache.MaxBytes)
	}
	return err
}
