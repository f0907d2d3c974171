package engine

import (
	"fmt"
	"slices"

	"github.com/kamaitachi/kamaitachi/protocol"
	"github.com/kamaitachi/kamaitachi/server/store"
)

// Apply applies one log entry: all its writes become durable and visible together. outcomes[i] tells why write i
// changed nothing, or is nil. err is a failure of the store, after which the engine applies nothing more. An entry
// that was applied before changes nothing. Apply keeps nothing of writes.
func (e *Engine) Apply(index uint64, writes []*protocol.Write) (outcomes []error, err error) {
	entry := protocol.Entry{Index: index, Writes: writes}
	for _, w := range writes {
		entry.Time = max(entry.Time, w.Time)
	}
	all, err := e.ApplyAll([]protocol.Entry{entry})
	return all[0], err
}

// ApplyAll is Apply of several log entries, in the order of their indexes, by one commit: what the last of them leaves
// becomes durable and visible at once. outcomes[i] are those of entry i.
func (e *Engine) ApplyAll(entries []protocol.Entry) (outcomes [][]error, err error) {
	e.applying.Lock()
	defer e.done()
	outcomes = make([][]error, len(entries))
	for i := range entries {
		outcomes[i] = make([]error, len(entries[i].Writes))
	}
	if e.failed != nil {
		return outcomes, e.failed
	}
	base := e.root.Load()
	if len(entries) == 0 || entries[len(entries)-1].Index <= base.applied {
		return outcomes, nil
	}
	batch := e.store.NewBatch()
	defer batch.Close()
	d := newDraft(e, base, batch)
	defer d.close()
	for i := range entries {
		if entries[i].Index > base.applied {
			d.apply(&entries[i], outcomes[i])
		}
	}
	next, err := d.finish()
	if err != nil {
		e.failed = fmt.Errorf("apply log entry %d: %w", d.next.applied, err)
		return outcomes, e.failed
	}
	batch.PutTime(e.time)
	if err := batch.Commit(next.applied, e.sync); err != nil {
		e.failed = fmt.Errorf("commit log entry %d: %w", next.applied, err)
		return outcomes, e.failed
	}
	changes := d.touch()
	changes.publish(next.applied)
	e.publish(next)
	return outcomes, nil
}

// draft is the next root while it is made: a copy of the base whose touched parts are copied before they change.
type draft struct {
	e     *Engine
	base  *root
	next  *root
	batch *store.Batch
	sc    *scratch
	index uint64 // of the entry that is being applied

	ownSubjects bool               // next.subjects is a copy
	ownChunks   map[int]bool       // subject chunks that are copies
	touched     map[uint32]bool    // subjects whose attributes changed, or that are new
	tables      map[int]*tableEdit // by slot
}

func newDraft(e *Engine, base *root, batch *store.Batch) *draft {
	next := *base
	return &draft{
		e: e, base: base, next: &next, batch: batch, sc: e.working(false),
		ownChunks: map[int]bool{}, touched: map[uint32]bool{}, tables: map[int]*tableEdit{},
	}
}

// close gives the working memory back. What a write has read is no query's miss.
func (d *draft) close() {
	d.sc.read = false
	d.e.end(d.sc)
}

// apply applies one log entry.
func (d *draft) apply(entry *protocol.Entry, outcomes []error) {
	d.index, d.next.applied = entry.Index, entry.Index
	d.batch.At(entry.Index)
	d.e.time = max(d.e.time, entry.Time)
	for i, w := range entry.Writes {
		outcomes[i] = d.once(w)
	}
}

// once applies one write, unless it was carried out before.
func (d *draft) once(w *protocol.Write) error {
	origin := w.Origin()
	if !origin.Given() {
		return d.write(w)
	}
	if err := d.e.repeats.check(origin); err != nil {
		return err
	}
	if err := d.write(w); err != nil {
		return err
	}
	d.e.repeats.note(origin, d.index, d.batch)
	return nil
}

// write applies one write wholly or returns why not.
func (d *draft) write(w *protocol.Write) error {
	switch {
	case w.Put != nil:
		return d.put(w.Put, w.Time)
	case w.Delete != nil:
		return d.delete(w.Delete)
	case w.Subjects != nil:
		return d.putSubjects(w.Subjects)
	case w.Tables != nil:
		return d.putTables(w.Tables)
	}
	return badRequest("a write that writes nothing")
}

