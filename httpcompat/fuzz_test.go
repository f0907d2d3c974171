package httpcompat

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"
)

// bodySeeds are bodies as clients send them, and as they should not.
var bodySeeds = []string{
	`{"ids":"operating_income,1002","subjects":"33:1, 33:2,,33:1","field":"1001","order":-1,"offset":0,"limit":10,"timestamp":0}`,
	`{"subject_keys":["33:1"],"indicators":["1001"],"order_by":"report_date","order":"asc","start_date":"2020-01-01","end_date":"2023-12-31"}`,
	`{"ids":"a","topic":"t","table":2,"known_at":1700000000,"report_type":"0408","method":"market:code"}`,
	`{"ids":"\u4e2d\ud83d\ude00\n\"\\","unknown":[1,2.5e-3,{"x":[null,true,false,"y"]}],"limit":1e2}`,
	`{}`, `[]`, `null`, `{"ids":`, `{"ids":"a"} x`, `{"ids":"a","ids":"b"}`, `{"limit":-1}`, `{"limit":9223372036854775808}`, "{\"ids\":\"\xff\"}",
	`{"":272E375808}`, `{"limit":1e999}`, `{"offset":"1"}`, `{"order":"up"}`, `{"subjects":null}`, ` { "ids" : "a" } `, `{"a":01}`, `{"a":1.}`, `{"a":"` + "\t" + `"}`,
}

// FuzzBody holds the reader of bodies against encoding/json: what is no JSON is refused, what is taken is a JSON object,
// and the texts and numbers in it are those that encoding/json reads.
func FuzzBody(f *testing.F) {
	for _, seed := range bodySeeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var r reader
		var b body
		r.reset(data)
		if err := b.read(&r, snapshotFields); err != nil {
			return
		}
		var want map[string]any
		judge := json.NewDecoder(bytes.NewReader(data))
		judge.UseNumber() // a number of a field that nobody knows may be more than a float64 can hold
		if err := judge.Decode(&want); err != nil || !json.Valid(data) {
			t.Fatalf("%q is taken, encoding/json says %v", data, err)
		}
		for name, got := range map[string]string{"topic": b.topic, "field": b.field, "order_by": b.orderBy,
			"report_type": b.reportType, "start_date": b.startDate, "end_date": b.endDate} {
			if text, ok := want[name].(string); ok && text != got {
				t.Errorf("%q: %s is %q, encoding/json reads %q", data, name, got, text)
			}
		}
		for name, got := range map[string]int64{"offset": b.offset, "limit": b.limit, "timestamp": b.timestamp, "known_at": b.knownAt} {
			text, _ := want[name].(json.Number)
			if number, err := text.Float64(); err == nil && math.Abs(number) < 1<<53 && number != float64(got) {
				t.Errorf("%q: %s is %d, encoding/json reads %v", data, name, got, number)
			}
		}
		if text, ok := want["ids"].(string); ok {
			for _, id := range b.ids {
				if !strings.Contains(text, id) {
					t.Errorf("%q: id %q is not in %q", data, id, text)
				}
			}
		}
	})
}

// FuzzNumber holds the text of numbers against encoding/json.
func FuzzNumber(f *testing.F) {
	for _, v := range []float64{0, math.Copysign(0, -1), 1, -1.5, 1e21, 1e-7, 1e-6, 123456789012345680, math.MaxFloat64, 5e-324} {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, v float64) {
		want, err := json.Marshal(v)
		if err != nil {
			return // NaN and infinities are never stored
		}
		if got := appendNumber(nil, v); string(got) != string(want) {
			t.Errorf("%s, encoding/json prints %s", got, want)
		}
	})
}

// FuzzText holds the text of strings against encoding/json.
func FuzzText(f *testing.F) {
	for _, s := range []string{"", "a", "中文", "\xff\xfe", "\u2028<&>\"\\\n\x00", "😀"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var want strings.Builder
		e := json.NewEncoder(&want)
		e.SetEscapeHTML(false)
		if err := e.Encode(s); err != nil {
			t.Fatal(err)
		}
		if got := string(appendText(nil, s)) + "\n"; got != want.String() {
			t.Errorf("%s, encoding/json prints %s", got, want.String())
		}
	})
}
