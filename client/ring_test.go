package client

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write golden files anew")

// Programs of different versions and languages must agree on where a subject belongs: this file never changes.
func TestPlacementOnTheRingIsThatOfEveryOtherProgram(t *testing.T) {
	addrs := []string{"node-0:7080", "node-1:7080", "node-2:7080"}
	r := newRing(addrs)
	var text strings.Builder
	for i := range 48 {
		key := fmt.Sprintf("33:%06d", 300000+37*i)
		fmt.Fprintf(&text, "%s %016x", key, ringHash(key))
		w := r.from(key)
		for n, ok := w.next(); ok; n, ok = w.next() {
			text.WriteString(" " + addrs[n])
		}
		text.WriteByte('\n')
	}
	path := filepath.Join("testdata", "ring.golden")
	if *update {
		if err := os.WriteFile(path, []byte(text.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if text.String() != string(want) {
		t.Errorf("placement has changed:\n%s", text.String())
	}
}

func TestTheWayRoundTheRingMeetsEachNodeOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, MaxMembers).Draw(t, "nodes")
		addrs := make([]string, n)
		for i := range addrs {
			addrs[i] = fmt.Sprintf("10.0.0.%d:7080", i)
		}
		r := newRing(addrs)
		var met []int
		w := r.from(rapid.String().Draw(t, "key"))
		for i, ok := w.next(); ok; i, ok = w.next() {
			met = append(met, i)
		}
		slices.Sort(met)
		if len(met) != n || len(slices.Compact(met)) != n {
			t.Fatalf("met %v of %d nodes", met, n)
		}
	})
}

// A node that leaves moves only its own subjects, and the order of a list does not matter.
func TestOnlyTheSubjectsOfANodeThatLeavesMove(t *testing.T) {
	owner := func(addrs []string, key string) string {
		r := newRing(addrs)
		w := r.from(key)
		i, _ := w.next()
		return addrs[i]
	}
	rapid.Check(t, func(t *rapid.T) {
		all := []string{"a:1", "b:1", "c:1", "d:1"}
		rest := []string{"d:1", "b:1", "a:1"}
		key := rapid.String().Draw(t, "key")
		if before := owner(all, key); before != "c:1" && owner(rest, key) != before {
			t.Fatalf("%q moved from %s to %s", key, before, owner(rest, key))
		}
	})
}

func TestNodesHaveSimilarShares(t *testing.T) {
	r := newRing([]string{"127.0.0.1:7080", "127.0.0.1:7081", "127.0.0.1:7082"})
	var shares [3]int
	const keys = 30_000
	for i := range keys {
		w := r.from(fmt.Sprintf("33:%06d", i))
		n, _ := w.next()
		shares[n]++
	}
	for n, share := range shares {
		if share < keys/3*7/10 || share > keys/3*13/10 {
			t.Errorf("node %d has %d of %d subjects, want a third give or take 30%%", n, share, keys)
		}
	}
}

func BenchmarkRing(b *testing.B) {
	r := newRing([]string{"127.0.0.1:7080", "127.0.0.1:7081", "127.0.0.1:7082"})
	for b.Loop() {
		w := r.from("33:300033")
		if _, ok := w.next(); !ok {
			b.Fatal("the ring is empty")
		}
	}
}
