package protocol

import (
	"bytes"
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// leanOf returns a result whose groups are of one subject each in its lean form.
func leanOf(r *Result, types, periods []string) *Result {
	lean := &Result{Lean: true, With: r.With, Values: r.Values}
	number := func(texts []string, text string) uint32 {
		for i := range texts {
			if texts[i] == text {
				return uint32(i)
			}
		}
		panic(text)
	}
	for g := range r.Groups {
		from, to := r.Group(g)
		lean.AppendGroup(r.Subjects[from], ShortKeyOf(r.Subjects[from].Key), to-from)
	}
	short := lean.ShortHeads(len(r.Heads), types, periods)
	for i, h := range r.Heads {
		short[i] = ShortHead{ReportDate: h.ReportDate, DeclareDate: NoDate, Year: h.Year,
			Texts: [2]uint32{number(types, h.Type), number(periods, h.Period)}}
		if h.DeclareDate.Given {
			short[i].DeclareDate = h.DeclareDate.Seconds
		}
	}
	return lean
}

func TestALeanResultIsTheSameOnTheWire(t *testing.T) {
	texts := make([]string, 100)
	for i := range texts {
		texts[i] = fmt.Sprintf("text %d", i)
	}
	rapid.Check(t, func(t *rapid.T) {
		seconds := rapid.OneOf(rapid.Int64Range(MinTime, MaxTime), rapid.Int64Range(-300, 300), rapid.Int64Range(65_000, 66_000),
			rapid.Int64Range(1<<32-9, 1<<32+9), rapid.Int64Range(0, 1<<31))
		text := rapid.SampledFrom(texts[:rapid.SampledFrom([]int{1, 4, 40, len(texts)}).Draw(t, "texts")])
		r := &Result{With: WithReports}
		for g := range rapid.IntRange(0, 4).Draw(t, "groups") {
			s := &Subject{Key: fmt.Sprintf("33:%0*d", rapid.SampledFrom([]int{1, 8, 30}).Draw(t, "width"), g)}
			for range rapid.IntRange(1, 40).Draw(t, "rows") {
				h := Head{ReportDate: seconds.Draw(t, "date"), Type: text.Draw(t, "type"), Period: text.Draw(t, "period"),
					Year: rapid.Int32Range(1, 1<<16+9).Draw(t, "year")}
				if rapid.Bool().Draw(t, "declared") {
					h.DeclareDate = At(seconds.Draw(t, "declared at"))
				}
				r.Subjects, r.Heads = append(r.Subjects, s), append(r.Heads, h)
				r.Values = append(r.Values, rapid.SampledFrom([]float64{0, 1.5, -3e300, Missing}).Draw(t, "value"))
			}
			r.Groups = append(r.Groups, int32(len(r.Subjects)))
		}
		lean := leanOf(r, texts, texts)
		if lean.Rows() != r.Rows() {
			t.Fatalf("%d rows, want %d", lean.Rows(), r.Rows())
		}
		want := r.AppendTo(nil)
		if got := lean.AppendTo(nil); !bytes.Equal(want, got) {
			t.Fatalf("want %x\ngot  %x", want, got)
		}
	})
}

// BenchmarkAppendSeries24x4Lean is BenchmarkAppendSeries24x4 as a node does it.
func BenchmarkAppendSeries24x4Lean(b *testing.B) {
	r := scenarioSeries()
	benchmarkAppend(b, leanOf(r, []string{"0408"}, []string{"596001", "596002", "596003", "596004"}))
}
