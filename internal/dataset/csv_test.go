package dataset_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/kamaitachi/kamaitachi/internal/dataset"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// smallTable is what the tests of readers read into.
var smallTable = protocol.Table{Number: 1, Name: "small", DefaultReportType: "0408", Indicators: []protocol.Indicator{
	{ID: "income", Code: "1001"}, {ID: "profit", Code: "1002"}, {ID: "收入", Code: "1003"},
}}

// rowsOf prints everything that a source yields: a line per record or per bad row, as short as it tells them apart.
func rowsOf(t testing.TB, src dataset.Source) (lines []string) {
	t.Helper()
	for {
		var rec dataset.Record
		err := src.Next(&rec)
		if err == io.EOF {
			return lines
		}
		var row *dataset.RowError
		if errors.As(err, &row) {
			lines = append(lines, "error "+row.Error())
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, printRecord(src.Columns(), &rec))
	}
}

func printRecord(columns []string, rec *dataset.Record) string {
	r, u := &rec.Report, &rec.Attributes
	var b strings.Builder
	b.WriteString(r.Subject)
	if !rec.NoReport {
		fmt.Fprintf(&b, " @%d", r.ReportDate)
		if r.DeclareDate.Given {
			fmt.Fprintf(&b, " declared %d", r.DeclareDate.Seconds)
		}
		for _, f := range []struct{ name, text string }{{"type", r.Type}, {"period", r.Period}} {
			if f.text != "" {
				fmt.Fprintf(&b, " %s %s", f.name, f.text)
			}
		}
		if r.Year != 0 {
			fmt.Fprintf(&b, " year %d", r.Year)
		}
		for i, v := range r.Values {
			if v == v {
				fmt.Fprintf(&b, " %s=%v", columns[i], v)
			}
		}
	}
	if u.Set != 0 {
		fmt.Fprintf(&b, " {%q %q %q %q %q %q set %b}", u.Name, u.Status, u.ListingDate, u.Category, u.Topics, u.Tags, u.Set)
	}
	return b.String()
}

func newCSV(t testing.TB, text string, o dataset.SourceOptions) (dataset.Source, error) {
	t.Helper()
	o.Name = "test.csv"
	if o.Table.Name == "" {
		o.Table = smallTable
	}
	return dataset.NewCSV(input(t, []byte(text)), o)
}

func TestCanonicalRowsAreRead(t *testing.T) {
	const text = "\xef\xbb\xbfsubject,report_date,report_type,declare_date,period,year,name,status,listing_date,category,topics," +
		"tag.concept,income,1002,收入\r\n" +
		`33:1,2023-12-31,0409,2024-03-01,596001,2023,"A, ""B""",213001,1999-01-02,stock,p;q,internet finance; 金融 ,1.5,-2e3,` + "\r\n" +
		"33:1,2023-09-30,,,,,,,,,,,,,0\r\n" +
		"\r\n" +
		"33:2,-5,,1,,,,,,,,,-0,.5,+1.\n" +
		" 33:3 , 86400 ,,,,,,,,,;,, 7 ,,\n" +
		"33:4,,,,,,名字,,,,,,,,"
	src, err := newCSV(t, text, dataset.SourceOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`33:1 @1703980800 declared 1709251200 type 0409 period 596001 year 2023 income=1.5 1002=-2000` +
			` {"A, \"B\"" "213001" "1999-01-02" "stock" ["p" "q"] [{"concept" "internet finance"} {"concept" "金融"}] set 111111}`,
		`33:1 @1696032000 收入=0`,
		`33:2 @-5 declared 1 income=-0 1002=0.5 收入=1`,
		`33:3 @86400 income=7`,
		`33:4 {"名字" "" "" "" [] [] set 1}`,
	}
	if diff := cmp.Diff(want, rowsOf(t, src)); diff != "" {
		t.Error(diff)
	}
}

