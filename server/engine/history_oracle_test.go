package engine_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"

	"github.com/kamaitachi/kamaitachi/internal/oracle/oracletest"
	"github.com/kamaitachi/kamaitachi/server/engine"
)

// forgetful keeps blocks in a map and drops one of so many at every turn; 0 = none.
type forgetful struct {
	mu   sync.Mutex
	rnd  *rand.Rand
	one  int
	held map[string][]byte
}

func newForgetful(one int) *forgetful {
	return &forgetful{rnd: rand.New(rand.NewPCG(1, uint64(one))), one: one, held: map[string][]byte{}}
}

func (f *forgetful) Get(dst, key []byte) ([]byte, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	value, ok := f.held[string(key)]
	if !ok {
		return dst, false
	}
	if f.one > 0 && f.rnd.IntN(f.one) == 0 {
		delete(f.held, string(key))
		return dst, false
	}
	return append(dst, value...), true
}

func (f *forgetful) Set(key, value []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.one == 0 || f.rnd.IntN(f.one) > 0 {
		f.held[string(key)] = append([]byte(nil), value...)
	}
}

// bounded opens engines whose history does not fit the heap, over one collection of blocks that outlives a restart.
func bounded(o engine.Options) func() oracletest.Target {
	return func() oracletest.Target {
		t := &target{fs: vfs.NewMem(), options: o}
		if err := t.open(); err != nil {
			panic(fmt.Sprintf("open an empty engine: %v", err))
		}
		return t
	}
}

// forgetting are bounds that make history come and go: all of it off the heap, and as much as the heap has room for.
var forgetting = map[string]engine.Options{
	"no history on the heap":   {HistoryBytes: 1, Blocks: newForgetful(3)},
	"some history on the heap": {HistoryBytes: 700, HeapBytes: 1 << 30, Blocks: newForgetful(3)},
}

func TestAnEngineWithLittleMemoryAnswersAsTheOracle(t *testing.T) {
	for name, o := range forgetting {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) { oracletest.Check(t, bounded(o)) })
		})
	}
}

func TestReadersOfColdHistorySeeOneMomentWhileWritesAreApplied(t *testing.T) {
	for name, o := range forgetting {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) { oracletest.CheckRacing(t, 3, bounded(o)) })
		})
	}
}

func TestAnEngineWithLittleMemoryHoldsEveryRule(t *testing.T) {
	for name, o := range map[string]engine.Options{
		"no blocks":             {HistoryBytes: 1},
		"blocks that never go":  {HistoryBytes: 1, Blocks: newForgetful(0)},
		"blocks that always go": {HistoryBytes: 1, Blocks: newForgetful(1)},
		"some on the heap":      {HistoryBytes: 2000, Blocks: newForgetful(2)},
	} {
		t.Run(name, func(t *testing.T) { oracletest.RunCases(t, bounded(o)) })
	}
}
