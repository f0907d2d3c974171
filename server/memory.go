package server

import (
	"errors"
	"fmt"

	"github.com/kamaitachi/kamaitachi/server/cache"
	"github.com/kamaitachi/kamaitachi/server/engine"
	"github.com/kamaitachi/kamaitachi/server/store"
)

// Memory is how Options.MemoryBytes is divided, in bytes. All is 0 where it is 0, but for OffHeap.
//
//	MemoryBytes = OffHeap + Heap,   Heap = Store + Working + Engine
//
// OffHeap is memory of fastcache that the Go runtime neither sees nor counts.
type Memory struct {
	OffHeap int64 // kept replies and series blocks
	Heap    int64 // what the Go runtime may use: its limit, GOMEMLIMIT
	Store   int64 // Pebble's cache and memtables
	Working int64 // for requests, the index of the caches, and the collector to work with
	Engine  int64 // subjects, columns and as much history as fits
}

const (
	memTables     = 4  // as many may be in memory at once
	workingShare  = 4  // one of so many parts of the heap
	indexShare    = 16 // fastcache's index takes one byte of the heap for so many outside, at values of some hundred bytes
	defaultBlocks = 128 << 20
)

// bounded tells whether there is history that may not be on the heap.
func (o *Options) bounded() bool {
	return o.MemoryBytes > 0 || o.Engine.HistoryBytes > 0 || o.Engine.HeapBytes > 0
}

// Memory returns how MemoryBytes is divided, or an error that wraps ErrMemory where it is too little for the rest.
func (o Options) Memory() (Memory, error) {
	o = o.withDefaults()
	var m Memory
	if o.ReplyBytes > 0 {
		m.OffHeap += int64(max(o.ReplyBytes, cache.MinBytes))
	}
	if o.bounded() && o.BlockBytes > 0 {
		m.OffHeap += int64(max(o.BlockBytes, cache.MinBytes))
	}
	if o.MemoryBytes == 0 {
		return m, nil
	}
	m.Heap = o.MemoryBytes - m.OffHeap
	m.Store = storeBytes(o.Store)
	m.Working = m.Heap/workingShare + m.OffHeap/indexShare
	m.Engine = m.Heap - m.Store - m.Working
	if m.Engine <= 0 {
		return m, fmt.Errorf("%w: MemoryBytes is %d, of which %d are for caches off the heap, %d for the store's cache and "+
			"memtables and %d to work with: nothing is left for the data", ErrMemory, o.MemoryBytes, m.OffHeap, m.Store, m.Working)
	}
	return m, nil
}

// storeBytes is what a store keeps in memory.
func storeBytes(o store.Options) int64 {
	if o.CacheBytes == 0 {
		o.CacheBytes = store.DefaultCacheBytes
	}
	if o.MemTableBytes == 0 {
		o.MemTableBytes = store.DefaultMemTableBytes
	}
	return o.CacheBytes + memTables*o.MemTableBytes
}

// budget bounds the engine by MemoryBytes, and gives it blocks if there can be history that does not fit.
func (o *Options) budget() (*cache.Store, error) {
	m, err := o.Memory()
	if err != nil {
		return nil, err
	}
	if m.Engine > 0 && (o.Engine.HeapBytes == 0 || o.Engine.HeapBytes > m.Engine) {
		o.Engine.HeapBytes = m.Engine
	}
	if !o.bounded() || o.BlockBytes < 0 || o.Engine.Blocks != nil {
		return nil, nil
	}
	blocks := cache.NewStore(o.BlockBytes)
	o.Engine.Blocks = blocks
	return blocks, nil
}

// tooSmall says of an engine that does not fit which budget it would need.
func (o *Options) tooSmall(err error) error {
	if !errors.Is(err, engine.ErrHeapBytes) || o.MemoryBytes == 0 {
		return err
	}
	m, _ := o.Memory()
	return fmt.Errorf("%w; MemoryBytes is %d, of which %d are for caches off the heap, %d for the store and %d to work with",
		err, o.MemoryBytes, m.OffHeap, m.Store, m.Working)
}
