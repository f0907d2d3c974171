package store

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// interner returns one string for equal bytes. Types and periods are few and repeat in millions of rows.
type interner map[string]string

func (in interner) string(b []byte) string {
	if s, ok := in[string(b)]; ok { // no allocation
		return s
	}
	s := string(b)
	in[s] = s
	return s
}

// rowReader decodes rows into memory that it reuses.
type rowReader struct {
	texts  interner
	typ    string // of the row before; most have the same
	rows   []protocol.Report
	values []float64
}

// add decodes one row of the series of subject. After an error the reader must not be used.
func (r *rowReader) add(subject string, k *rowKey, key, value []byte) error {
	start := len(r.values)
	head, values, err := decodeRow(value, r.values)
	if err != nil {
		return damagedKey(key, "%w", err)
	}
	r.values = values
	if r.typ != string(k.reportType) {
		r.typ = r.texts.string(k.reportType)
	}
	r.rows = append(r.rows, protocol.Report{
		Subject:     subject,
		ReportDate:  k.reportDate,
		Type:        r.typ,
		DeclareDate: k.declareDate,
		Period:      r.texts.string(head.period),
		Year:        head.year,
		Values:      values[start:len(values):len(values)],
	})
	return nil
}

// seriesWalk gathers the rows of one subject after the other.
type seriesWalk struct {
	rowReader
	stamps  *stampReader
	subject string
	fn      func(subject string, st protocol.Stamp, rows []protocol.Report) error
}

// row takes the next row, in key order.
func (w *seriesWalk) row(key, value []byte) error {
	k, ok := parseRowKey(key)
	if !ok {
		return damagedKey(key, "its key has not the form of a row's")
	}
	if w.subject != string(k.subject) {
		if err := w.flush(); err != nil {
			return err
		}
		w.subject = string(k.subject)
	}
	return w.add(w.subject, &k, key, value)
}

// flush hands the rows of a subject over and forgets them.
func (w *seriesWalk) flush() error {
	if len(w.rows) == 0 {
		return nil
	}
	st, err := w.stamps.find(w.subject)
	if err != nil {
		return err
	}
	if err := w.fn(w.subject, st, w.rows); err != nil {
		return err
	}
	w.rows, w.values = w.rows[:0], w.values[:0]
	return nil
}

// EachSeries calls fn for every subject that has reports in the table, in key order, with its stamp (zero if none was
// put) and its reports by (report_date, report_type, declare_date) ascending, all as of the moment it began. rows and
// their Values are reused for the next call; strings may be kept. An error of fn ends it and is returned as it is.
func (s *Store) EachSeries(table uint32, fn func(subject string, st protocol.Stamp, rows []protocol.Report) error) error {
	return s.EachSeriesWithin(table, "", "", fn)
}

// EachSeriesWithin is EachSeries of the subjects from a key on, "" = the first, and before a key, "" = none. Calls of
// several ranges may run at once.
func (s *Store) EachSeriesWithin(table uint32, from, before string,
	fn func(subject string, st protocol.Stamp, rows []protocol.Report) error) error {
	if err := s.use(); err != nil {
		return err
	}
	defer s.done()
	snapshot := s.db.NewSnapshot() // rows and stamps of one moment
	defer snapshot.Close()
	stamps, err := openStamps(snapshot, table, from)
	if err != nil {
		return err
	}
	defer stamps.it.Close()
	w := seriesWalk{rowReader: rowReader{texts: interner{}}, stamps: stamps, fn: fn}
	lower, upper := tableBounds(prefixRow, table)
	if from != "" {
		lower = appendSeriesPrefix(nil, table, from)
	}
	if before != "" {
		upper = appendSeriesPrefix(nil, table, before)
	}
	if err := s.eachOf(snapshot, lower, upper, w.row); err != nil {
		return err
	}
	return w.flush()
}

// Series is all that a store has of a subject in a table at one moment.
type Series struct {
	Applied uint64            // the applied index of that moment
	Stamp   protocol.Stamp    // zero if none was put
	Reports []protocol.Report // in the order of EachSeries; they own their memory
}

// Series reads the reports of a subject in a table. A subject that has none is no error.
func (s *Store) Series(table uint32, subject string) (found Series, err error) {
	if err := s.use(); err != nil {
		return found, err
	}
	defer s.done()
	snapshot := s.db.NewSnapshot()
	defer snapshot.Close()
	if found.Applied, err = readIndex(snapshot, keyApplied); err != nil || !validName(subject) {
		return found, err // no such subject can have been put
	}
	r := rowReader{texts: interner{}}
	lower := appendSeriesPrefix(nil, table, subject)
	err = s.eachOf(snapshot, lower, successor(lower), func(key, value []byte) error {
		k, ok := parseRowKey(key)
		if !ok {
			return damagedKey(key, "its key has not the form of a row's")
		}
		return r.add(subject, &k, key, value)
	})
	if err != nil {
		return found, err
	}
	found.Reports = r.rows
	found.Stamp, err = readStamp(snapshot, table, subject)
	return found, err
}

// readStamp returns the stamp of a subject in a table, or the zero one.
func readStamp(db pebble.Reader, table uint32, subject string) (protocol.Stamp, error) {
	key := appendStampKey(nil, table, subject)
	value, err := get(db, key)
	if errors.Is(err, pebble.ErrNotFound) {
		return protocol.Stamp{}, nil
	}
	if err != nil {
		return protocol.Stamp{}, err
	}
	st, err := decodeStamp(value)
	if err != nil {
		return st, damagedKey(key, "%w", err)
	}
	return st, nil
}

// stampReader walks the stamps of a table beside its series.
type stampReader struct {
	it    *pebble.Iterator
	valid bool
}

// openStamps begins at a subject, "" = the first.
func openStamps(db pebble.Reader, table uint32, from string) (*stampReader, error) {
	lower, upper := tableBounds(prefixStamp, table)
	if from != "" {
		lower = appendStampKey(nil, table, from)
	}
	it, err := db.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return nil, readError(fmt.Sprintf("read the stamps of table %d", table), err)
	}
	return &stampReader{it: it, valid: it.First()}, nil
}

// find returns the stamp of subject, or the zero one. Subjects must be asked for in ascending order.
func (r *stampReader) find(subject string) (protocol.Stamp, error) {
	for ; r.valid; r.valid = r.it.Next() {
		key := r.it.Key()
		_, name, ok := parseStampKey(key)
		if !ok {
			return protocol.Stamp{}, damagedKey(key, "its key has not the form of a stamp's")
		}
		order := bytes.Compare(name, []byte(subject))
		if order < 0 {
			continue
		}
		if order > 0 {
			return protocol.Stamp{}, nil
		}
		value, err := r.it.ValueAndErr()
		if err != nil {
			return protocol.Stamp{}, readError("read "+describeKey(key), err)
		}
		st, err := decodeStamp(value)
		if err != nil {
			return st, damagedKey(key, "%w", err)
		}
		return st, nil
	}
	if err := r.it.Error(); err != nil {
		return protocol.Stamp{}, readError(fmt.Sprintf("read the stamp of %q", subject), err)
	}
	return protocol.Stamp{}, nil
}
