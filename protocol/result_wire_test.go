package protocol

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// wireResult builds a result field by field, well-formed until a test changes one.
type wireResult struct {
	with, rows                                         byte
	values, missing                                    []byte // contents of the bins
	subjects, attributes, groups, heads, stamps, total []byte // msgpack
}

func newWireResult() *wireResult {
	return &wireResult{rows: 2, values: make([]byte, 16), subjects: []byte{0x92, 0xa1, 'a', 0xa1, 'b'},
		attributes: []byte{markNil}, groups: []byte{markNil}, heads: []byte{markNil}, stamps: []byte{markNil}, total: []byte{0}}
}

func (w *wireResult) payload() []byte {
	b := []byte{0x9a, w.with, w.rows}
	b = appendBin(appendBin(b, w.values), w.missing)
	return append(b, bytes.Join([][]byte{w.subjects, w.attributes, w.groups, w.heads, w.stamps, w.total}, nil)...)
}

func TestAHandWrittenResultDecodes(t *testing.T) {
	w := newWireResult()
	w.missing = []byte{2}
	r := &Result{}
	if err := r.Decode(w.payload()); err != nil {
		t.Fatal(err)
	}
	want := &Result{Subjects: []*Subject{{Key: "a"}, {Key: "b"}}, Values: []float64{0, Missing}}
	if diff := cmp.Diff(want, r, equal); diff != "" {
		t.Error(diff)
	}
}

func TestMalformedResults(t *testing.T) {
	nan := []byte{0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0xf8, 0x7f}
	heads := func(dates, declared, types, periods, years string) []byte {
		return append([]byte{0x95}, dates+declared+types+periods+years...)
	}
	for _, c := range []struct {
		name   string
		change func(w *wireResult)
		say    string
	}{
		{"values that are no float64s", func(w *wireResult) { w.values = make([]byte, 15) }, "Result.values: 15 bytes"},
		{"values that are no columns", func(w *wireResult) { w.values = make([]byte, 24) }, "Result.values: 24 bytes are no columns of 2 rows"},
		{"values without rows", func(w *wireResult) { w.rows = 0 }, "Result.values: 16 bytes are no columns of 0 rows"},
		{"more rows than bytes", func(w *wireResult) { w.rows = 127 }, "Result.rows: 127 rows are announced"},
		{"missing bits of another size", func(w *wireResult) { w.missing = []byte{0, 0} }, "2 bytes of missing bits for 2 values"},
		{"missing bits behind the last value", func(w *wireResult) { w.missing = []byte{4} }, "behind the last of 2 values"},
		{"missing bits without values", func(w *wireResult) { w.values, w.missing = nil, []byte{0} }, "1 bytes of missing bits for 0 values"},
		{"a NaN where nothing is missing", func(w *wireResult) { w.values = nan }, "not a number"},
		{"a NaN where something else is missing", func(w *wireResult) { w.values, w.missing = nan, []byte{1} }, "value 1 is not a number"},
		{"fewer subjects than rows", func(w *wireResult) { w.subjects = []byte{0x91, 0xa1, 'a'} }, "Result.subjects: 1 subjects for 2 rows in 0 groups"},
		{"no subjects", func(w *wireResult) { w.subjects = []byte{markNil} }, "Result.subjects: 0 subjects for 2 rows"},
		{"more subjects than rows", func(w *wireResult) { w.subjects = []byte{0x93, 0xa0, 0xa0, 0xa0} }, "Result.subjects: 3 elements, the limit is 2"},
		{"a group without rows", func(w *wireResult) { w.groups = []byte{0x92, 0, 2} }, "Result.groups: group 0 has no rows"},
		{"groups of fewer rows", func(w *wireResult) { w.groups = []byte{0x91, 1} }, "Result.groups: groups of 1 rows in an answer of 2"},
		{"groups of more rows", func(w *wireResult) { w.groups = []byte{0x91, 3} }, "Result.groups: 3 is more"},
		{"attributes that are not announced", func(w *wireResult) { w.with, w.attributes = 0, []byte{0x94, 0x90, 0x90, 0x90, 0x90} },
			"Result.attributes: they are there: true"},
		{"attributes that are announced only", func(w *wireResult) { w.attributes = []byte{markNil} }, "Result.attributes: they are there: false"},
		{"attributes of three columns", func(w *wireResult) { w.attributes = []byte{0x93, 0x90, 0x90, 0x90} }, "Result.attributes: 3 columns, not 4"},
		{"attributes of one subject", func(w *wireResult) { w.attributes = []byte{0x94, 0x91, 0xa0, 0x90, 0x90, 0x90} },
			"Result.attributes.names: 1 elements for 2"},
		{"a text that refers to none before", func(w *wireResult) { w.attributes = []byte{0x94, 0x92, 0xa1, 'x', 1, 0x90, 0x90, 0x90} },
			"Result.attributes.names: a number that none of the 1 texts before has"},
		{"a text that refers below zero", func(w *wireResult) { w.attributes = []byte{0x94, 0x92, 0xa1, 'x', 0xff, 0x90, 0x90, 0x90} },
			"Result.attributes.names: a number"},
		{"heads of no columns", func(w *wireResult) { w.heads = []byte{0x90} }, "Result.heads: 0 columns, not 5"},
		{"heads of one row", func(w *wireResult) { w.heads = heads("\x91\x00", "\x91\xc0", "\x91\xa0", "\x91\xa0", "\x91\x01") },
			"Result.heads.report_dates: 1 elements for 2 rows"},
		{"heads with a column too short", func(w *wireResult) {
			w.heads = heads("\x92\x00\x00", "\x92\xc0\xc0", "\x92\xa0\x00", "\x91\xa0", "\x92\x01\x01")
		},
			"Result.heads.periods: 1 elements for 2 rows"},
		{"stamps without groups", func(w *wireResult) { w.stamps = []byte{0x92, 0, 0} }, "Result.stamps: 2 times for 0 groups"},
		{"a total that is no number", func(w *wireResult) { w.total = []byte{0xa0} }, "Result.total: a string"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWireResult()
			if strings.HasPrefix(c.name, "attributes") || strings.HasPrefix(c.name, "a text") {
				w.with = byte(WithSubjects)
			}
			c.change(w)
			err := (&Result{}).Decode(w.payload())
			if err == nil {
				t.Fatal("it decodes")
			}
			code := CodeProtocol
			if c.name == "more subjects than rows" {
				code = CodeTooLarge
			}
			checkError(t, err, code, c.say)
		})
	}
}

