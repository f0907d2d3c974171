package sqlitedb

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kamaitachi/kamaitachi/internal/dataset"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// reference is a table 1 with what the reference's database has.
var reference = protocol.Table{Number: 1, Name: "finance",
	Indicators: []protocol.Indicator{{ID: "operating_income", Code: "1001"}, {ID: "parent_holder_net_profit", Code: "1002"}}}

const schema = `create table finance_data(subject_key text, stock_name text, report_date integer, end_date text, year text,
	period text, operating_income real, parent_holder_net_profit real, category text, topic text)`

// database makes a file by some statements and returns its path.
func database(t *testing.T, statements ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "finance.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	return path
}

// row is what a test looks at of a record.
type row struct {
	Subject, Name, Period string
	Date                  int64
	Values                []float64
	Missing               int
}

// readAll reads all rows of a file; a row's missing values are counted and left out.
func readAll(t *testing.T, path string) (rows []row, bad []string) {
	t.Helper()
	src, err := Open(context.Background(), path, dataset.SourceOptions{Table: reference})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	var rec dataset.Record
	for {
		err := src.Next(&rec)
		if err == io.EOF {
			return rows, bad
		}
		var fault *dataset.RowError
		if errors.As(err, &fault) {
			bad = append(bad, fault.Error())
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		r := row{Subject: strings.Clone(rec.Report.Subject), Name: strings.Clone(rec.Attributes.Name),
			Period: rec.Report.Period, Date: rec.Report.ReportDate}
		for _, v := range rec.Report.Values {
			if protocol.IsMissing(v) {
				r.Missing++
			} else {
				r.Values = append(r.Values, v)
			}
		}
		rows = append(rows, r)
	}
}

func TestRowsOfTheReferenceAreRead(t *testing.T) {
	path := database(t, schema,
		`insert into finance_data values('33:00000001','平安银行',1703980800,'2023-12-31','2023','596001',1.5,-2.25,'stock','stock_a_listing_pool')`,
		`insert into finance_data values('33:00000002','Two',1696032000,'2023-09-30','2023','596002',null,7,'stock','stock_a_listing_pool')`)
	rows, bad := readAll(t, path)
	want := []row{
		{Subject: "33:00000001", Name: "平安银行", Period: "596001", Date: 1703980800, Values: []float64{1.5, -2.25}},
		{Subject: "33:00000002", Name: "Two", Period: "596002", Date: 1696032000, Values: []float64{7}, Missing: 1},
	}
	if diff := cmp.Diff(want, rows); diff != "" || len(bad) > 0 {
		t.Errorf("want -, got +:\n%s%v", diff, bad)
	}
}

func TestABadRowIsNamedAndTheRestIsRead(t *testing.T) {
	path := database(t, schema,
		`insert into finance_data values('33:1','One',1703980800,'2023-12-31','2023','596001','many',1,'stock','')`,
		`insert into finance_data values('33:2','Two',1703980800,'2023-12-31','2023','596001',1,1,'stock','')`)
	rows, bad := readAll(t, path)
	if len(rows) != 1 || len(bad) != 1 || !strings.Contains(bad[0], "operating_income") || !strings.Contains(bad[0], "many") {
		t.Errorf("%d rows, faults %q", len(rows), bad)
	}
}

func TestWhatIsNoDatabaseOfTheReferenceIsRefused(t *testing.T) {
	text := filepath.Join(t.TempDir(), "text.db")
	if err := os.WriteFile(text, []byte("no database at all, but long enough to have a header"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]error{
		text:                                 ErrNotSQLite,
		database(t, "create table other(a)"): ErrTable,
		database(t, "create table finance_data(subject_key text)"): ErrTable,
		filepath.Join(t.TempDir(), "none.db"):                      os.ErrNotExist,
	} {
		if _, err := Open(context.Background(), path, dataset.SourceOptions{Table: reference}); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", path, err, want)
		}
	}
}