func TestABadRowNamesFileLineColumnAndReason(t *testing.T) {
	long := strings.Repeat("x", protocol.MaxKeyLen+1)
	for _, test := range []struct {
		column, value string // of one column beside subject and report_date; or these themselves
		want          string
		is            error
	}{
		{"subject", "", "column subject: it is empty", dataset.ErrEmpty},
		{"subject", `"a,b"`, `column subject: "a,b": it has a comma, which separates several`, protocol.ErrNameComma},
		{"subject", "a\x01", `column subject: "a\x01": it has a control character`, protocol.ErrControl},
		{"subject", "a\xff", `column subject: "a\xff": it is not valid UTF-8`, protocol.ErrNotUTF8},
		{"subject", long, `column subject: "` + long[:60] + `... (256 bytes)": it is too long: 256 bytes, at most 255 are allowed`,
			protocol.ErrTooLong},
		{"report_date", "", "column report_date: it is empty", dataset.ErrEmpty},
		{"report_date", "2023-02-30", `column report_date: "2023-02-30": it is neither a day (YYYY-MM-DD) nor UTC seconds`,
			dataset.ErrDate},
		{"report_date", "31.12.2023", `column report_date: "31.12.2023": it is neither a day (YYYY-MM-DD) nor UTC seconds`,
			dataset.ErrDate},
		{"report_date", "1.5", `column report_date: "1.5": it is neither a day (YYYY-MM-DD) nor UTC seconds`, dataset.ErrDate},
		{"report_date", "0000-12-31", `column report_date: "0000-12-31": it is outside the years 0001 to 9999`, dataset.ErrTimeRange},
		{"report_date", "253402300800", `column report_date: "253402300800": it is outside the years 0001 to 9999`, dataset.ErrTimeRange},
		{"report_date", "99999999999999999999", `column report_date: "99999999999999999999": it is outside the years 0001 to 9999`,
			dataset.ErrTimeRange},
		{"declare_date", "soon", `column declare_date: "soon": it is neither a day (YYYY-MM-DD) nor UTC seconds`, dataset.ErrDate},
		{"report_type", "a\tb", `column report_type: "a\tb": it has a control character`, protocol.ErrControl},
		{"period", `"Q1,Q2"`, `column period: "Q1,Q2": it has a comma, which separates several`, protocol.ErrNameComma},
		{"year", "2023.0", `column year: "2023.0": it is not a year from 0 to 9999`, dataset.ErrYear},
		{"year", "-1", `column year: "-1": it is not a year from 0 to 9999`, dataset.ErrYear},
		{"year", "10000", `column year: "10000": it is not a year from 0 to 9999`, dataset.ErrYear},
		{"income", "12x", `column income: "12x": it is not a decimal number`, dataset.ErrNumber},
		{"income", `"1,5"`, `column income: "1,5": it is not a decimal number`, dataset.ErrNumber},
		{"income", "0x10", `column income: "0x10": it is not a decimal number`, dataset.ErrNumber},
		{"income", "-0X1p-2", `column income: "-0X1p-2": it is not a decimal number`, dataset.ErrNumber},
		{"income", "1_0", `column income: "1_0": it is not a decimal number`, dataset.ErrNumber},
		{"income", "1e999", `column income: "1e999": it is too large for a 64-bit float`, dataset.ErrNumberRange},
		{"income", "NaN", `column income: "NaN": NaN and infinities cannot be stored`, dataset.ErrNotFinite},
		{"income", "-Inf", `column income: "-Inf": NaN and infinities cannot be stored`, dataset.ErrNotFinite},
		{"income", "infinity", `column income: "infinity": NaN and infinities cannot be stored`, dataset.ErrNotFinite},
		{"name", "a\x7f", `column name: "a\x7f": it has a control character`, protocol.ErrControl},
		{"name", strings.Repeat("x", 5000), `column name: "` + long[:60] +
			`... (5000 bytes)": it is too long: 5000 bytes, at most 4096 are allowed`, protocol.ErrTooLong},
		{"topics", "a;" + long, `column topics: "a;` + long[:58] +
			`... (258 bytes)": it is too long: 256 bytes, at most 255 are allowed`, protocol.ErrTooLong},
		{"topics", strings.Repeat("a;", protocol.MaxTopics+1), `column topics: "` + strings.Repeat("a;", 30) +
			`... (2050 bytes)": there are too many of them`, dataset.ErrTooMany},
		{"tag.k", strings.Repeat("a;", protocol.MaxTags+1), `column tag.k: "` + strings.Repeat("a;", 30) +
			`... (2050 bytes)": there are too many of them`, dataset.ErrTooMany},
		{"income", "1,2", "the number of fields is not that of the header: more than 3", dataset.ErrFields},
		{"income", `a"b`, "a quotation mark is out of place or never closed", dataset.ErrQuote},
		{"income", `"1`, "a quotation mark is out of place or never closed", dataset.ErrQuote},
	} {
		t.Run(test.column+"="+test.value[:min(20, len(test.value))], func(t *testing.T) {
			header, row := "subject,report_date,"+test.column, "33:1,2023-12-31,"+test.value
			switch test.column {
			case "subject":
				header, row = "report_date,subject,income", "2023-12-31,"+test.value+",1"
			case "report_date":
				header, row = "subject,report_date,income", "33:1,"+test.value+",1"
			}
			src, err := newCSV(t, header+"\n"+row+"\n", dataset.SourceOptions{})
			if err != nil {
				t.Fatal(err)
			}
			var rec dataset.Record
			err = src.Next(&rec)
			if err == nil || err.Error() != "test.csv:2: "+test.want {
				t.Errorf("got  %v\nwant test.csv:2: %s", err, test.want)
			}
			if !errors.Is(err, test.is) {
				t.Errorf("error is not %q: %v", test.is, err)
			}
		})
	}
}

