package store

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// The bytes that FORMAT.md shows. If this fails, the format moved: stores that exist cannot be read any more.
func TestBytesAreThoseOfFormat1(t *testing.T) {
	row := protocol.Report{Subject: "33:1", Type: "0408", Period: "596001", Year: 2023,
		Values: []float64{1.5, protocol.Missing, 2, protocol.Missing}}
	declared := row
	declared.ReportDate, declared.DeclareDate = -1, protocol.At(1)
	for name, c := range map[string]struct {
		got  []byte
		want string
	}{
		"row key":      {appendRowKey(nil, 1, &row), "72 00000001 33333a31 00 8000000000000000 30343038 00 00"},
		"declared row": {appendRowKey(nil, 1, &declared), "72 00000001 33333a31 00 7fffffffffffffff 30343038 00 01 8000000000000001"},
		"row":          {appendRow(nil, &row), "01 06353936303031 ce1f 03 05 000000000000f83f 0000000000000040"},
		"empty row":    {appendRow(nil, &protocol.Report{}), "01 00 00 00"},
		"table key":    {appendTableKey(nil, 258), "74 00000102"},
		"subject key":  {appendSubjectKey(nil, "33:1"), "73 33333a31"},
		"stamp key":    {appendStampKey(nil, 1, "33:1"), "77 00000001 33333a31"},
		"stamp":        {appendStamp(nil, protocol.Stamp{Create: 1, Update: -1}), "01 02 01"},
		"table": {appendTable(nil, &protocol.Table{Name: "f", DefaultReportType: "04",
			Indicators: []protocol.Indicator{{ID: "a", Code: "1", Title: "A", Unit: "x"}}}), "01 0166 023034 01 0161 0131 0141 0178"},
		"subject": {appendSubject(nil, &protocol.Subject{Name: "n", Status: "s", ListingDate: "l", Category: "c",
			Topics: []string{"t"}, Tags: []protocol.Tag{{Kind: "k", Text: "x"}}}), "01 016e 0173 016c 0163 01 0174 01 016b 0178"},
	} {
		if got := hex.EncodeToString(c.got); got != strings.ReplaceAll(c.want, " ", "") {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// The applied index of the newest change to the catalog is kept, and moved by tables alone.
func TestCatalogVersion(t *testing.T) {
	s := openTemp(t)
	commit(t, s, 3, func(b *Batch) { b.PutTable(&protocol.Table{Number: 1, Name: "finance"}) })
	commit(t, s, 4, func(b *Batch) { b.PutStamp(1, "a", protocol.Stamp{}) })
	if s.CatalogVersion() != 3 || s.Applied() != 4 {
		t.Errorf("catalog %d, applied %d; want 3, 4", s.CatalogVersion(), s.Applied())
	}
}
