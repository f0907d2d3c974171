package engine

import (
	"math"
	"slices"
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
	orders   *orders            // of newest reports
	pasts    *pasts
}

// subjectChunk is 256 subjects with the short forms of their keys, in one place: an answer fetches both at once. Two of them
// are a line of the processor's cache, so that none reaches into the next: 2.20 to 2.07 us a page of 500,000.
type subjectChunk [chunkRows]named

type named struct {
	*protocol.Subject
	short protocol.ShortKey
	_     uint64
}

// put makes s the subject of a row.
func (c *subjectChunk) put(row int, s *protocol.Subject) {
	c[row].Subject, c[row].short = s, protocol.ShortKeyOf(s.Key)
}

// table holds the reports of one table of the catalog.
type table struct {
	chunks  []*chunk // by subject number; nil where none of the chunk's subjects has a report
	reports int
	values  int
	series  int
	columns int // bytes of the chunks
	history int // bytes of the series that are on the heap

	calendar *calendar // of its reports
}

// chunk holds 256 subjects of one table: the newest report of each, and its series or what it is like.
//
// The newest reports lie row by row, date and values together, so that ranking a list of subjects and filling in what it
// answers touch a line or two of the processor's cache for each of them. By column they would touch one for each value.
type chunk struct {
	rows   []uint64 // of each subject: report date (noDate where there is none), and the bits of the values
	stride int      // words of a row: one more than columns, or some that nobody reads besides
	shape  *shape   // the columns that are there
	*records
	_ [2]uint64 // a line of the processor's cache in all
}

// records are what a chunk has of its subjects besides the newest values. They lie apart, so that the chunks of a large table
// lie close together: a page of a ranking goes through as many of them as it has rows, and objects of this size begin at so few
// places of their memory pages that the caches cannot hold them all.
// That took a page of 500,000 from 2.45 to 2.25 us (BenchmarkTopic).
type records struct {
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
func (c *chunk) bytes() int { return int(unsafe.Sizeof(*c)+unsafe.Sizeof(records{})) + len(c.rows)*8 }

func newChunk() *chunk {
	c := &chunk{shape: noShape, stride: 1, rows: make([]uint64, chunkRows), records: new(records)}
	for row := range chunkRows {
		c.setDate(row, noDate)
	}
	return c
}

// clone returns a copy that may be changed.
func (c *chunk) clone() *chunk {
	n, kept := *c, *c.records
	n.rows, n.records = slices.Clone(c.rows), &kept
	return &n
}

// row returns the words of a row, and those behind it.
func (c *chunk) row(row int) []uint64 { return c.rows[row*c.stride:] }

// date is the report date of a row's newest report, or noDate.
func (c *chunk) date(row int) int64 { return int64(c.rows[row*c.stride]) }

func (c *chunk) setDate(row int, date int64) { c.rows[row*c.stride] = uint64(date) }

// value is column of a row's newest report.
func (c *chunk) value(row, column int) float64 {
	place := c.shape.place(column)
	if place < 0 {
		return protocol.Missing
	}
	return math.Float64frombits(c.rows[row*c.stride+1+place])
}

// lineWords is how many words a line of the processor's cache has.
const lineWords = 8

// strideOf returns how many words a row of so many takes. Where a seventh more makes it whole lines it gets that: a row that
// does not begin with a line nearly always reaches into one more.
func strideOf(words int) int {
	whole := (words + lineWords - 1) / lineWords * lineWords
	if (whole-words)*7 <= words {
		return whole
	}
	return words
}

// reshape makes room for more columns.
func (c *chunk) reshape(to *shape) {
	before := *c
	c.shape, c.stride = to, strideOf(1+to.width())
	c.rows = make([]uint64, chunkRows*c.stride)
	for row := range chunkRows {
		c.setDate(row, before.date(row))
		for place, column := range to.columns {
			c.rows[row*c.stride+1+place] = math.Float64bits(before.value(row, int(column)))
		}
	}
}

// set makes s the series of a row (nil = none) from a log entry on, and its first report the newest.
func (c *chunk) set(row int, s *series, version uint64, all *shapes) {
	c.series[row], c.sums[row] = s, s.summary(version)
	if s == nil {
		c.setDate(row, noDate)
		return // nobody looks at the values
	}
	c.show(row, s, 0, all)
}

// show puts report i of a series into a row.
func (c *chunk) show(row int, s *series, i int, all *shapes) {
	if !c.shape.covers(s.shape) {
		c.reshape(all.union(c.shape, s.shape))
	}
	c.setDate(row, s.date(i))
	for place, column := range c.shape.columns {
		c.rows[row*c.stride+1+place] = math.Float64bits(s.value(i, int(column)))
	}
}

// set is set of one of the table's chunks.
func (t *table) set(c *chunk, row int, s *series, version uint64, all *shapes) {
	before := c.bytes()
	c.set(row, s, version, all)
	t.columns += c.bytes() - before
	if s != nil {
		t.calendar = t.calendar.with(s)
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
	return r.subjects[number>>chunkBits][number&chunkMask].Subject
}

// named is subject with the short form of its key.
func (r *root) named(number uint32) *named { return &r.subjects[number>>chunkBits][number&chunkMask] }

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
	columns []*names       // by slot: ids and codes
	byName  map[string]int // slots
	byNum   map[uint32]int // slots
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
	col, ok := c.columns[slot].column(name)
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
