package dataset

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// Defaults and bounds of ImportOptions.
const (
	DefaultBatchRows     = 4_096
	DefaultBatchBytes    = 512 << 10
	DefaultInFlight      = 1
	MaxInFlight          = 1_024
	DefaultMaxIdentities = 64 << 20 // of 11 to 21 bytes
)

// ImportOptions say how rows go into a sink. The zero value works once Table is set.
type ImportOptions struct {
	// Table is what the reports belong to; the same that the source was opened with. It must have a name.
	Table protocol.Table
	// MaxErrors is how many bad rows are left out before the import ends; negative = any number. Default 0.
	MaxErrors int
	// DryRun checks every row and writes nothing; the sink may be nil.
	DryRun bool
	// BatchRows is how many rows one write has at most; default 4,096, at most protocol.MaxWriteRows.
	BatchRows int
	// BatchBytes is about how large one write becomes at most on the wire; default 512 KiB, half of what a node takes.
	// A single row may be larger.
	BatchBytes int
	// InFlight is how many writes may be on their way at once; default 1, at most 1,024. Rows of one identity, and
	// attributes of one subject, are written in the order of the file whatever it is.
	InFlight int
	// MaxIdentities bounds how many different reports are remembered to tell which are superseded; default 64 Mi.
	// Behind it Superseded counts too few (Summary.Uncounted), and writes go one at a time.
	MaxIdentities int
	// OnReject is called for each bad row that is left out. May be nil.
	OnReject func(*RowError)
	// OnProgress is called about once per batch, from the goroutine of Import. May be nil.
	OnProgress func(Progress)
}

// Validate tells which option is out of its bounds.
func (o *ImportOptions) Validate() error {
	for _, v := range []struct {
		name           string
		value, maximum int
	}{
		{"BatchRows", o.BatchRows, protocol.MaxWriteRows}, {"BatchBytes", o.BatchBytes, 1 << 30},
		{"InFlight", o.InFlight, MaxInFlight}, {"MaxIdentities", o.MaxIdentities, 1 << 32},
	} {
		if v.value < 0 || v.value > v.maximum {
			return fmt.Errorf("%w: %s = %d: expected 0 (the default) to %d", ErrOptions, v.name, v.value, v.maximum)
		}
	}
	if o.Table.Name == "" {
		return fmt.Errorf("%w: Table has no name", ErrOptions)
	}
	return nil
}

// withDefaults fills what is not given.
func (o ImportOptions) withDefaults() ImportOptions {
	for _, v := range []struct {
		value   *int
		standby int
	}{
		{&o.BatchRows, DefaultBatchRows}, {&o.BatchBytes, DefaultBatchBytes}, {&o.InFlight, DefaultInFlight},
		{&o.MaxIdentities, DefaultMaxIdentities},
	} {
		if *v.value == 0 {
			*v.value = v.standby
		}
	}
	return o
}

// Summary is what an import did. Of a complete one Rows = Written + Superseded + Described + Rejected + Skipped.
type Summary struct {
	Rows       int // rows read, good and bad
	Written    int // reports that the sink has acknowledged and no later row of the file replaced; dry run: would have
	Superseded int // reports that a later row with the same identity replaced
	Described  int // rows without a report, which only described a subject
	Rejected   int // bad rows
	Skipped    int // rows that the mapping leaves out
	Subjects   int // different subjects among the good rows
	Created    []string
	Uncounted  bool // MaxIdentities was reached: Superseded is too low, and Written too high by as much
	Elapsed    time.Duration
}

// Progress is how far an import is.
type Progress struct {
	Rows, Rejected, Superseded int
	// Done of Total, in the source's unit: bytes of a file before unpacking, rows of a table. Total 0 = unknown.
	Done, Total int64
}

// Import writes all rows of a source into a sink. The summary is also good when there is an error: it tells what was
// acknowledged until then. An import that ended early may be repeated: the same rows leave the same state.
//
// It returns ErrTooManyErrors with the row that was one too many, or what the source, the sink or the context said.
func Import(ctx context.Context, src Source, sink Sink, o ImportOptions) (Summary, error) {
	start := time.Now()
	if err := o.Validate(); err != nil {
		return Summary{}, err
	}
	im := newImporter(ctx, src, sink, o.withDefaults())
	err := im.run()
	im.inFlight.Wait()
	im.cancel()
	if err == nil || errors.Is(err, context.Canceled) {
		if failed := im.failed(); failed != nil {
			err = failed
		}
	}
	s := im.summary()
	s.Elapsed = time.Since(start)
	if err != nil {
		return s, fmt.Errorf("import ended after %d rows, %d reports are in: %w", s.Rows, s.Written, err)
	}
	return s, nil
}

// importer is one import.
type importer struct {
	ctx    context.Context
	cancel context.CancelFunc
	src    Source
	sink   Sink
	o      ImportOptions
	sum    Summary // but what mu guards
	seen   tracker
	put    int // how many of the source's created columns the sink has

	current  *batch
	free     chan *batch
	inFlight sync.WaitGroup

	mu   sync.Mutex
	acks Summary // Written, Superseded, Described of acknowledged batches
	err  error   // the first that the sink returned
}

