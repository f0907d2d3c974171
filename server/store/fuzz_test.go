package store

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// Whatever a decoder accepts, the encoder writes the same bytes for: there is one form of everything, and nothing in a
// record goes unread.

func FuzzRow(f *testing.F) {
	for _, r := range []protocol.Report{
		{},
		{Period: "596001", Year: 2023, Values: []float64{1, protocol.Missing, -0.5}},
		{Year: -1, Values: make([]float64, 9)},
	} {
		f.Add(appendRow(nil, &r))
	}
	f.Add([]byte{rowVersion, 0, 0, 0x80, 0x80, 0x80, 0x80, 0x01})
	f.Fuzz(func(t *testing.T, b []byte) {
		head, values, err := decodeRow(b, []float64{7})
		if len(values) > 1+protocol.MaxIndicators || values[0] != 7 {
			t.Fatalf("%d values appended", len(values)-1)
		}
		if err != nil {
			return
		}
		for i, v := range values {
			if !protocol.Storable(v) {
				t.Fatalf("value %d is %v", i, v)
			}
		}
		again := appendRow(nil, &protocol.Report{Period: string(head.period), Year: head.year, Values: values[1:]})
		if !bytes.Equal(again, b) {
			t.Fatalf("%x was read, and is written as %x", b, again)
		}
	})
}

func FuzzTable(f *testing.F) {
	f.Add(appendTable(nil, &protocol.Table{Name: "finance", Indicators: []protocol.Indicator{{ID: "a", Title: "A"}, {}}}))
	f.Add([]byte{tableVersion, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Fuzz(func(t *testing.T, b []byte) {
		table, err := decodeTable(1, b)
		if len(table.Indicators) > len(b) {
			t.Fatalf("%d indicators from %d bytes", len(table.Indicators), len(b))
		}
		if err == nil && !bytes.Equal(appendTable(nil, &table), b) {
			t.Fatalf("%x was read as %+v, which is written differently", b, table)
		}
	})
}

func FuzzSubject(f *testing.F) {
	s := protocol.NewSubject("33:1")
	s.Topics, s.Tags = []string{"a", "b"}, []protocol.Tag{{Kind: "concept", Text: "x"}}
	f.Add(appendSubject(nil, &s))
	f.Add([]byte{subjectVersion, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Fuzz(func(t *testing.T, b []byte) {
		var a alike
		s, err := decodeSubject("33:1", b, &a)
		if again, err2 := decodeSubject("33:1", b, &a); (err == nil) != (err2 == nil) || !reflect.DeepEqual(s, again) {
			t.Fatalf("%x was read as %+v, %v, and again as %+v, %v", b, s, err, again, err2)
		}
		if len(s.Topics)+len(s.Tags) > len(b) {
			t.Fatalf("%d topics and %d tags from %d bytes", len(s.Topics), len(s.Tags), len(b))
		}
		if err == nil && !bytes.Equal(appendSubject(nil, s), b) {
			t.Fatalf("%x was read as %+v, which is written differently", b, s)
		}
	})
}

func FuzzStamp(f *testing.F) {
	f.Add(appendStamp(nil, protocol.Stamp{Create: -1, Update: 1 << 40}))
	f.Fuzz(func(t *testing.T, b []byte) {
		st, err := decodeStamp(b)
		if err == nil && !bytes.Equal(appendStamp(nil, st), b) {
			t.Fatalf("%x was read as %+v, which is written differently", b, st)
		}
	})
}

func FuzzKeys(f *testing.F) {
	f.Add(appendRowKey(nil, 1, &protocol.Report{Subject: "33:1", Type: "0408", ReportDate: -1, DeclareDate: protocol.At(1)}))
	f.Add(appendStampKey(nil, 1, "33:1"))
	f.Add(appendTableKey(nil, 1))
	f.Fuzz(func(t *testing.T, key []byte) {
		if len(describeKey(key)) == 0 {
			t.Fatal("a key without a description")
		}
		if k, ok := parseRowKey(key); ok {
			r := protocol.Report{Subject: string(k.subject), Type: string(k.reportType), ReportDate: k.reportDate, DeclareDate: k.declareDate}
			if again := appendRowKey(nil, k.table, &r); !bytes.Equal(again, key) {
				t.Fatalf("%x was read, and is written as %x", key, again)
			}
		}
		if table, subject, ok := parseStampKey(key); ok && !bytes.Equal(appendStampKey(nil, table, string(subject)), key) {
			t.Fatalf("stamp key %x is written differently", key)
		}
	})
}

func FuzzMark(f *testing.F) {
	f.Add(string(appendMark(nil, mark{cluster: "ab", node: "cd", applied: 7, manifest: manifest{name: "MANIFEST-000001", whole: 9}})))
	f.Add("kamaitachi/1\n")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := parseMark(text)
		if err == nil && string(appendMark(nil, m)) != text {
			t.Fatalf("%q was read as %+v, which is written differently", text, m)
		}
	})
}

// A log or manifest of any bytes is walked to its end, within its bounds.
func FuzzChunks(f *testing.F) {
	f.Add([]byte{}, uint16(0))
	f.Add(bytes.Repeat([]byte{0, 0, 0, 0, 1, 0, 9}, 20), uint16(32700))
	f.Fuzz(func(t *testing.T, b []byte, zeros uint16) {
		data := append(make([]byte, zeros), b...)
		scan, err := scanChunks(bytes.NewReader(data), func(chunk) bool { return true })
		if err != nil {
			t.Fatal(err)
		}
		if scan.whole > int64(len(data)) || scan.bad >= int64(len(data)) || scan.bad >= 0 && scan.whole > scan.bad {
			t.Fatalf("%+v of %d bytes", scan, len(data))
		}
	})
}
