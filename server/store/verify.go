package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/sstable"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// MaxProblems bounds the problems that a Report lists.
const MaxProblems = 20

// Report is what Verify found.
type Report struct {
	ClusterID, NodeID string
	Applied           uint64
	Files             int // data files whose blocks were all read and checksummed
	Tables            int
	Subjects          int
	Series            int // pairs of table and subject that have reports
	Reports           int
	Values            int    // numbers in reports; missing ones do not count
	RowHash           string // see Store.RowHash; of the rows that could be read
	Problems          []string
	ProblemCount      int // Problems holds the first MaxProblems of them
}

// Verify opens the store in dir read-only, reads every block, key and value, and checks that all fits together: the
// format, every record, that each row's table and subject exist and it has no more values than the table indicators, and
// that series and stamps belong together.
//
// With problems the error wraps ErrDamaged and the report lists them. A store that cannot be opened gives the error of
// Open and an empty report. The store must not be in use.
func Verify(dir string) (Report, error) { return verify(dir, Options{}) }

func verify(dir string, o Options) (Report, error) {
	o.ReadOnly = true
	s, err := Open(dir, o)
	if err != nil {
		return Report{}, err
	}
	v := verifier{store: s, tables: map[uint32]int{}, subjects: map[string]struct{}{}, hash: newRowHash()}
	v.report = Report{ClusterID: s.ClusterID(), NodeID: s.NodeID(), Applied: s.Applied()}
	v.files()
	v.strangers()
	v.catalog()
	v.listSubjects()
	v.series()
	v.report.RowHash = v.hash.String()
	if err := s.Close(); err != nil {
		v.problem("%w", err)
	}
	if n := v.report.ProblemCount; n > 0 {
		return v.report, fmt.Errorf("verify the store %s: %w: %d problems, the first: %s",
			dir, ErrDamaged, n, v.report.Problems[0])
	}
	return v.report, nil
}

// verifier gathers what the rows are held against.
type verifier struct {
	store    *Store
	report   Report
	tables   map[uint32]int      // number of indicators
	subjects map[string]struct{} // keys
	hash     *rowHash

	// Of the series that is being read.
	table   uint32
	subject []byte
	stamp   *pebble.Iterator // stands on the first stamp that no series was held against
}

func (v *verifier) problem(format string, args ...any) {
	v.report.ProblemCount++
	if len(v.report.Problems) < MaxProblems {
		v.report.Problems = append(v.report.Problems, fmt.Errorf(format, args...).Error())
	}
}

// each is Store.each, where an error of reading becomes a problem.
func (v *verifier) each(lower, upper []byte, fn func(key, value []byte)) {
	err := v.store.each(lower, upper, func(key, value []byte) error {
		fn(key, value)
		return nil
	})
	if err != nil {
		v.problem("%w", err)
	}
}

// files reads all blocks of all data files, also those with nothing but replaced records, and checks their sums.
func (v *verifier) files() {
	levels, err := v.store.db.SSTables()
	if err != nil {
		v.problem("list the data files: %w", err)
		return
	}
	options := &pebble.Options{}
	options.EnsureDefaults()
	for _, level := range levels {
		for _, table := range level {
			name := v.store.fs.PathJoin(v.store.dir, fmt.Sprintf("%06d.sst", uint64(table.BackingSSTNum)))
			if err := v.file(name, options.MakeReaderOptions()); err != nil {
				v.problem("file %s: %w", name, err)
			}
			v.report.Files++
		}
	}
}

func (v *verifier) file(name string, o sstable.ReaderOptions) error {
	f, err := v.store.fs.Open(name)
	if err != nil {
		return err
	}
	readable, err := sstable.NewSimpleReadable(f)
	if err != nil {
		return errors.Join(err, f.Close())
	}
	r, err := sstable.NewReader(context.Background(), readable, o)
	if err != nil {
		return errors.Join(err, readable.Close())
	}
	return errors.Join(r.ValidateBlockChecksums(), r.Close())
}

// strangers looks for records that are none of ours, before, between and after those that are.
func (v *verifier) strangers() {
	known := [][]byte{keyApplied, keyCatalog, keyCluster, keyFormat, keyMark, keyMember, keyNode, keyTime}
	v.each([]byte{prefixMeta}, []byte{prefixMeta + 1}, func(key, value []byte) {
		for _, k := range known {
			if bytes.Equal(k, key) {
				return
			}
		}
		if bytes.HasPrefix(key, prefixRepeat) {
			if _, _, err := parseRepeat(key, value); err != nil {
				v.problem("%w", err)
			}
			return
		}
		v.problem("unknown record: %s", describeKey(key))
	})
	var from []byte
	for _, prefix := range []byte{prefixMeta, prefixRow, prefixSubject, prefixTable, prefixStamp, 0} {
		var to []byte
		if prefix != 0 {
			to = []byte{prefix}
		}
		v.each(from, to, func(key, _ []byte) { v.problem("unknown record: %s", describeKey(key)) })
		from = []byte{prefix + 1}
	}
}

