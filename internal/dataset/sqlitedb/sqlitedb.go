// Package sqlitedb reads the SQLite database of the reference, so that its users can move over: the table
// finance_data(subject_key, stock_name, report_date, end_date, year, period, operating_income, parent_holder_net_profit,
// category, topic). It links modernc.org/sqlite, so only the import command imports it.
package sqlitedb

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kamaitachi/kamaitachi/internal/dataset"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// Errors of Open, wrapped with the path.
var (
	// ErrNotSQLite: the file is no SQLite database.
	ErrNotSQLite = errors.New("not a SQLite database")
	// ErrTable: it has no table finance_data with the columns of the reference.
	ErrTable = errors.New("not a database of the reference")
)

// tableName is the table that is read.
const tableName = "finance_data"

// required are the columns that the table must have; end_date may stand in for report_date, optional may be missing.
var (
	required = []string{"subject_key", "operating_income", "parent_holder_net_profit"}
	optional = []string{"stock_name", "year", "period", "category", "topic"}
)

// The columns of the report date.
const (
	reportDate = "report_date"
	endDate    = "end_date"
)

// mappings say what a column is, so that errors name it as the database does.
var mappings = map[string]string{
	"subject_key": "[subject]\ncolumn = subject_key\n", reportDate: "[report_date]\ncolumn = report_date\n",
	"stock_name": "[attributes]\nname = stock_name\n", "category": "[attributes]\ncategory = category\n",
	"topic": "[attributes]\ntopics = topic\n", "year": "[year]\ncolumn = year\n", "period": "[period]\ncolumn = period\n",
	"operating_income":         "[indicators]\noperating_income = operating_income\n",
	"parent_holder_net_profit": "[indicators]\nparent_holder_net_profit = parent_holder_net_profit\n",
}

// Source is a dataset.Source over the database. Lines in its errors are rowids.
type Source struct {
	*dataset.Assembler
	path    string
	db      *sql.DB
	rows    *sql.Rows
	ignored []string
	header  []string
	scanned []any    // rowid, end_date, then the header's columns
	targets []any    // pointers to scanned
	fields  [][]byte // texts of the header's columns
	rowid   int64
	total   int64
}

// Open opens a database for reading. It uses Name, Table and Create of o. The context ends the whole read.
func Open(ctx context.Context, path string, o dataset.SourceOptions) (*Source, error) {
	if err := checkFile(path); err != nil {
		return nil, err
	}
	if o.Name == "" {
		o.Name = path
	}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?mode=ro&_pragma=query_only(1)")
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	s := &Source{path: path, db: db}
	if err := s.open(ctx, o); err != nil {
		db.Close()
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return s, nil
}

// magic begins every SQLite database.
const magic = "SQLite format 3\x00"

func checkFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	head := make([]byte, len(magic))
	if _, err := io.ReadFull(f, head); err != nil || string(head) != magic {
		return fmt.Errorf("%s: %w", path, ErrNotSQLite)
	}
	return nil
}

// open starts the one query.
func (s *Source) open(ctx context.Context, o dataset.SourceOptions) error {
	has, err := s.columns(ctx)
	if err != nil {
		return err
	}
	if err := s.plan(has, o); err != nil {
		return err
	}
	date := "NULL"
	if slices.Contains(has, endDate) {
		date = text(endDate)
	}
	selected := []string{"rowid", date}
	for _, name := range s.header {
		if slices.Contains(has, name) && !isValue(name) {
			name = text(name)
		} else if !slices.Contains(has, name) {
			name = "NULL" // report_date, when there is only end_date
		}
		selected = append(selected, name)
	}
	if err := s.db.QueryRowContext(ctx, "SELECT coalesce(max(rowid), 0) FROM "+tableName).Scan(&s.total); err != nil {
		return err
	}
	s.scanned = make([]any, len(selected))
	for i := range s.scanned {
		s.targets = append(s.targets, &s.scanned[i])
	}
	s.fields = make([][]byte, len(s.header))
	s.rows, err = s.db.QueryContext(ctx, "SELECT "+strings.Join(selected, ", ")+" FROM "+tableName+" ORDER BY rowid")
	return err
}

// text makes SQLite hand out a column as text, whatever type it was declared with: the driver would turn a DATE into a
// time of its own making.
func text(column string) string { return "CAST(" + column + " AS TEXT)" }

