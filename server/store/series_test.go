package store

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unsafe"

	"github.com/cockroachdb/pebble/v2"

	"github.com/kamaitachi/kamaitachi/protocol"
)

func TestEachStopsAtTheErrorOfItsFunction(t *testing.T) {
	s := openTemp(t)
	commit(t, s, 1, func(b *Batch) { market(b, 0, 5, 2) })
	enough := errors.New("enough")
	calls := 0
	err := s.EachSeries(1, func(string, protocol.Stamp, []protocol.Report) error { calls++; return enough })
	if err != enough || calls != 1 {
		t.Errorf("EachSeries: error %v after %d calls", err, calls)
	}
	calls = 0
	err = s.EachSubject(func(*protocol.Subject) error { calls++; return enough })
	if err != enough || calls != 1 {
		t.Errorf("EachSubject: error %v after %d calls", err, calls)
	}
}

// Types and periods repeat in millions of rows: each is one string.
func TestEachSeriesInternsStrings(t *testing.T) {
	s := openTemp(t)
	commit(t, s, 1, func(b *Batch) { market(b, 0, 3, 4) })
	types, periods := map[*byte]bool{}, map[*byte]bool{}
	err := s.EachSeries(1, func(subject string, _ protocol.Stamp, rows []protocol.Report) error {
		for _, r := range rows {
			types[unsafe.StringData(r.Type)], periods[unsafe.StringData(r.Period)] = true, true
			if unsafe.StringData(r.Subject) != unsafe.StringData(subject) {
				t.Errorf("%s: a row has a string of its own for its subject", subject)
			}
		}
		return nil
	})
	must(t, err)
	if len(types) != 1 || len(periods) != 1 {
		t.Errorf("%d strings for one type, %d for one period", len(types), len(periods))
	}
}

// A series of which a part was appended to must not write into the rows of the next.
func TestRowsOfOneCallDoNotShareRoom(t *testing.T) {
	s := openTemp(t)
	commit(t, s, 1, func(b *Batch) { market(b, 0, 2, 3) })
	err := s.EachSeries(1, func(subject string, _ protocol.Stamp, rows []protocol.Report) error {
		next := rows[1].Values[0]
		_ = append(rows[0].Values, -1)
		if rows[1].Values[0] != next {
			return fmt.Errorf("appending to the first row of %s changed the second", subject)
		}
		return nil
	})
	must(t, err)
}

func TestSeriesOfNobodyIsEmpty(t *testing.T) {
	s := openTemp(t)
	commit(t, s, 1, func(b *Batch) { market(b, 0, 2, 3) })
	for _, subject := range []string{"", "33", "33:0000000", "33:000000001", "\x00", "33:00000001\x00"} {
		found, err := s.Series(1, subject)
		if err != nil || len(found.Reports) != 0 {
			t.Errorf("%q: %d rows, error %v", subject, len(found.Reports), err)
		}
	}
}

// A record that the checksums find right and that is not one of ours ends reading with its key.
func TestUndecodableRecordIsNamed(t *testing.T) {
	row := protocol.Report{Subject: "33:00000001", Type: "0408", ReportDate: 1}
	cases := map[string]struct{ key, value []byte }{
		`subject "33:00000001"`:        {appendSubjectKey(nil, "33:00000001"), []byte{9}},
		`table 1`:                      {appendTableKey(nil, 1), nil},
		`stamp of table 1`:             {appendStampKey(nil, 1, "33:00000001"), []byte{stampVersion}},
		`report_date 1, report_type "`: {appendRowKey(nil, 1, &row), []byte{rowVersion, 200}},
		`key 0x72000000013333`:         {append(appendSeriesPrefix(nil, 1, "33")[:7], 1), nil},
	}
	for text, c := range cases {
		s := openTemp(t)
		commit(t, s, 1, func(b *Batch) { market(b, 0, 2, 3) })
		must(t, s.db.Set(c.key, c.value, pebble.NoSync))
		_, err := read(s, 1)
		if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), text) {
			t.Errorf("error is %v, want ErrDamaged that names %s", err, text)
		}
	}
}
