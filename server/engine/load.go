package engine

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/kamaitachi/kamaitachi/protocol"
	"github.com/kamaitachi/kamaitachi/server/store"
)

// partChunks is how many chunks of a table one part of the loading has: enough that beginning to read costs little,
// and so few that all processors have work to the end.
const partChunks = 8

// loader builds a root. Parts of tables are read at once; each has chunks that no other has.
type loader struct {
	e      *Engine
	rt     *root
	kept   atomic.Int64 // bytes of series on the heap
	needed atomic.Int64 // bytes of all else
	mu     sync.Mutex   // guards the dictionaries, and what a table counts
}

// load builds the root of all that a store holds. Subjects come in key order, so their numbers are sorted by key. Of the
// history that does not fit the heap no more than one series for each processor is in memory at a time.
func (e *Engine) load(st *store.Store) (*root, error) {
	rt := &root{store: st, epoch: rand.Uint64(), applied: st.Applied(),
		keys: newKeyTable(randomSeed(), minKeySlots), topics: map[string]members{}}
	stored, err := st.Tables()
	if err != nil {
		return nil, err
	}
	tables := make([]*protocol.Table, len(stored))
	for i := range stored {
		tables[i] = &stored[i]
		rt.tables = append(rt.tables, &table{})
	}
	rt.catalog = newCatalog(tables, st.CatalogVersion())
	if err := st.EachSubject(rt.loadSubject); err != nil {
		return nil, err
	}
	l := &loader{e: e, rt: rt}
	if err := l.tables(); err != nil {
		return nil, err
	}
	rt.types, rt.periods = e.types.texts, e.periods.texts
	e.shed(rt, func(slot, i int) (*table, *chunk) { return rt.tables[slot], rt.tables[slot].chunks[i] })
	return rt, nil
}

func (r *root) loadSubject(s *protocol.Subject) error {
	n := r.count
	if n&chunkMask == 0 {
		r.subjects = append(r.subjects, new(subjectChunk))
	}
	r.subjects[n>>chunkBits].put(int(n&chunkMask), s)
	r.count++
	r.people += subjectBytes(s)
	r.keys = r.keys.insert(s.Key, n)
	r.all = append(r.all, n)
	for _, t := range s.Topics {
		r.topics[t] = append(r.topics[t], n)
	}
	return nil
}

// tables loads all tables, part by part.
func (l *loader) tables() error {
	l.needed.Store(int64(l.rt.people))
	if err := l.e.fits(l.needed.Load()); err != nil {
		return err
	}
	var parts errgroup.Group
	parts.SetLimit(runtime.GOMAXPROCS(0))
	chunks := len(l.rt.subjects)
	for slot, t := range l.rt.tables {
		t.chunks = make([]*chunk, chunks)
		for first := 0; first == 0 || first < chunks; first += partChunks {
			parts.Go(func() error { return l.part(slot, first) })
		}
	}
	return parts.Wait()
}

// part loads the chunks of a table from first on. The first and the last part reach beyond the subjects that there are,
// so that no row goes unseen.
func (l *loader) part(slot, first int) error {
	info := l.rt.catalog.tables[slot]
	p := loading{loader: l, slot: slot, info: info, own: map[int]bool{}, likely: noShape,
		types: numbers{of: &l.e.types, known: map[string]uint32{}}, periods: numbers{of: &l.e.periods, known: map[string]uint32{}}}
	p.chunks = l.rt.tables[slot].chunks
	var from, before string
	if first > 0 {
		from = l.rt.subject(uint32(first << chunkBits)).Key
	}
	if next := first + partChunks; next < len(l.rt.subjects) {
		before = l.rt.subject(uint32(next << chunkBits)).Key
	}
	if err := l.rt.store.EachSeriesWithin(info.Number, from, before, p.subject); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rt.tables[slot].add(&p.table)
	return nil
}

// add adds the counts of a part of t.
func (t *table) add(part *table) {
	t.reports += part.reports
	t.values += part.values
	t.series += part.series
	t.columns += part.columns
	t.history += part.history
	t.calendar = t.calendar.union(part.calendar)
}

// loading is the loading of a part of a table. Its own table has the chunks of the whole one and the counts of the part.
type loading struct {
	*loader
	table
	slot    int
	info    *protocol.Table
	own     map[int]bool
	types   numbers
	periods numbers
	likely  *shape // of the subject before
}