// isValue tells whether a column holds numbers, which must not become text in SQLite: it keeps 15 digits of them.
func isValue(column string) bool {
	return column == "operating_income" || column == "parent_holder_net_profit"
}

// columns returns which columns the table has.
func (s *Source) columns(ctx context.Context) (names []string, err error) {
	rows, err := s.db.QueryContext(ctx, "SELECT name FROM pragma_table_info('"+tableName+"')")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names = append(names, strings.ToLower(name)) // as SQLite compares them
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%w: there is no table %s", ErrTable, tableName)
	}
	return names, nil
}

// plan decides which columns are read and what they are.
func (s *Source) plan(has []string, o dataset.SourceOptions) error {
	for _, name := range required {
		if !slices.Contains(has, name) {
			return fmt.Errorf("%w: table %s has no column %s", ErrTable, tableName, name)
		}
	}
	if !slices.Contains(has, reportDate) && !slices.Contains(has, endDate) {
		return fmt.Errorf("%w: table %s has neither %s nor %s", ErrTable, tableName, reportDate, endDate)
	}
	s.header = append(slices.Clone(required), reportDate)
	for _, name := range optional {
		if slices.Contains(has, name) {
			s.header = append(s.header, name)
		}
	}
	for _, name := range has {
		if name != endDate && !slices.Contains(s.header, name) {
			s.ignored = append(s.ignored, name)
		}
	}
	var ini strings.Builder
	for _, name := range s.header {
		ini.WriteString(mappings[name])
	}
	var err error
	if o.Mapping, err = dataset.ParseMapping([]byte(ini.String()), "of the reference"); err != nil {
		return fmt.Errorf("BUG: the mapping of %v: %w", s.header, err)
	}
	s.Assembler, err = dataset.NewAssembler(s.header, o)
	return err
}

// Ignored names the columns of the table that are not read.
func (s *Source) Ignored() []string { return s.ignored }

// Progress counts rowids.
func (s *Source) Progress() (done, total int64) { return s.rowid, s.total }

// Close closes the database.
func (s *Source) Close() error { return errors.Join(s.rows.Close(), s.db.Close()) }

// Next returns the next row, in the order of rowids.
func (s *Source) Next(rec *dataset.Record) error {
	if !s.rows.Next() {
		if err := s.rows.Err(); err != nil {
			return fmt.Errorf("%s: behind row %d: %w", s.path, s.rowid, err)
		}
		return io.EOF
	}
	if err := s.rows.Scan(s.targets...); err != nil {
		return fmt.Errorf("%s: behind row %d: %w", s.path, s.rowid, err)
	}
	s.rowid, _ = s.scanned[0].(int64)
	for i, name := range s.header {
		field := appendValue(s.fields[i][:0], s.scanned[2+i])
		switch name {
		case reportDate:
			if field = appendDate(field[:0], field); len(field) == 0 {
				field = appendValue(field, s.scanned[1])
				field = appendDate(field[:0], field)
			}
		case "topic":
			for j := range field {
				if field[j] == ',' { // in no topic, but between several
					field[j] = ';'
				}
			}
		}
		s.fields[i] = field
	}
	return s.Assemble(s.rowid, s.fields, rec)
}

// appendValue appends what SQLite holds as CSV would write it; NULL is empty.
func appendValue(dst []byte, value any) []byte {
	switch v := value.(type) {
	case nil:
		return dst
	case int64:
		return strconv.AppendInt(dst, v, 10)
	case float64:
		return strconv.AppendFloat(dst, v, 'g', -1, 64)
	case string:
		return append(dst, v...)
	case []byte:
		return append(dst, v...)
	}
	return fmt.Append(dst, value)
}

// dateTimes are the forms in which SQLite's users write a time, besides those of canonical CSV.
var dateTimes = []string{time.DateTime, "2006-01-02T15:04:05", time.RFC3339}

// appendDate appends a date of SQLite as canonical CSV writes it. What is none is left to be refused. It may append to
// what it reads.
func appendDate(dst, date []byte) []byte {
	if len(date) > len(time.DateOnly) && bytes.IndexByte(date, ':') > 0 {
		for _, layout := range dateTimes {
			if t, err := time.Parse(layout, string(date)); err == nil {
				return strconv.AppendInt(dst, t.Unix(), 10)
			}
		}
	}
	return append(dst, date...)
}

// The source is one that Import takes.
var _ dataset.Source = (*Source)(nil)
