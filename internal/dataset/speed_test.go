package dataset_test

import (
	"bytes"
	"context"
	"io"
	"testing"

	"github.com/kamaitachi/kamaitachi/internal/dataset"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// nowhere is a sink that takes everything.
type nowhere struct{}

func (nowhere) PutTables(context.Context, *protocol.PutTables) error     { return nil }
func (nowhere) PutSubjects(context.Context, *protocol.PutSubjects) error { return nil }
func (nowhere) Put(context.Context, *protocol.Put) error                 { return nil }

// benchMarket is what the benchmarks read and write.
var benchMarket = dataset.MarketOptions{Subjects: 4_000, Seed: 1}

func marketCSV(tb testing.TB, o dataset.MarketOptions) []byte {
	tb.Helper()
	var out bytes.Buffer
	if err := dataset.Generate(&out, o); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

func input(tb testing.TB, text []byte) dataset.Input {
	tb.Helper()
	in, err := dataset.NewInput(bytes.NewReader(text), false)
	if err != nil {
		tb.Fatal(err)
	}
	return in
}

func reportRows(b *testing.B, rows int) {
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkGenerate(b *testing.B) {
	rows := bytes.Count(marketCSV(b, benchMarket), []byte("\n")) - 1
	for b.Loop() {
		if err := dataset.Generate(io.Discard, benchMarket); err != nil {
			b.Fatal(err)
		}
	}
	reportRows(b, rows)
}

func BenchmarkReadCSV(b *testing.B) {
	text, table := marketCSV(b, benchMarket), financeTable(b)
	b.SetBytes(int64(len(text)))
	rows := 0
	for b.Loop() {
		src, err := dataset.NewCSV(input(b, text), dataset.SourceOptions{Table: table})
		if err != nil {
			b.Fatal(err)
		}
		var rec dataset.Record
		for rows = 0; err == nil; rows++ {
			err = src.Next(&rec)
		}
		if err != io.EOF {
			b.Fatal(err)
		}
	}
	reportRows(b, rows-1)
}

func BenchmarkImportCSV(b *testing.B) {
	text, table := marketCSV(b, benchMarket), financeTable(b)
	benchImport(b, table, len(text), func() (dataset.Source, error) {
		return dataset.NewCSV(input(b, text), dataset.SourceOptions{Table: table})
	})
}

func BenchmarkImportNDJSON(b *testing.B) {
	market, err := dataset.NewMarket(benchMarket)
	if err != nil {
		b.Fatal(err)
	}
	var out bytes.Buffer
	w := dataset.NewNDJSONWriter(&out, market.Columns())
	for market.Advance() {
		if err := w.Write(market.Subject()); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	table := financeTable(b)
	benchImport(b, table, out.Len(), func() (dataset.Source, error) {
		return dataset.NewNDJSON(input(b, out.Bytes()), dataset.SourceOptions{Table: table})
	})
}

func benchImport(b *testing.B, table protocol.Table, size int, open func() (dataset.Source, error)) {
	b.SetBytes(int64(size))
	var s dataset.Summary
	for b.Loop() {
		src, err := open()
		if err != nil {
			b.Fatal(err)
		}
		if s, err = dataset.Import(context.Background(), src, nowhere{}, dataset.ImportOptions{Table: table}); err != nil {
			b.Fatal(err)
		}
	}
	reportRows(b, s.Rows)
}
