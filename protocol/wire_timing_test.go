package protocol

import (
	"fmt"
	"testing"
)

// The benchmarks of what a node and a client do for each request of scenario 3: 50 subjects asked, 20 rows of 4 columns
// answered.

func scenarioSnapshot() *Snapshot {
	q := &Snapshot{View: View{IDs: []string{"operating_income", "net_profit", "1003", "1004"}},
		Ranking: Ranking{Field: "operating_income", Offset: 10, Limit: 20}, Timestamp: At(1703980800)}
	for i := range 50 {
		q.Subjects = append(q.Subjects, fmt.Sprintf("33:%08d", i*97))
	}
	return q
}

func scenarioResult(rows, columns int) *Result {
	r := &Result{}
	for i := range rows {
		r.Subjects = append(r.Subjects, &Subject{Key: fmt.Sprintf("33:%08d", i*97)})
	}
	for i := range rows * columns {
		r.Values = append(r.Values, float64(i)*1.25e6)
	}
	return r
}

// scenarioSeries is the answer of scenario 1: 3 subjects, 8 reports of each, 4 columns. Its texts are interned, as the
// engine's are.
func scenarioSeries() *Result {
	periods := [...]string{"596001", "596002", "596003", "596004"}
	r := &Result{With: WithReports}
	for s := range 3 {
		subject := &Subject{Key: fmt.Sprintf("33:%08d", s)}
		for i := range 8 {
			r.Subjects, r.Heads = append(r.Subjects, subject), append(r.Heads, sampleHead(i))
			r.Heads[len(r.Heads)-1].Period = periods[i%4]
		}
		r.Groups = append(r.Groups, int32(len(r.Subjects)))
	}
	for i := range len(r.Subjects) * 4 {
		r.Values = append(r.Values, float64(i))
	}
	return r
}

func BenchmarkCutFrame(b *testing.B) {
	h := RequestHeader{ID: 1 << 31, Op: OpSnapshot, Deadline: 250}
	frame := FinishFrame(scenarioSnapshot().AppendTo(BeginRequest(nil, &h)), 0)
	b.ReportAllocs()
	for b.Loop() {
		size, err := FrameSize(frame, DefaultMaxRequest)
		if err != nil {
			b.Fatal(err)
		}
		if _, _, err := DecodeRequest(frame[FramePrefix : FramePrefix+size]); err != nil {
			b.Fatal(err)
		}
	}
}

func benchmarkDecode(b *testing.B, m Message, payload []byte) {
	b.ReportAllocs()
	b.SetBytes(int64(len(payload)))
	for b.Loop() {
		if err := m.Decode(payload); err != nil {
			b.Fatal(err)
		}
	}
}

func benchmarkAppend(b *testing.B, m Message) {
	dst := m.AppendTo(nil)
	b.ReportAllocs()
	b.SetBytes(int64(len(dst)))
	for b.Loop() {
		dst = m.AppendTo(dst[:0])
	}
}

func BenchmarkParseSnapshot50(b *testing.B) {
	benchmarkDecode(b, &Snapshot{}, scenarioSnapshot().AppendTo(nil))
}

func BenchmarkAppendSnapshot50(b *testing.B) { benchmarkAppend(b, scenarioSnapshot()) }

func BenchmarkAppendResult20x4(b *testing.B) { benchmarkAppend(b, scenarioResult(20, 4)) }

// BenchmarkAppendResult20x4Short has the short forms of the keys, as a node does.
func BenchmarkAppendResult20x4Short(b *testing.B) {
	r := scenarioResult(20, 4)
	for _, s := range r.Subjects {
		r.short = append(r.short, ShortKeyOf(s.Key))
	}
	benchmarkAppend(b, r)
}

func BenchmarkAppendResult20x4Missing(b *testing.B) {
	r := scenarioResult(20, 4)
	for i := 0; i < len(r.Values); i += 7 {
		r.Values[i] = Missing
	}
	benchmarkAppend(b, r)
}

func BenchmarkDecodeResult20x4(b *testing.B) {
	benchmarkDecode(b, &Result{}, scenarioResult(20, 4).AppendTo(nil))
}

func BenchmarkAppendSeries24x4(b *testing.B) { benchmarkAppend(b, scenarioSeries()) }

func BenchmarkDecodeSeries24x4(b *testing.B) {
	benchmarkDecode(b, &Result{}, scenarioSeries().AppendTo(nil))
}

func BenchmarkAppendResult10000x4(b *testing.B) { benchmarkAppend(b, scenarioResult(10_000, 4)) }

func BenchmarkDecodeResult10000x4(b *testing.B) {
	benchmarkDecode(b, &Result{}, scenarioResult(10_000, 4).AppendTo(nil))
}

func BenchmarkDecodePut100x6(b *testing.B) {
	p := &Put{}
	for i := range 100 {
		p.Reports = append(p.Reports, Report{Subject: fmt.Sprintf("33:%08d", i), ReportDate: 1703980800,
			Values: []float64{1, 2, 3, 4, 5, 6}})
	}
	benchmarkDecode(b, &Put{}, p.AppendTo(nil))
}
