package engine

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// TestKeyTableFindsWhatWasInserted holds the table against a map, with keys that share beginnings and ends.
func TestKeyTableFindsWhatWasInserted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.OneOf(
			rapid.StringMatching(`[a-c]{0,3}:[0-9]{0,3}`),
			rapid.StringMatching(`aaaaaaaa[ab]{0,10}`),
			rapid.StringMatching(`[ab]{14,40}`),
			rapid.StringMatching(`沪市:[0-9]{1,2}`),
		)
		table := newKeyTable(randomSeed(), 4)
		var names []string
		want := map[string]uint32{}
		full := func(n uint32) string { return names[n] }
		for _, k := range rapid.SliceOf(key).Draw(t, "keys") {
			got, ok := table.find(k, full)
			n, known := want[k]
			if ok != known || ok && got != n {
				t.Fatalf("find(%q) = %d, %v; want %d, %v", k, got, ok, n, known)
			}
			if !known {
				n = uint32(len(names))
				names, want[k] = append(names, k), n
				table = table.insert(k, n)
			}
		}
		checkFindAll(t, table, names, rapid.SliceOf(key).Draw(t, "asked"), rapid.Uint32Range(0, 20).Draw(t, "below"))
		for k, n := range want {
			if got, ok := table.find(k, full); !ok || got != n {
				t.Fatalf("find(%q) = %d, %v; want %d", k, got, ok, n)
			}
		}
	})
}

// checkFindAll holds findAll against find.
func checkFindAll(t *rapid.T, table *keyTable, names, asked []string, below uint32) {
	full := func(n uint32) string { return names[n] }
	asked = append(asked, slices.Concat(names, names, names)...)
	var want []uint32
	for _, k := range asked {
		if n, ok := table.find(k, full); ok && n < below {
			want = append(want, n)
		}
	}
	got := make([]uint32, len(asked))
	got = got[:table.findAll(got, asked, below, new([probes]probe), full)]
	if !slices.Equal(got, want) {
		t.Fatalf("findAll = %v, want %v", got, want)
	}
}

// TestKeyTableReadersDuringInserts lets readers look up while the writer inserts; the race detector is the judge.
func TestKeyTableReadersDuringInserts(t *testing.T) {
	const keys = 5_000
	table := newKeyTable(randomSeed(), 16*1024)
	full := func(uint32) string { return "" }
	var wg sync.WaitGroup
	for range 2 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := 0; i < keys; i++ {
				if n, ok := table.find(fmt.Sprintf("33:%08d", i), full); ok && n != uint32(i) {
					t.Errorf("key %d has number %d", i, n)
				}
			}
		}()
	}
	for i := range keys {
		table.insert(fmt.Sprintf("33:%08d", i), uint32(i))
	}
	wg.Wait()
}
