package cli

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"time"
)

// By default a heap grows to twice what lives in it before the runtime collects: of a node with tens of millions of values
// that is as much memory again. Its history and columns have no pointers, so that marking them costs next to nothing, and
// queries leave no garbage. So a large heap is collected sooner: a node of 50 million values takes 22.8 B a value under load
// with writes; with twice the spare heap and twice the least growth it takes 24.4 (P12).
const (
	spareHeap     = 64 << 20 // garbage that may gather beside what lives, in bytes, within the two below
	leastGrowth   = 5        // percent of what lives
	defaultGrowth = 100      // percent: the runtime's own
	paceEvery     = 10 * time.Second
)

// growthOf is by how many percent a heap in which so many bytes live may grow before it is collected.
func growthOf(live uint64) int {
	return int(min(max(spareHeap*100/max(live, 1), leastGrowth), defaultGrowth))
}

// paceCollector keeps the runtime's collector at the pace of the heap's size until ctx ends, unless GOGC in the environment
// says how it should be. What loading has left is given back first.
func paceCollector(ctx context.Context, env []string) {
	for _, v := range env {
		if strings.HasPrefix(v, "GOGC=") {
			return
		}
	}
	debug.FreeOSMemory()
	tick := time.NewTicker(paceEvery)
	defer tick.Stop()
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	for growth := defaultGrowth; ; {
		metrics.Read(live)
		if g := growthOf(live[0].Value.Uint64()); g != growth {
			growth = g
			debug.SetGCPercent(g)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			debug.SetGCPercent(defaultGrowth)
			return
		}
	}
}