func TestTextsMayBeWrittenOutEachTime(t *testing.T) {
	w := newWireResult()
	w.heads = append([]byte{0x95}, "\x92\x00\x01"+"\x92\xc0\x02"+"\x92\xa1x\xa1x"+"\x92\xa1x\xcc\x00"+"\x92\x01\xcd\x07\xe7"...)
	r := &Result{}
	if err := r.Decode(w.payload()); err != nil {
		t.Fatal(err)
	}
	want := []Head{{0, Instant{}, "x", "x", 1}, {1, At(2), "x", "x", 2023}}
	if diff := cmp.Diff(want, r.Heads); diff != "" {
		t.Error(diff)
	}
}

func TestMoreDistinctTextsThanTheDictionaryHolds(t *testing.T) {
	r := scenarioResult(100, 1)
	r.With = WithReports
	for i := range r.Subjects {
		h := sampleHead(0)
		h.Type, h.Period = fmt.Sprint(i%(maxDictionary+3)), fmt.Sprint(i)
		r.Heads = append(r.Heads, h)
	}
	got := &Result{}
	if err := got.Decode(r.AppendTo(nil)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(r, got, equal); diff != "" {
		t.Error(diff)
	}
}

func TestAGroupOfOneSubjectSendsItsKeyOnce(t *testing.T) {
	r := samplePeriodResult()
	payload := r.AppendTo(nil)
	if n := bytes.Count(payload, []byte(r.Subjects[0].Key)); n != 1 {
		t.Errorf("the key of two rows travels %d times", n)
	}
	got := &Result{}
	if err := got.Decode(payload); err != nil {
		t.Fatal(err)
	}
	if got.Subjects[0] != got.Subjects[1] || got.Subjects[1] == got.Subjects[2] {
		t.Error("rows of a group do not share their subject")
	}
}

func TestIDsTravelWhenAnnounced(t *testing.T) {
	r := sampleSearchResult()
	got := &Result{}
	if err := got.Decode(r.AppendTo(nil)); err != nil || !cmp.Equal(got.IDs, r.IDs) {
		t.Errorf("ids %v, %v", got.IDs, err)
	}
	r.With &^= WithIDs
	if err := got.Decode(r.AppendTo(nil)); err != nil || len(got.IDs) > 0 {
		t.Errorf("ids %v, %v", got.IDs, err)
	}
}

func TestMissingValuesAreFoundAtEveryPlace(t *testing.T) {
	for n := range 12 {
		for at := range n {
			r := &Result{Values: make([]float64, n)}
			for i := range r.Values {
				r.Values[i] = math.Copysign(math.MaxFloat64, float64(i%2)-0.5) // pairs add up to infinities of both signs
				r.Subjects = append(r.Subjects, &Subject{Key: "k"})
			}
			got := &Result{}
			if err := got.Decode(r.AppendTo(nil)); err != nil || !cmp.Equal(got.Values, r.Values) {
				t.Fatalf("%d values: %v, %v", n, got.Values, err)
			}
			r.Values[at] = Missing
			if err := got.Decode(r.AppendTo(nil)); err != nil || !cmp.Equal(got.Values, r.Values, cmp.Comparer(sameBits)) {
				t.Fatalf("%d values, %d missing: %v, %v", n, at, got.Values, err)
			}
		}
	}
}

func sameBits(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) }
