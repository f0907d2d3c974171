package engine

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// columnSets draws bit sets of columns of a table, some of more than a word.
func columnSets(most int) *rapid.Generator[[]uint64] {
	return rapid.Custom(func(t *rapid.T) []uint64 {
		mask := make([]uint64, maskWords(most))
		for _, column := range rapid.SliceOfN(rapid.IntRange(0, most-1), 0, 8).Draw(t, "columns") {
			mask[column>>6] |= 1 << (column & 63)
		}
		return mask
	})
}

func has(mask []uint64, column int) bool { return mask[column>>6]>>(column&63)&1 != 0 }

func TestAShapeHasTheColumnsOfItsBits(t *testing.T) {
	const most = 200
	rapid.Check(t, func(t *rapid.T) {
		var all shapes
		before := noShape
		for _, mask := range rapid.SliceOfN(columnSets(most), 1, 6).Draw(t, "masks") {
			s := all.of(mask, before)
			for column := range most + 64 {
				place := s.place(column)
				if want := column < most && has(mask, column); want != (place >= 0) {
					t.Fatalf("column %d is at %d; it is there: %t", column, place, want)
				}
				if place >= 0 && int(s.columns[place]) != column {
					t.Fatalf("column %d is at %d, where column %d is", column, place, s.columns[place])
				}
			}
			if again := all.of(mask, noShape); again != s || all.at(s.number) != s {
				t.Fatalf("the shape of %b is made twice, or not found under its number %d", mask, s.number)
			}
			both := all.union(before, s)
			if !both.covers(s) || !both.covers(before) || both.width() > before.width()+s.width() {
				t.Fatalf("%v and %v together are %v", before.columns, s.columns, both.columns)
			}
			before = s
		}
	})
}

func TestAReportKeepsItsValuesInAWiderShape(t *testing.T) {
	var all shapes
	narrow, wide := all.of([]uint64{0b1010}, noShape), all.of([]uint64{0b11011}, noShape)
	s := newSeries(narrow, 2)
	s.appendTable(report{date: 2}, []float64{9, 1, 9, 3})
	s.appendTable(report{date: 1}, []float64{9, 1.5}) // columns behind the last value are missing
	w := newSeries(wide, 2)
	for i := range int(s.count) {
		w.appendAll(s, i, i+1)
	}
	for i, want := range [][]float64{{1, 3}, {1.5, protocol.Missing}} {
		for _, have := range []*series{s, w} {
			got := []float64{have.value(i, 1), have.value(i, 3)}
			if !slices.EqualFunc(got, want, func(a, b float64) bool { return a == b || a != a && b != b }) {
				t.Errorf("report %d has %v, want %v", i, got, want)
			}
			if v := have.value(i, 0); v == v {
				t.Errorf("report %d has %v in a column that it has not", i, v)
			}
		}
	}
}

func TestTooManyShapesBecomeWholeRows(t *testing.T) {
	var all shapes
	for i := range uint64(maxShapes) {
		all.of([]uint64{i + 1}, noShape)
	}
	mask := []uint64{1<<40 | 1}
	s := all.of(mask, noShape)
	if s.width() != 41 || s.place(40) != 40 || s.place(0) != 0 {
		t.Errorf("columns 0 and 40 have a shape of %d columns", s.width())
	}
	if again := all.of([]uint64{1<<40 | 2}, noShape); again != s {
		t.Error("another shape was made")
	}
}
