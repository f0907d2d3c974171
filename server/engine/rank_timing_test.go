package engine

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// BenchmarkRank orders 50 candidates, the kernel of scenario 3, in new random order each time.
func BenchmarkRank(b *testing.B) {
	rnd := rand.New(rand.NewPCG(1, 2))
	const sets = 1024
	var input [sets][50]item
	for i := range input {
		for j := range input[i] {
			input[i][j] = item{key: rnd.Uint64(), number: uint32(j), tie: uint32(j)}
		}
	}
	run := func(name string, rank func(items []item)) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var work [50]item
			for i := 0; b.Loop(); i++ {
				work = input[i%sets]
				rank(work[:])
			}
		})
	}
	sc := new(scratch)
	run("small", func(items []item) { sc.sortSmall(items, 20) })
	run("merge", func(items []item) { mergeSort(items, sc) })
	run("sortfunc", func(items []item) { slices.SortFunc(items, compareItems) })
}

// BenchmarkKeyTable resolves 50 of 5,000 subject keys.
func BenchmarkKeyTable(b *testing.B) {
	const subjects = 5000
	table := newKeyTable(randomSeed(), 16*1024)
	asMap := map[string]uint32{}
	keys := make([]string, subjects)
	for i := range keys {
		keys[i] = fmt.Sprintf("33:%08d", i)
		table = table.insert(keys[i], uint32(i))
		asMap[keys[i]] = uint32(i)
	}
	rand.New(rand.NewPCG(1, 2)).Shuffle(subjects, func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
	full := func(uint32) string { return "" }
	run := func(name string, find func(key string) bool) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				for _, k := range keys[i*50%subjects : i*50%subjects+50] {
					if !find(k) {
						b.Fatal("not found")
					}
				}
			}
		})
	}
	run("flat", func(key string) bool { _, ok := table.find(key, full); return ok })
	run("map", func(key string) bool { _, ok := asMap[key]; return ok })
}
