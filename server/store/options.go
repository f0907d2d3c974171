package store

import (
	"fmt"
	"log/slog"
	"math"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Defaults and bounds of Options.
const (
	// DefaultCacheBytes suits a node that answers from its columns and reads the store at start-up and on a miss.
	DefaultCacheBytes = 64 << 20
	// DefaultMemTableBytes is as much as is written between two flushes; up to four such tables are in memory.
	DefaultMemTableBytes = 32 << 20
	minMemTableBytes     = 256 << 10
)

// Options of a store. The zero value works.
type Options struct {
	// CacheBytes bounds the cache of uncompressed blocks, in bytes. Default DefaultCacheBytes.
	CacheBytes int64
	// MemTableBytes is the size of a memtable, in bytes. Default DefaultMemTableBytes; at least 256 KiB, below 4 GiB.
	MemTableBytes int64
	// FS is the file system. Default the operating system's.
	FS vfs.FS
	// Logger gets what Pebble reports. Default slog.Default().
	Logger *slog.Logger
	// ReadOnly refuses writes and leaves all files as they are. The directory is locked all the same.
	ReadOnly bool
}

// Validate refuses options that cannot work.
func (o Options) Validate() error {
	if o.CacheBytes < 0 {
		return fmt.Errorf("store: CacheBytes is %d, must not be negative", o.CacheBytes)
	}
	if m := o.MemTableBytes; m != 0 && (m < minMemTableBytes || m >= math.MaxUint32) {
		return fmt.Errorf("store: MemTableBytes is %d, must be between %d and %d", m, minMemTableBytes, uint32(math.MaxUint32))
	}
	return nil
}

// withDefaults fills what is not set.
func (o Options) withDefaults() Options {
	if o.CacheBytes == 0 {
		o.CacheBytes = DefaultCacheBytes
	}
	if o.MemTableBytes == 0 {
		o.MemTableBytes = DefaultMemTableBytes
	}
	if o.FS == nil {
		o.FS = vfs.Default
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o
}
