package dataset

import (
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// scanAll returns the records of a stream until its end or its first error.
func scanAll(t testing.TB, r io.Reader) ([][]string, error) {
	t.Helper()
	s, err := newScanner(r)
	if err != nil {
		return nil, err
	}
	var records [][]string
	for {
		fields, err := s.readRecord()
		if err == io.EOF {
			return records, nil
		}
		if err != nil {
			return records, err
		}
		var record []string
		for _, f := range fields {
			record = append(record, string(f))
		}
		records = append(records, record)
	}
}

// standardAll is scanAll by encoding/csv.
func standardAll(text string) ([][]string, error) {
	r := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, byteOrder)))
	r.FieldsPerRecord = -1
	var records [][]string
	for {
		record, err := r.Read()
		if err == io.EOF {
			return records, nil
		}
		if err != nil {
			return records, err
		}
		records = append(records, record)
	}
}

// csvSeeds are texts in which CSV readers differ.
var csvSeeds = []string{
	"", "\n", "\r\n", "\r", "a", "a\n", "a,b\nc,d", "a,b\r\nc,d\r\n", ",\n,,", "a\n\n\r\nb",
	`"a"`, `"a,b",c`, "\"a\nb\",c\nd", "\"a\r\nb\"\r\nc", `"a""b"`, `""`, `"",""`, `"""",x`, `"a"b`, `a"b`, `a,"b`, `"a`, "\"a\n",
	"\"\n\n\"", "a,\"b\"\r", "\"a\r\"\n", "\xef\xbb\xbfa,b\n", "\xef\xbb\xbf\"a\",b", "é,营业\n", "a\rb,c\n", "\"a\rb\"\n", "\x00,\xff\n", ` "a"`,
	"\"a\nb\"x\n", "\"\"\"\n\"\"\"\n",
}

func compareWithStandard(t *testing.T, text string) {
	t.Helper()
	want, wantErr := standardAll(text)
	for name, r := range map[string]io.Reader{
		"whole": strings.NewReader(text), "byte by byte": iotest.OneByteReader(strings.NewReader(text)),
	} {
		got, err := scanAll(t, r)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s %q: (-encoding/csv +ours)\n%s", name, text, diff)
		}
		if (err == nil) != (wantErr == nil) {
			t.Errorf("%s %q: error %v, encoding/csv says %v", name, text, err, wantErr)
		}
	}
}

func TestRecordsAreThoseOfEncodingCSV(t *testing.T) {
	for _, text := range csvSeeds {
		compareWithStandard(t, text)
	}
	long := strings.Repeat("x", scanBuffer/3)
	compareWithStandard(t, strings.Repeat(long+","+long+",\""+long+"\n"+long+"\"\n", 5))
}

func FuzzScanCSV(f *testing.F) {
	for _, text := range csvSeeds {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.HasPrefix(text, "\xff\xfe") || strings.HasPrefix(text, "\xfe\xff") {
			return // a mark of UTF-16, which encoding/csv takes for text
		}
		compareWithStandard(t, text)
	})
}