// subject takes the rows of one subject.
func (p *loading) subject(key string, stamp protocol.Stamp, rows []protocol.Report) error {
	n, ok := p.rt.find(key)
	if !ok {
		return fmt.Errorf("table %d has rows of subject %q, which does not exist; run kamaitachi verify", p.info.Number, key)
	}
	s := &series{stamp: stamp}
	err := s.gather(rows, len(p.info.Indicators), &p.e.shapes, p.likely, func(r *protocol.Report) (uint64, bool) {
		return packMeta(p.types.find(r.Type, &p.mu), p.periods.find(r.Period, &p.mu), r.Year, r.ReportDate), true
	})
	if err != nil {
		return fmt.Errorf("table %d, subject %q: %w", p.info.Number, key, err)
	}
	p.likely = s.shape
	before := p.table.columns
	c, row := p.writable(int(n>>chunkBits), p.own), int(n&chunkMask)
	p.table.set(c, row, s, p.rt.applied, &p.e.shapes)
	if err := p.e.fits(p.needed.Add(int64(p.table.columns - before))); err != nil {
		return err
	}
	if !p.fitsHistory(s) {
		c.series[row] = nil
		var key blockKey
		key.set(p.rt.epoch, p.slot, n, p.rt.applied)
		p.e.keep(key, s)
	}
	p.count(c, row, 1)
	return nil
}

// fitsHistory takes room on the heap for a series, if there is any.
func (p *loading) fitsHistory(s *series) bool {
	size := int64(s.bytes())
	room := p.e.historyBytes
	if p.e.heapBytes > 0 {
		room = p.e.heapBytes - int64(p.e.standing.limit) - p.needed.Load()
		if p.e.historyBytes > 0 {
			room = min(room, p.e.historyBytes)
		}
	} else if room == 0 {
		return true
	}
	if p.kept.Add(size) <= room {
		return true
	}
	p.kept.Add(-size)
	return false
}

// numbers are those of types, or of periods, as far as a part has met them. Most rows have the type of the row before.
type numbers struct {
	of     *dictionary
	known  map[string]uint32
	text   string // that was asked for last
	number uint32
}

// find returns the number of a text, which the parts give together.
func (n *numbers) find(text string, mu *sync.Mutex) uint32 {
	if text == n.text && n.number > 0 {
		return n.number - 1
	}
	number, ok := n.known[text]
	if !ok {
		mu.Lock()
		number = n.of.intern(text)
		mu.Unlock()
		n.known[text] = number
	}
	n.text, n.number = text, number+1
	return number
}

// newestFirst orders the reports of one subject as a series has them.
func newestFirst(a, b *protocol.Report) int {
	return cmp.Or(cmp.Compare(b.ReportDate, a.ReportDate), cmp.Compare(declared(b), declared(a)), strings.Compare(b.Type, a.Type))
}

// sorted brings rows into the order of a series, and returns where that begins and in which direction it goes. The store's
// order is nearly always the reverse of it, and then nothing is moved: rows are large.
func sorted(rows []protocol.Report) (first, step int) {
	for i := 1; i < len(rows); i++ {
		if a, b := &rows[i-1], &rows[i]; a.ReportDate >= b.ReportDate && newestFirst(a, b) <= 0 {
			slices.SortFunc(rows, func(a, b protocol.Report) int { return newestFirst(&a, &b) })
			return 0, 1
		}
	}
	return len(rows) - 1, -1
}

// gather fills s from the reports of one subject in a table of so many columns. It changes the order of rows. meta packs
// type, period and year, if they are known.
func (s *series) gather(rows []protocol.Report, columns int, all *shapes, likely *shape, meta func(r *protocol.Report) (uint64, bool)) error {
	first, step := sorted(rows)
	mask := make([]uint64, maskWords(columns))
	for i := range rows {
		if r := &rows[i]; len(r.Values) > columns {
			return fmt.Errorf("%w: a row of type %q has %d values for %d indicators", ErrDamaged, r.Type, len(r.Values), columns)
		}
		markPresent(mask, rows[i].Values)
	}
	stamp := s.stamp
	*s = *newSeries(all.of(mask, likely), len(rows))
	s.stamp = stamp
	for i := range rows {
		r := &rows[first+i*step]
		packed, known := meta(r)
		if !known {
			return fmt.Errorf("%w: a row of type %q and period %q, which no index knows", ErrDamaged, r.Type, r.Period)
		}
		s.appendTable(report{date: r.ReportDate, declare: declared(r), meta: packed}, r.Values)
	}
	return nil
}
