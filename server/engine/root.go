package engine

import (
	"strconv"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// chunkBits sizes a chunk: 256 subjects. Applying a write copies the chunks that it touches (some 20 KB each with ten
// indicators), and a root lists one pointer per chunk.
const (
	chunkBits = 8
	chunkRows = 1 << chunkBits
	chunkMask = chunkRows - 1
)

// root is one moment of everything: immutable, published by one atomic store, loaded once per query.
type root struct {
	applied  uint64
	catalog  *catalog
	keys     *keyTable // may know subjects numbered count and above; they are not of this moment
	count    uint32    // subjects, numbered from 0 in the order of their arrival
	subjects []*subjectChunk
	all      members            // every subject in key order
	topics   map[string]members // topic -> its subjects in key order
	types    []string           // report types by number
	periods  []string           // periods by number
	tables   []*table           // by slot, as catalog.tables
}

type subjectChunk [chunkRows]*protocol.Subject

// table holds the reports of one table of the catalog.
type table struct {
	chunks  []*chunk // by subject number; nil where none of the chunk's subjects has a report
	reports int
	values  int
	series  int
}

// chunk holds 256 subjects of one table: the newest report of each by column, and its series.
type chunk struct {
	width  int                // columns of values
	dates  [chunkRows]int64   // report date of the newest report; noDate where the subject has none
	values []float64          // column c of row i is values[c<<chunkBits|i]
	series [chunkRows]*series // nil where the subject has no report
}

func newChunk(width int) *chunk {
	c := &chunk{width: width, values: make([]float64, width<<chunkBits)}
	for i := range c.dates {
		c.dates[i] = noDate
	}
	for i := range c.values {
		c.values[i] = protocol.Missing
	}
	return c
}

// copyTo returns a copy of c with at least width columns.
func (c *chunk) copyTo(width int) *chunk {
	if width < c.width {
		width = c.width
	}
	n := &chunk{width: width, dates: c.dates, series: c.series, values: make([]float64, width<<chunkBits)}
	for i := copy(n.values, c.values); i < len(n.values); i++ {
		n.values[i] = protocol.Missing
	}
	return n
}

// set makes s the series of a row (nil = none) and its first report the newest.
func (c *chunk) set(row int, s *series) {
	c.series[row] = s
	if s == nil {
		c.dates[row] = noDate
		for col := 0; col < c.width; col++ {
			c.values[col<<chunkBits|row] = protocol.Missing
		}
		return
	}
	c.dates[row] = s.reports[0].date
	for col := 0; col < c.width; col++ {
		c.values[col<<chunkBits|row] = s.value(0, col)
	}
}

// chunkOf returns the chunk and row of a subject number; the chunk is nil where the table has nothing there.
func (t *table) chunkOf(number uint32) (*chunk, int) {
	i := int(number >> chunkBits)
	if i >= len(t.chunks) {
		return nil, 0
	}
	return t.chunks[i], int(number & chunkMask)
}

// seriesOf returns the series of a subject, or nil.
func (t *table) seriesOf(number uint32) *series {
	c, row := t.chunkOf(number)
	if c == nil {
		return nil
	}
	return c.series[row]
}

// subject returns the subject of a number below r.count.
func (r *root) subject(number uint32) *protocol.Subject {
	return r.subjects[number>>chunkBits][number&chunkMask]
}

func (r *root) keyOf(number uint32) string {
	if number >= r.count {
		return "" // inserted after this moment: no key equals it
	}
	return r.subject(number).Key
}

// find returns the number of a subject that exists at this moment.
func (r *root) find(key string) (uint32, bool) {
	n, ok := r.keys.find(key, r.keyOf)
	return n, ok && n < r.count
}

// catalog is the tables of one moment, with their indicators by name.
type catalog struct {
	version uint64 // applied index of its newest change
	tables  []*protocol.Table
	columns []map[string]int // by slot: id and code -> column
	byName  map[string]int   // slots
	byNum   map[uint32]int   // slots
}

// slot resolves a table reference: "" = table 1, digits = number, else name.
func (c *catalog) slot(ref string) (int, error) {
	slot, ok := 0, false
	switch {
	case ref == "":
		slot, ok = c.byNum[1]
		ref = "1"
	case allDigits(ref):
		n, err := strconv.ParseUint(ref, 10, 32)
		if err == nil {
			slot, ok = c.byNum[uint32(n)]
		}
	default:
		slot, ok = c.byName[ref]
	}
	if !ok {
		return 0, protocol.Errorf(protocol.CodeNotFound, "unknown table %q", ref)
	}
	return slot, nil
}

// column resolves an indicator id or code of a table.
func (c *catalog) column(slot int, name string) (int, error) {
	col, ok := c.columns[slot][name]
	if !ok {
		return 0, protocol.Errorf(protocol.CodeUnknownIndicator, "unknown indicator %q in table %q",
			name, c.tables[slot].Name)
	}
	return col, nil
}

func allDigits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