func TestABadRecordCostsItsFirstLineOnly(t *testing.T) {
	for _, test := range []struct {
		name, text string
		err        error
		at         int64    // line of the error
		behind     []string // first fields of the records behind
		lines      []int64  // their lines
	}{
		{"a mark inside", "a\nb\"c\nd\n", ErrQuote, 2, []string{"d"}, []int64{3}},
		{"a mark that is never closed", "a\n\"b\nc\nd\n", ErrQuote, 2, []string{"c", "d"}, []int64{3, 4}},
		{"a closed one with more behind, two lines on", "a\n\"b\nc\" d\n\"e\nf\"\ng\n", ErrQuote, 2, nil, nil},
		{"too long a line", "a\n" + strings.Repeat("x", 3*MaxRowBytes) + "\nb\n", ErrRowLength, 2, []string{"b"}, []int64{3}},
		{"too long at the end", "a\n" + strings.Repeat("x", MaxRowBytes+1), ErrRowLength, 2, nil, nil},
		{"an open mark and no other for too long", "a\n\"b\nc\n" + strings.Repeat("xxxxxxx\n", MaxRowBytes/8+1),
			ErrQuote, 2, []string{"c", "xxxxxxx"}, []int64{3, 4}},
		{"too many fields", "a\n" + strings.Repeat(",", MaxColumns) + "\nb\n", ErrFields, 2, []string{"b"}, []int64{3}},
		{"too many with marks", "a\n\"\"" + strings.Repeat(",", MaxColumns) + "\nb\n", ErrFields, 2, []string{"b"}, []int64{3}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, err := newScanner(strings.NewReader(test.text))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.readRecord(); err != nil {
				t.Fatal(err)
			}
			if _, err := s.readRecord(); !errors.Is(err, test.err) || s.line != test.at {
				t.Fatalf("error %v at line %d, want %v at line %d", err, s.line, test.err, test.at)
			}
			for i, want := range test.behind {
				fields, err := s.readRecord()
				if err != nil || string(fields[0]) != want || s.line != test.lines[i] {
					t.Fatalf("record %d behind: %q at line %d, %v; want %q at line %d", i, fields, s.line, err, want, test.lines[i])
				}
			}
		})
	}
}

func TestAReaderThatFailsEndsTheScan(t *testing.T) {
	broken := errors.New("the disk is on fire")
	records, err := scanAll(t, io.MultiReader(strings.NewReader("a,b\nc"), iotest.ErrReader(broken)))
	if !errors.Is(err, broken) {
		t.Errorf("error %v, want %v", err, broken)
	}
	if diff := cmp.Diff([][]string{{"a", "b"}}, records); diff != "" {
		t.Error(diff)
	}
	if _, err := scanAll(t, stuck{}); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("a reader that gives nothing: %v", err)
	}
	if _, err := scanAll(t, strings.NewReader("\xff\xfea\x00")); !errors.Is(err, ErrFormat) {
		t.Errorf("UTF-16: %v", err)
	}
}

// stuck is a reader that gives neither bytes nor an error.
type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

func TestHashSetKnowsWhatWasAdded(t *testing.T) {
	const n = 100_000
	s := hashSet{limit: n}
	for i := range uint64(n) {
		if s.add(i * 0x9e3779b97f4a7c15) {
			t.Fatalf("%d was known before it was added", i)
		}
	}
	for i := range uint64(n) {
		if !s.add(i * 0x9e3779b97f4a7c15) {
			t.Fatalf("%d is not known", i)
		}
	}
	if s.used != n || !s.full() {
		t.Errorf("%d used, full %v; want %d, true", s.used, s.full(), n)
	}
	for range 2 {
		if s.add(12345) {
			t.Error("a full set took one more")
		}
	}
	if size := len(s.slots); size*8 > n*22 {
		t.Errorf("%d slots for %d entries: more than 22 bytes each", size, n)
	}
}

func TestDaysAreThoseOfTheCalendar(t *testing.T) {
	for seconds := int64(-62135596800); seconds < 253402300800; seconds += 86400 * 13 {
		text := string(appendTime(nil, seconds))
		if got, ok := parseDay(text); !ok || got != seconds {
			t.Fatalf("parseDay(%q) = %d, %v; want %d", text, got, ok, seconds)
		}
	}
	bad := []string{"", "2023-1-01", "2023-02-29", "1900-02-29", "2023-13-01", "2023-00-10", "2023-04-31", "2023-01-00",
		"2023/01/01", "20230101", "2023-01-0a", "-023-01-01", "2023-01-011"}
	for _, text := range bad {
		if got, ok := parseDay(text); ok {
			t.Errorf("parseDay(%q) = %d", text, got)
		}
	}
	for _, leap := range []string{"2000-02-29", "2024-02-29"} {
		if _, ok := parseDay(leap); !ok {
			t.Errorf("parseDay(%q) fails", leap)
		}
	}
}