func TestARowWithoutDateMustHaveAttributesAlone(t *testing.T) {
	const header = "subject,report_date,report_type,year,name,income\n"
	for row, want := range map[string]string{
		"33:1,,,,name,":     `33:1 {"name" "" "" "" [] [] set 1}`,
		"33:1,,,,name,1":    "error test.csv:2: column report_date: it is empty",
		"33:1,,0408,,name,": "error test.csv:2: column report_date: it is empty",
		"33:1,,,2023,name,": "error test.csv:2: column report_date: it is empty",
		"33:1,,,,,":         "error test.csv:2: column report_date: it is empty",
		"33:1,0,,,name":     "error test.csv:2: the number of fields is not that of the header: 5 instead of 6",
	} {
		src, err := newCSV(t, header+row, dataset.SourceOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{want}, rowsOf(t, src)); diff != "" {
			t.Errorf("%s\n%s", row, diff)
		}
	}
}

func TestAHeaderMustNameUsableColumns(t *testing.T) {
	for _, test := range []struct {
		header, want string
		is           error
	}{
		{"", "bad header: there is none, the file is empty", dataset.ErrHeader},
		{"a,subject", `unknown column "a": table small has no such indicator; -create adds it`, dataset.ErrUnknownColumn},
		{"subject,report_date,end_date", `unknown column "end_date": it cannot be an indicator: answers and imports use it for something else`,
			dataset.ErrUnknownColumn},
		{"report_date,income", "bad header: there is no column subject; a foreign file needs a mapping", dataset.ErrHeader},
		{"subject,income", "bad header: there is no column report_date, but indicators", dataset.ErrHeader},
		{"subject,,income", "bad header: column 2 has no name", dataset.ErrHeader},
		{"subject,subject", `bad header: column "subject" is there twice`, dataset.ErrHeader},
		{"subject,report_date,income,1001", `bad header: column "1001" is an indicator that another column already is`, dataset.ErrHeader},
		{"subject,\xff", `bad header: column 2, "\xff", is not UTF-8`, dataset.ErrHeader},
		{"subject,tag.", "it is empty", protocol.ErrNameEmpty},
		{`subject,"a`, "bad header: a quotation mark is out of place or never closed", dataset.ErrHeader},
		{strings.Repeat("a", dataset.MaxRowBytes+1), "bad header: the row is too long", dataset.ErrHeader},
		{strings.Repeat(",", dataset.MaxColumns), "bad header: more than 5136 columns", dataset.ErrHeader},
	} {
		_, err := newCSV(t, test.header, dataset.SourceOptions{})
		if err == nil || err.Error() != "test.csv: "+test.want || !errors.Is(err, test.is) {
			t.Errorf("%.40q:\ngot  %v\nwant test.csv: %s", test.header, err, test.want)
		}
	}
}

func TestUnknownColumnsAreCreatedOnDemand(t *testing.T) {
	const text = "subject,report_date,debt,income,\"a \"\"b\"\"\"\n33:1,0,1,2,3\n"
	src, err := newCSV(t, text, dataset.SourceOptions{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"debt", `a "b"`}, src.Created()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{`33:1 @0 debt=1 income=2 a "b"=3`}, rowsOf(t, src)); diff != "" {
		t.Error(diff)
	}
	wide := "subject,report_date"
	for i := range protocol.MaxIndicators - len(smallTable.Indicators) + 1 {
		wide += fmt.Sprintf(",i%d", i)
	}
	if _, err = newCSV(t, wide, dataset.SourceOptions{Create: true}); !errors.Is(err, dataset.ErrUnknownColumn) {
		t.Errorf("one more than a table may have: %v", err)
	}
}

func TestABadDateOnLine1000IsFound(t *testing.T) {
	var text bytes.Buffer
	text.WriteString("subject,report_date,income\n")
	for line := 2; line <= 2000; line++ {
		date := "2023-12-31"
		if line == 1000 {
			date = "2023-12-32"
		}
		fmt.Fprintf(&text, "33:%d,%s,%d\n", line, date, line)
	}
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	w.Write(text.Bytes())
	w.Close()
	src, err := newCSV(t, packed.String(), dataset.SourceOptions{})
	if err != nil {
		t.Fatal(err)
	}
	store := newMemory()
	s, err := dataset.Import(context.Background(), src, store, dataset.ImportOptions{Table: smallTable, BatchRows: 100})
	const want = "import ended after 999 rows, 900 reports are in: too many bad rows: 1, at most 0 are left out; the last is " +
		`test.csv:1000: column report_date: "2023-12-32": it is neither a day (YYYY-MM-DD) nor UTC seconds`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if s.Written != 900 || len(store.reports) != 900 {
		t.Errorf("says %d are in, %d are", s.Written, len(store.reports))
	}
}
