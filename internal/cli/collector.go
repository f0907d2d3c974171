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
// queries leave no garbage. So a large heap is collected sooner: a node of 20 million values takes 498 MB instead of 704 after
// its start, and 632 instead of 814 after an import of 124,000 reports into it.
const (
	spareHeap     = 128 << 20 // garbage that may gather beside what lives, in bytes, within the two below
	leastGrowth   = 10        // percent of what lives
	defaultGrowth = 100       // percent: the runtime's own
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