func (d *draft) putTables(p *protocol.PutTables) error {
	grown, err := growCatalog(d.next.catalog, p, d.index)
	if err != nil {
		return err
	}
	changed := false
	for slot, t := range grown.tables {
		if slot < len(d.next.catalog.tables) && len(t.Indicators) == len(d.next.catalog.tables[slot].Indicators) {
			continue
		}
		changed = true
		d.batch.PutTable(t)
	}
	if !changed {
		return nil
	}
	d.next.catalog = grown
	d.next.tables = slices.Clone(d.next.tables)
	for len(d.next.tables) < len(grown.tables) {
		d.next.tables = append(d.next.tables, &table{})
	}
	return nil
}

func (d *draft) put(p *protocol.Put, time int64) error {
	plan, err := checkPut(d.next.catalog, p)
	if err != nil {
		return err
	}
	edit := d.table(plan.slot)
	if err := d.checkRoom(edit, p); err != nil {
		return err
	}
	info := d.next.catalog.tables[plan.slot]
	width := len(info.Indicators)
	slab := make([]float64, len(p.Reports)*width)
	for i := range p.Reports {
		r := p.Reports[i]
		row := slab[i*width : (i+1)*width : (i+1)*width]
		spread(row, r.Values, plan.columns)
		if r.Values = row; r.Type == "" {
			r.Type = info.DefaultReportType
		}
		if r.Year == yearOf(r.ReportDate) {
			r.Year = 0 // the year of the report date is said by leaving it out, so that equal rows are stored equal
		}
		number := d.subjectNumber(r.Subject)
		d.batch.PutRow(info.Number, &r)
		edit.staged(number).add(d.e.reportOf(&r), row, time)
	}
	return nil
}

// spread lays the values of a Put out in table order.
func spread(row, values []float64, columns []int) {
	for i := range row {
		row[i] = protocol.Missing
	}
	for i, v := range values {
		row[columns[i]] = v
	}
}

// reportOf returns what a series keeps of r besides its values.
func (e *Engine) reportOf(r *protocol.Report) report {
	return report{
		date: r.ReportDate, declare: declared(r),
		meta: packMeta(e.types.intern(r.Type), e.periods.intern(r.Period), r.Year, r.ReportDate),
	}
}

// declared is the declare date inside the engine.
func declared(r *protocol.Report) int64 {
	if !r.DeclareDate.Given {
		return noDate
	}
	return r.DeclareDate.Seconds
}

// checkRoom refuses a Put after which a subject could have more rows than allowed. Rows that it replaces count too.
func (d *draft) checkRoom(edit *tableEdit, p *protocol.Put) error {
	for i := range p.Reports {
		n, ok := d.next.find(p.Reports[i].Subject)
		if !ok {
			continue
		}
		rows := edit.rows(n)
		if rows+len(p.Reports) <= protocol.MaxSubjectRows {
			continue
		}
		for j := range p.Reports {
			if p.Reports[j].Subject == p.Reports[i].Subject {
				rows++
			}
		}
		if rows > protocol.MaxSubjectRows {
			return badRequest("subject %q would have %d rows, at most %d are allowed", p.Reports[i].Subject, rows,
				protocol.MaxSubjectRows)
		}
	}
	return nil
}

func (d *draft) delete(p *protocol.Delete) error {
	slot, err := checkDelete(d.next.catalog, p)
	if err != nil {
		return err
	}
	edit := d.table(slot)
	for _, key := range p.Subjects {
		n, ok := d.next.find(key)
		if !ok || edit.rows(n) == 0 {
			continue
		}
		d.batch.DeleteRows(d.next.catalog.tables[slot].Number, key)
		edit.staged(n).forget()
	}
	return nil
}

// finish returns the next root; the draft is used up.
func (d *draft) finish() (*root, error) {
	d.finishSubjects()
	d.next.tables = slices.Clone(d.next.tables)
	for slot, edit := range d.tables {
		finished, err := edit.finish(d, slot)
		if err != nil {
			return nil, err
		}
		d.next.tables[slot] = finished
	}
	d.next.types, d.next.periods = d.e.types.texts, d.e.periods.texts
	d.advance()
	d.shed()
	return d.next, nil
}
