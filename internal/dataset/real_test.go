package dataset_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/kamaitachi/kamaitachi/conf"
	"github.com/kamaitachi/kamaitachi/internal/dataset"
	"github.com/kamaitachi/kamaitachi/internal/dataset/bundled"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// financeTable is table 1 of the shipped catalog.
func financeTable(t testing.TB) protocol.Table {
	t.Helper()
	tables, err := conf.LoadCatalog("")
	if err != nil {
		t.Fatal(err)
	}
	if tables[0].Number != 1 || tables[0].Name != "finance" {
		t.Fatalf("the first table is %d %s, want 1 finance", tables[0].Number, tables[0].Name)
	}
	return tables[0]
}

var ignoreElapsed = cmpopts.IgnoreFields(dataset.Summary{}, "Elapsed")

func TestUSReportsAreReadAsTheyAre(t *testing.T) {
	table := financeTable(t)
	src, err := bundled.Reports(table)
	if err != nil {
		t.Fatal(err)
	}
	store := newMemory()
	got, err := dataset.Import(context.Background(), src, store, dataset.ImportOptions{Table: table, InFlight: 4})
	if err != nil {
		t.Fatal(err)
	}
	// The data's README counts 76 repetitions; with report_type by period_focus, as it asks, there are 77.
	want := dataset.Summary{Rows: 31_729, Written: 31_652, Superseded: 77, Subjects: 4_540}
	if diff := cmp.Diff(want, got, ignoreElapsed); diff != "" {
		t.Error(diff)
	}
	if n := store.restated(); n != 246 {
		t.Errorf("%d restated reports, want 246", n)
	}
	if len(store.reports) != 31_652 || len(store.subjects) != 4_540 {
		t.Errorf("stored %d reports of %d subjects", len(store.reports), len(store.subjects))
	}
	if n := store.values(); n != 418_852 {
		t.Errorf("%d values, want 418,852: the file's 419,864 less those of superseded rows", n)
	}
}

func TestUSFilingsAreReadWithTheirMess(t *testing.T) {
	path := "/work/shared/data/us-filings/us_filings.csv.gz"
	if dir := os.Getenv("KAMAITACHI_SHARED_DATA"); dir != "" {
		path = filepath.Join(dir, "us-filings", "us_filings.csv.gz")
	}
	if _, err := os.Stat(path); err != nil {
		t.Skipf("us-filings is not part of the product: %v", err)
	}
	mapping, err := dataset.LoadMapping("us-filings")
	if err != nil {
		t.Fatal(err)
	}
	table := financeTable(t)
	src, err := dataset.Open(path, nil, dataset.FormatAuto, dataset.SourceOptions{Table: table, Mapping: mapping})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	store := newMemory()
	got, err := dataset.Import(context.Background(), src, store, dataset.ImportOptions{Table: table})
	if err != nil {
		t.Fatal(err)
	}
	want := dataset.Summary{Rows: 75_246, Written: 75_231, Superseded: 12, Skipped: 3, Subjects: 9_282}
	if diff := cmp.Diff(want, got, ignoreElapsed); diff != "" {
		t.Error(diff)
	}
	if n := store.restated(); n != 1_931 {
		t.Errorf("%d restated reports, want 1,931", n)
	}
	if n := store.values(); n != 1_123_290 {
		t.Errorf("%d values, want 1,123,290", n)
	}
}
