package cli

import "testing"

func TestALargeHeapIsCollectedSooner(t *testing.T) {
	for live, want := range map[uint64]int{0: 100, 10 << 20: 100, 64 << 20: 100, 128 << 20: 50, 2 << 30: 5, 1 << 40: 5} {
		if got := growthOf(live); got != want {
			t.Errorf("of %d bytes it may grow by %d %%, want %d", live, got, want)
		}
	}
}