func newImporter(ctx context.Context, src Source, sink Sink, o ImportOptions) *importer {
	im := &importer{src: src, sink: sink, o: o, free: make(chan *batch, o.InFlight+1)}
	im.ctx, im.cancel = context.WithCancel(ctx)
	im.seen = newTracker(&o)
	for range o.InFlight {
		im.free <- &batch{}
	}
	im.current = &batch{}
	return im
}

// run reads until the source ends.
func (im *importer) run() error {
	var rec Record
	for {
		err := im.src.Next(&rec)
		if err == nil {
			err = im.add(&rec)
		} else if err == io.EOF {
			return im.flush()
		} else if row, ok := errors.AsType[*RowError](err); ok {
			err = im.reject(row)
		}
		if err != nil {
			return err
		}
	}
}

// add puts a good row into the current batch.
func (im *importer) add(rec *Record) error {
	im.sum.Rows++
	b := im.current
	if changed, again := im.seen.attributes(&rec.Attributes); changed {
		b.ordered = b.ordered || again
		b.addSubject(&rec.Attributes)
	}
	im.seen.subject(rec.Report.Subject)
	if rec.NoReport {
		b.described++
	} else {
		if im.seen.report(&rec.Report) {
			b.superseded++
			b.ordered = true
		}
		b.ordered = b.ordered || im.seen.reports.full()
		b.addReport(&rec.Report)
	}
	if b.rows() >= im.o.BatchRows || b.bytes >= im.o.BatchBytes {
		return im.flush()
	}
	return nil
}

// reject counts a bad row.
func (im *importer) reject(row *RowError) error {
	im.sum.Rows++
	if row.Skip {
		im.sum.Skipped++
		return nil
	}
	im.sum.Rejected++
	if im.o.OnReject != nil {
		im.o.OnReject(row)
	}
	if im.o.MaxErrors >= 0 && im.sum.Rejected > im.o.MaxErrors {
		return fmt.Errorf("%w: %d, at most %d are left out; the last is %w", ErrTooManyErrors, im.sum.Rejected,
			im.o.MaxErrors, row)
	}
	return nil
}

// flush hands the current batch over and takes a free one.
func (im *importer) flush() error {
	if err := im.create(); err != nil {
		return err
	}
	b := im.current
	b.finish(im.src.Columns())
	if im.o.DryRun {
		if err := im.ctx.Err(); err != nil {
			return err
		}
		im.acknowledge(b)
		b.reset()
		im.progress()
		return nil
	}
	if b.ordered {
		im.inFlight.Wait()
	}
	if err := im.failed(); err != nil {
		return err
	}
	// The batch to be filled next is free before this one is sent: never more than InFlight are on their way.
	select {
	case im.current = <-im.free:
	case <-im.ctx.Done():
		return im.ctx.Err()
	}
	im.inFlight.Go(func() { im.send(b) })
	im.progress()
	return nil
}

// send writes a batch and gives it back.
func (im *importer) send(b *batch) {
	b.put.Table = im.o.Table.Name
	if err := b.send(im.ctx, im.sink); err != nil {
		im.mu.Lock()
		if im.err == nil {
			im.err = err
		}
		im.mu.Unlock()
		im.cancel()
	} else {
		im.acknowledge(b)
	}
	b.reset()
	im.free <- b
}

func (im *importer) acknowledge(b *batch) {
	im.mu.Lock()
	defer im.mu.Unlock()
	im.acks.Written += len(b.put.Reports) - b.superseded
	im.acks.Superseded += b.superseded
	im.acks.Described += b.described
}

func (im *importer) failed() error {
	im.mu.Lock()
	defer im.mu.Unlock()
	return im.err
}

// create makes the columns that the source came upon since the last time indicators of the table.
func (im *importer) create() error {
	created := im.src.Created()
	if im.put == len(created) {
		return nil
	}
	t := protocol.Table{Name: im.o.Table.Name, DefaultReportType: im.o.Table.DefaultReportType}
	for _, id := range created[im.put:] {
		t.Indicators = append(t.Indicators, protocol.Indicator{ID: id})
	}
	im.put = len(created)
	if im.o.DryRun {
		return nil
	}
	if err := im.sink.PutTables(im.ctx, &protocol.PutTables{Tables: []protocol.Table{t}}); err != nil {
		return fmt.Errorf("create %d indicators: %w", len(t.Indicators), err)
	}
	return nil
}

func (im *importer) progress() {
	if im.o.OnProgress != nil {
		p := Progress{Rows: im.sum.Rows, Rejected: im.sum.Rejected, Superseded: im.seen.superseded}
		p.Done, p.Total = im.src.Progress()
		im.o.OnProgress(p)
	}
}

// summary returns what was done. Nothing is in flight any more.
func (im *importer) summary() Summary {
	s := im.sum
	s.Written, s.Superseded, s.Described = im.acks.Written, im.acks.Superseded, im.acks.Described
	s.Subjects = im.seen.subjects.used
	s.Uncounted = im.seen.reports.full()
	s.Created = slices.Clone(im.src.Created()[:im.put])
	return s
}
