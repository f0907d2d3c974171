package httpcompat

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// BenchmarkSnapshotAnswer appends the answer of scenario 3, 20 of 5,000 subjects with 4 of their 6 values each, with and without
// the memo.
func BenchmarkSnapshotAnswer(b *testing.B) {
	rnd := rand.New(rand.NewPCG(1, 2))
	const subjects, rows, columns, asked, sets = 5000, 20, 6, 4, 2048
	market := make([]*protocol.Subject, subjects)
	figures := make([]float64, subjects*columns)
	for i := range market {
		market[i] = &protocol.Subject{Key: fmt.Sprintf("33:%08d", i), Name: "Nanfeng Optics", Status: "213001",
			ListingDate: "2015-04-25", Category: "stock"}
	}
	for i := range figures {
		figures[i] = rnd.Float64() * 1e12
	}
	names := []string{"operating_income", "net_profit", "total_profit", "operating_profit", "assets", "equity"}
	results := make([]*protocol.Result, sets)
	for i := range results {
		r := &protocol.Result{Values: make([]float64, rows*asked)}
		view := rnd.Perm(columns)[:asked]
		for _, c := range view {
			r.IDs = append(r.IDs, names[c])
		}
		for row := range rows {
			n := rnd.IntN(subjects)
			r.Subjects = append(r.Subjects, market[n])
			for i, c := range view {
				r.Values[i*rows+row] = figures[n*columns+c]
			}
		}
		results[i] = r
	}
	for _, kept := range []int{0, 1 << 16} {
		b.Run(fmt.Sprintf("memo of %d", kept), func(b *testing.B) {
			l := labels{memo: newMemo(kept)}
			var out []byte
			for i := range 3 * sets { // so that all is kept that will be
				out = appendSnapshot(out[:0], results[i%sets], &l)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				out = appendSnapshot(out[:0], results[i%sets], &l)
			}
			b.SetBytes(int64(len(out)))
		})
	}
}
