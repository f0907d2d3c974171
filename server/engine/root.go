package engine

import (
	"strconv"
	"unsafe"

	"github.com/kamaitachi/kamaitachi/protocol"
	"github.com/kamaitachi/kamaitachi/server/store"
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
	store    *store.Store
	epoch    uint64 // random, of each loading of a store: versions of two stores are not to be compared
	applied  uint64
	catalog  *catalog
	keys     *keyTable // may know subjects numbered count and above; they are not of this moment
	people   int       // bytes of the subjects
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
	columns int // bytes of the chunks
	history int // bytes of the series that are on the heap
}

// chunk holds 256 subjects of one table: the newest report of each by column, and its series or what it is like.
type chunk struct {
	width  int                // columns of values
	dates  [chunkRows]int64   // report date of the newest report; noDate where the subject has none
	values []float64          // column c of row i is values[c<<chunkBits|i]
	sums   [chunkRows]summary // zero where the subject has no report
	series [chunkRows]*series // nil where the subject has no report, or its series is not on the heap
}

// summary is what is known of a series wherever it is. It has no pointers.
type summary struct {
	head    report // its newest report
	version uint64 // index of the log entry that changed it last, or of the newest one at loading
	reports uint32
	present uint32 // values that are not missing
}

// bytes is the memory that a chunk takes.
func (c *chunk) bytes() int { return int(unsafe.Sizeof(*c)) + len(c.values)*8 }

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
	n := &chunk{width: width, dates: c.dates, sums: c.sums, series: c.series, values: make([]float64, width<<chunkBits)}
	for i := copy(n.values, c.values); i < len(n.values); i++ {
		n.values[i] = protocol.Missing
	}
	return n
}

// set makes s the series of a row (nil = none) from a log entry on, and its first report the newest.
func (c *chunk) set(row int, s *series, version uint64) {
	c.series[row], c.sums[row] = s, s.summary(version)
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

// summaryOf returns what is known of the series of a subject; one without reports is zero.
func (t *table) summaryOf(number uint32) summary {
	c, row := t.chunkOf(number)
	if c == nil {
		return summary{}
	}
	return c.sums[row]
}

// has tells whether the series of a subject is at a version, in the same loading of the store.
func (r *root) has(epoch uint64, slot int, number uint32, version uint64) bool {
	if r.epoch != epoch {
		return false
	}
	sum := r.tables[slot].summaryOf(number)
	return sum.version == version && sum.reports > 0
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
