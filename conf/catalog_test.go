package conf

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/kamaitachi/kamaitachi/protocol"
)

const goodCatalog = `
; Tables may come in any order.
[table.weather]
number = 7
default_report_type = day
[table.finance.indicators]
operating_income = 1001 | operating income | CNY      ; id = code | title | unit
p/e ratio = | price : earnings
"cash = flow" = 1003 | "net" cash flow | USD/share
bare =
[table.finance]
number = 1
default_report_type = 0408
[table.weather.indicators]
rain = 1001 | 雨 | mm
`

func TestACatalogKeepsTheOrderOfIndicatorsAndSortsTables(t *testing.T) {
	got, err := LoadCatalog(writeFile(t, "catalog.ini", goodCatalog))
	if err != nil {
		t.Fatal(err)
	}
	want := []protocol.Table{
		{Number: 1, Name: "finance", DefaultReportType: "0408", Indicators: []protocol.Indicator{
			{ID: "operating_income", Code: "1001", Title: "operating income", Unit: "CNY"},
			{ID: "p/e ratio", Title: "price : earnings"},
			{ID: "cash = flow", Code: "1003", Title: `"net" cash flow`, Unit: "USD/share"},
			{ID: "bare"},
		}},
		{Number: 7, Name: "weather", DefaultReportType: "day", Indicators: []protocol.Indicator{
			{ID: "rain", Code: "1001", Title: "雨", Unit: "mm"},
		}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestACatalogErrorNamesFileSectionAndKey(t *testing.T) {
	const head = "[table.t]\nnumber = 1\ndefault_report_type = q\n[table.t.indicators]\n"
	for _, test := range []struct {
		name, file string
		is         error
		want       string
	}{
		{"a foreign section", "[server]\nport = 1", ErrUnknownSection,
			"[server]: unknown section; expected [table.NAME] or [table.NAME.indicators]"},
		{"keys before any section", "number = 1", ErrUnknownSection,
			"[DEFAULT]: unknown section; expected [table.NAME] or [table.NAME.indicators]"},
		{"a foreign key", "[table.t]\nname = t", ErrUnknownKey,
			"[table.t] name: unknown key; known are number and default_report_type"},
		{"a table called by a number", "[table.12]\nnumber = 1", ErrBadValue,
			"[table.12]: bad value: expected a name of a table that is not digits alone"},
		{"a table without name", "[table.]\nnumber = 1", ErrBadValue,
			"[table.]: bad value: the name of a table: it is empty"},
		{"a number that is none", "[table.t]\nnumber = one", ErrBadValue,
			`[table.t] number = "one": bad value: expected a whole number from 1`},
		{"number zero", "[table.t]\nnumber = 0", ErrBadValue,
			`[table.t] number = "0": bad value: expected a whole number from 1`},
		{"no number", "[table.t]\ndefault_report_type = q", ErrMissing, "[table.t] number: missing"},
		{"no report type", "[table.t]\nnumber = 1", ErrMissing, "[table.t] default_report_type: missing"},
		{"an empty report type", "[table.t]\nnumber = 1\ndefault_report_type = ", ErrBadValue,
			`[table.t] default_report_type = "": bad value: a report type: it is empty`},
		{"two tables of one number", head + "a = 1\n[table.u]\nnumber = 1\ndefault_report_type = q", ErrConflict,
			`[table.u] number = "1": conflict: [table.t] has this number`},
		{"no indicators", "[table.t]\nnumber = 1\ndefault_report_type = q", ErrMissing,
			"[table.t.indicators]: missing: a table needs indicators"},
		{"an empty list of indicators", head, ErrMissing, "[table.t.indicators]: missing: a table needs indicators"},
		{"indicators of no table", head + "a = 1\n[table.u.indicators]\na = 1", ErrMissing,
			"[table.u]: missing: its indicators are there"},
		{"an id twice", head + "a = 1\na = 2", ErrDuplicateKey, "[table.t.indicators] a: given twice"},
		{"a code twice", head + "a = 1\nb = 1", ErrConflict,
			`[table.t.indicators] b = "1": conflict: 1 is the id or code of a`},
		{"an id that is another's code", head + "a = b\nb = 2", ErrConflict,
			`[table.t.indicators] b = "2": conflict: b is the id or code of a`},
		{"an id that answers use", head + "report_date = 1", ErrBadValue,
			"[table.t.indicators] report_date: bad value: the id of an indicator: answers and imports use it for something else"},
		{"an id that is a tag's", head + "tag.concept = 1", ErrBadValue,
			"[table.t.indicators] tag.concept: bad value: the id of an indicator: answers and imports use it for something else"},
		{"an id with a comma", head + "a,b = 1", ErrBadValue,
			"[table.t.indicators] a,b: bad value: the id of an indicator: it has a comma, which separates several"},
		{"a lone dash", head + "- = 1", ErrBadValue,
			"[table.t.indicators] #1: bad value: the id of an indicator: it begins with a #, as a comment does"},
		{"a code that answers use", head + "a = name", ErrBadValue,
			`[table.t.indicators] a = "name": bad value: the code: answers and imports use it for something else`},
		{"four parts", head + "a = 1 | b | c | d", ErrBadValue,
			`[table.t.indicators] a = "1 | b | c | d": bad value: expected code | title | unit`},
		{"a control character", head + "a = 1 | b\ac", ErrBadValue,
			`[table.t.indicators] a = "1 | b\ac": bad value: the title: it has a control character`},
		{"a control character in the unit", head + "a = 1 | b | c\ad", ErrBadValue,
			`[table.t.indicators] a = "1 | b | c\ad": bad value: the unit: it has a control character`},
		{"no table", "; empty", ErrBadValue, "bad value: 0 tables; expected 1 to 1024"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Chdir(filepath.Dir(writeFile(t, "catalog.ini", test.file)))
			tables, err := LoadCatalog("catalog.ini")
			if err == nil {
				t.Fatalf("loaded %+v, want an error", tables)
			}
			if want := "catalog.ini: " + test.want; err.Error() != want {
				t.Errorf("got  %s\nwant %s", err, want)
			}
			if !errors.Is(err, test.is) {
				t.Errorf("error is not %q: %v", test.is, err)
			}
		})
	}
}

func TestACatalogHasNoMoreTablesAndIndicatorsThanMayBeStored(t *testing.T) {
	var tables, indicators strings.Builder
	indicators.WriteString("[table.t]\nnumber = 1\ndefault_report_type = q\n[table.t.indicators]\n")
	for i := range max(protocol.MaxTables, protocol.MaxIndicators) + 1 {
		if i <= protocol.MaxTables {
			fmt.Fprintf(&tables, "[table.t%d]\nnumber=%d\ndefault_report_type=q\n[table.t%d.indicators]\na=1\n", i, i+1, i)
		}
		fmt.Fprintf(&indicators, "i%d =\n", i)
	}
	for want, text := range map[string]string{
		"bad value: 1025 tables; expected 1 to 1024":                              tables.String(),
		"[table.t.indicators]: bad value: 4097 indicators; expected at most 4096": indicators.String(),
	} {
		if _, err := parseCatalog([]byte(text), "test"); err == nil || err.Error() != "test: "+want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestTheCatalogOfAConfigurationIsTheFileBesideItOrTheBuiltIn(t *testing.T) {
	builtInTables, err := LoadCatalog("")
	if err != nil {
		t.Fatal(err)
	}
	path := writeFile(t, "node.ini", "")
	beside := filepath.Join(filepath.Dir(path), "catalog.ini")
	catalog := func() ([]protocol.Table, string, error) {
		t.Helper()
		c, err := Load(path, LoadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return c.Catalog()
	}

	tables, file, err := catalog()
	if diff := cmp.Diff(builtInTables, tables); err != nil || file != "" || diff != "" {
		t.Errorf("without a file beside it: from %q, %v\n%s", file, err, diff)
	}
	if err := os.WriteFile(beside, []byte(goodCatalog), 0o600); err != nil {
		t.Fatal(err)
	}
	tables, file, err = catalog()
	if err != nil || file != beside || len(tables) != 2 {
		t.Errorf("with a file beside it: %d tables from %q, %v", len(tables), file, err)
	}
	if err := os.WriteFile(beside, []byte("[table.t]"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err = catalog(); !errors.Is(err, ErrMissing) {
		t.Errorf("a bad file beside it is no reason to take another: got %v", err)
	}
}
