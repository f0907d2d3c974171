package dataset_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/kamaitachi/kamaitachi/internal/dataset"
)

func newNDJSON(t testing.TB, text string, o dataset.SourceOptions) dataset.Source {
	t.Helper()
	o.Name, o.Table = "test.ndjson", smallTable
	src, err := dataset.NewNDJSON(input(t, []byte(text)), o)
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func TestNDJSONRowsAreRead(t *testing.T) {
	const text = "\xef\xbb\xbf" + `{"subject":"33:1","report_date":"2023-12-31","report_type":"0409","declare_date":1,"period":"596001",` +
		`"year":2023,"name":"A\u00e9\n"}` + "\r\n" +
		`{"subject":"33:1","report_date":"2023-12-31","report_type":"0409","declare_date":1,"period":"596001",` +
		`"year":"2023","name":"A, \"B\" \u91d1","topics":["p","q"],"tag.concept":"internet finance; 金融","income":1.5,"1002":-2e3,"收入":null}` + "\n\n" +
		` { "report_date" : -5 , "subject" : "33:2" , "1001" : -0.0 , "topics" : [ ] , "period":"" } ` + "\n" +
		`{"subject":"33:3","name":"名字"}`
	want := []string{
		`error test.ndjson:1: column name: "Aé\n": it has a control character`,
		`33:1 @1703980800 declared 1 type 0409 period 596001 year 2023 income=1.5 1002=-2000` +
			` {"A, \"B\" 金" "" "" "" ["p" "q"] [{"concept" "internet finance"} {"concept" "金融"}] set 110001}`,
		`33:2 @-5 income=-0`,
		`33:3 {"名字" "" "" "" [] [] set 1}`,
	}
	src := newNDJSON(t, text, dataset.SourceOptions{})
	if diff := cmp.Diff(want, rowsOf(t, src)); diff != "" {
		t.Error(diff)
	}
}

func TestABadObjectIsOneBadRow(t *testing.T) {
	const (
		fine   = `{"subject":"33:1","report_date":0,"income":1}`
		object = "it is not a JSON object of texts, numbers and lists of texts"
	)
	for text, want := range map[string]string{
		`[]`:                                             object,
		`{`:                                              object,
		`{"subject"}`:                                    object,
		`{"subject":"33:1",}`:                            object,
		`{"subject":"33:1" "period"}`:                    object,
		`{"subject":"33:1"`:                              object,
		`{"subject":"33:1"}}`:                            object + ": something follows it",
		"{\"subject\":\"33:1\"}\x00":                     object + ": something follows it",
		`{"subject":"a` + "\t" + `b"}`:                   "column subject: " + object,
		`{"subject":"\x"}`:                               "column subject: " + object,
		`{"subject":"a\"}`:                               "column subject: " + object,
		`{"subject":331}`:                                `column subject: "331": ` + object + ": expected a text",
		`{"subject":true}`:                               "column subject: " + object,
		`{"subject":["33:1"]}`:                           "column subject: " + object,
		`{"subject":{}}`:                                 "column subject: " + object,
		`{"subject":"33:1","subject":"33:2"}`:            "column subject: it is given twice",
		`{"subject":"33:1","income":1,"1001":1}`:         "column income: it is given twice",
		`{"subject":"33:1","income":"1"}`:                `column income: "1": ` + object + ": expected a number",
		`{"subject":"33:1","income":01}`:                 object,
		`{"subject":"33:1","income":1.}`:                 "column income: " + object,
		`{"subject":"33:1","income":.5}`:                 "column income: " + object,
		`{"subject":"33:1","income":+1}`:                 "column income: " + object,
		`{"subject":"33:1","income":1e}`:                 "column income: " + object,
		`{"subject":"33:1","income":NaN}`:                "column income: " + object,
		`{"subject":"33:1","income":nul}`:                "column income: " + object,
		`{"subject":"33:1","income":1e999}`:              `column income: "1e999": it is too large for a 64-bit float`,
		`{"subject":"33:1","year":2.5}`:                  `column year: "2.5": it is not a year from 0 to 9999`,
		`{"subject":"33:1","topics":["a",1]}`:            "column topics: " + object + ": expected a list of texts",
		`{"subject":"33:1","topics":["a" "b"]}`:          "column topics: " + object,
		`{"subject":"33:1","topics":["a;b"]}`:            `column topics: "a;b": it has a semicolon, which separates several`,
		`{"subject":"33:1","debt":1}`:                    `column debt: unknown column "debt": table small has no such indicator; -create adds it`,
		`{"subject":"33:1","report_date":"2023-13-01"}`:  `column report_date: "2023-13-01": it is neither a day (YYYY-MM-DD) nor UTC seconds`,
		`{"subject":"33:1","income":1}`:                  "column report_date: it is empty",
		`{"report_date":0}`:                              "column subject: it is empty",
		"{\"subject\":\"\xff\"}":                         "it is not valid UTF-8",
		`"` + strings.Repeat("x", dataset.MaxRowBytes+1): "the row is too long: more than 1048576 bytes",
	} {
		src := newNDJSON(t, text+"\n"+fine, dataset.SourceOptions{})
		if diff := cmp.Diff([]string{"error test.ndjson:1: " + want, "33:1 @0 income=1"}, rowsOf(t, src)); diff != "" {
			t.Errorf("%.60q\n%s", text, diff)
		}
	}
}

func TestNewNamesInNDJSONBecomeColumnsAsTheyCome(t *testing.T) {
	src := newNDJSON(t, `{"subject":"a","report_date":0,"income":1}
{"subject":"a","report_date":1,"debt":2,"income":1}
{"subject":"a","report_date":2,"cash":3}`, dataset.SourceOptions{Create: true})
	want := []string{"a @0 income=1", "a @1 income=1 debt=2", "a @2 cash=3"}
	if diff := cmp.Diff(want, rowsOf(t, src)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"debt", "cash"}, src.Created()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"income", "debt", "cash"}, src.Columns()); diff != "" {
		t.Error(diff)
	}
}