func (v *verifier) catalog() {
	v.each([]byte{prefixTable}, []byte{prefixTable + 1}, func(key, value []byte) {
		number, ok := parseTableKey(key)
		if !ok || number == 0 {
			v.problem("its key has not the form of a table's: %s", describeKey(key))
			return
		}
		v.report.Tables++
		t, err := decodeTable(number, value)
		if err != nil {
			v.problem("%w", damagedKey(key, "%w", err))
		}
		v.tables[number] = len(t.Indicators)
	})
}

func (v *verifier) listSubjects() {
	var a alike
	v.each([]byte{prefixSubject}, []byte{prefixSubject + 1}, func(key, value []byte) {
		v.report.Subjects++
		v.subjects[string(key[1:])] = struct{}{}
		if !validName(key[1:]) {
			v.problem("its key has not the form of a subject's: %s", describeKey(key))
		}
		if _, err := decodeSubject(string(key[1:]), value, &a); err != nil {
			v.problem("%w", damagedKey(key, "%w", err))
		}
	})
}

// series walks all rows and, beside them, all stamps.
func (v *verifier) series() {
	it, err := v.store.db.NewIter(&pebble.IterOptions{LowerBound: []byte{prefixStamp}, UpperBound: []byte{prefixStamp + 1}})
	if err != nil {
		v.problem("%w", readError("read the stamps", err))
		return
	}
	defer it.Close()
	it.First()
	v.stamp = it
	var values []float64
	v.each([]byte{prefixRow}, []byte{prefixRow + 1}, func(key, value []byte) {
		v.report.Reports++
		v.hash.add(key, value)
		k, ok := parseRowKey(key)
		if !ok {
			v.problem("its key has not the form of a row's: %s", describeKey(key))
			return
		}
		v.enter(&k, key)
		_, values, err = decodeRow(value, values[:0])
		if err != nil {
			v.problem("%w", damagedKey(key, "%w", err))
			return
		}
		v.count(key, values)
	})
	v.skipStamps(nil)
	if err := it.Error(); err != nil {
		v.problem("%w", readError("read the stamps", err))
	}
}

// enter checks what belongs to a series as a whole, at its first row.
func (v *verifier) enter(k *rowKey, key []byte) {
	if v.report.Series > 0 && v.table == k.table && bytes.Equal(v.subject, k.subject) {
		return
	}
	v.report.Series++
	v.table, v.subject = k.table, append(v.subject[:0], k.subject...)
	if _, ok := v.tables[k.table]; !ok {
		v.problem("table %d does not exist: %s", k.table, describeKey(key))
	}
	if _, ok := v.subjects[string(k.subject)]; !ok {
		v.problem("subject %q does not exist: %s", k.subject, describeKey(key))
	}
	want := appendStampKey(nil, k.table, string(k.subject))
	v.skipStamps(want)
	if !v.stamp.Valid() || !bytes.Equal(v.stamp.Key(), want) {
		v.problem("%s is missing, there are rows", describeKey(want))
		return
	}
	if value, err := v.stamp.ValueAndErr(); err != nil {
		v.problem("%w", readError("read "+describeKey(want), err))
	} else if _, err := decodeStamp(value); err != nil {
		v.problem("%w", damagedKey(want, "%w", err))
	}
	v.stamp.Next()
}

// skipStamps passes the stamps before key, or all for nil: no series belongs to them.
func (v *verifier) skipStamps(key []byte) {
	for v.stamp.Valid() && (key == nil || bytes.Compare(v.stamp.Key(), key) < 0) {
		v.problem("there are no rows for the %s", describeKey(v.stamp.Key()))
		v.stamp.Next()
	}
}

func (v *verifier) count(key []byte, values []float64) {
	if indicators, ok := v.tables[v.table]; ok && len(values) > indicators {
		v.problem("%d values for %d indicators: %s", len(values), indicators, describeKey(key))
	}
	for _, x := range values {
		if !protocol.IsMissing(x) {
			v.report.Values++
		}
	}
}
