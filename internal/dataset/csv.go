package dataset

import (
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// Assembler makes records out of rows of fields whose header says what they are: canonical, or as a mapping says. Sources
// that bring their own way to read rows are built around it.
type Assembler struct {
	assembler
	actions [][]*action // per field
}

// NewAssembler returns the assembler for a header. It uses Name, Table, Create, Mapping and Names of o.
func NewAssembler(header []string, o SourceOptions) (*Assembler, error) {
	a := &Assembler{assembler: assembler{file: o.name(), columns: newColumns(&o.Table, o.Create)}}
	var err error
	if o.Mapping != nil {
		a.actions, err = o.Mapping.compile(header, &a.assembler, &o)
	} else {
		a.attributesOnly = true
		a.actions, err = a.compile(header)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", a.file, err)
	}
	return a, nil
}

// Columns is that of Source.
func (a *assembler) Columns() []string { return a.columns.ids }

// Created is that of Source.
func (a *assembler) Created() []string { return a.columns.created }

// Assemble fills rec with the row of these fields, which it borrows: rec is good until they change or it is called
// again. The error is a *RowError of the line.
func (a *Assembler) Assemble(line int64, fields [][]byte, rec *Record) error {
	if len(fields) != len(a.actions) {
		return a.bad(line, "", "", fmt.Errorf("%w: %d instead of %d", ErrFields, len(fields), len(a.actions)))
	}
	a.begin()
	for i, field := range fields {
		for _, act := range a.actions[i] {
			if err := a.set(act, borrow(field)); err != nil {
				return a.bad(line, act.column, borrow(field), err)
			}
		}
	}
	return a.end(line, rec)
}

// csvSource reads CSV.
type csvSource struct {
	*Assembler
	input Input
	size  int64
	scan  *scanner
}

// NewCSV returns the rows of a CSV whose header it reads at once: canonical, or as o.Mapping says. It does not close
// the input.
func NewCSV(in Input, o SourceOptions) (Source, error) {
	s := &csvSource{input: in, size: o.Size}
	var header []string
	var err error
	if s.scan, header, err = openCSV(in); err != nil {
		return nil, fmt.Errorf("%s: %w", o.name(), err)
	}
	s.Assembler, err = NewAssembler(header, o)
	return s, err
}

// openCSV reads the header. The records behind it have no more fields than it.
func openCSV(in Input) (s *scanner, header []string, err error) {
	if s, err = newScanner(in); err != nil {
		return nil, nil, err
	}
	fields, err := s.readRecord()
	switch {
	case err == io.EOF:
		err = fmt.Errorf("%w: there is none, the file is empty", ErrHeader)
	case errors.Is(err, ErrFields):
		err = fmt.Errorf("%w: more than %d columns", ErrHeader, MaxColumns)
	case errors.Is(err, ErrQuote), errors.Is(err, ErrRowLength):
		err = fmt.Errorf("%w: %w", ErrHeader, err)
	case err == nil:
		header, err = headerOf(fields)
	}
	s.maxFields = len(header)
	return s, header, err
}

// headerOf returns the names of columns.
func headerOf(fields [][]byte) (header []string, err error) {
	seen := map[string]bool{}
	for i, f := range fields {
		name := trim(string(f))
		switch {
		case name == "":
			return nil, fmt.Errorf("%w: column %d has no name", ErrHeader, i+1)
		case !utf8.ValidString(name):
			return nil, fmt.Errorf("%w: column %d, %q, is not UTF-8", ErrHeader, i+1, shown(name))
		case seen[name]:
			return nil, fmt.Errorf("%w: column %q is there twice", ErrHeader, shown(name))
		}
		seen[name] = true
		header = append(header, name)
	}
	return header, nil
}

// compile gives each canonical column its action.
func (a *assembler) compile(header []string) ([][]*action, error) {
	var actions [][]*action
	has := map[kind]bool{}
	for _, name := range header {
		act, old, err := a.canonicalAction(name)
		if err == nil && old {
			err = fmt.Errorf("%w: column %q is an indicator that another column already is", ErrHeader, name)
		}
		if err != nil {
			return nil, err
		}
		has[act.kind] = true
		actions = append(actions, []*action{act})
	}
	if !has[kindSubject] {
		return nil, fmt.Errorf("%w: there is no column subject; a foreign file needs a mapping", ErrHeader)
	}
	if len(a.columns.ids) > 0 && !has[kindReportDate] {
		return nil, fmt.Errorf("%w: there is no column %s, but indicators", ErrHeader, protocol.ReportDateField)
	}
	return actions, nil
}

// Progress counts the bytes that were read, before unpacking.
func (s *csvSource) Progress() (done, total int64) { return s.input.Position(), s.size }

// Next returns the next row.
func (s *csvSource) Next(rec *Record) error {
	fields, err := s.scan.readRecord()
	if err != nil {
		return s.unreadable(err, s.scan)
	}
	return s.Assemble(s.scan.line, fields, rec)
}

// end finishes the record of a line.
func (a *assembler) end(line int64, rec *Record) error {
	if f := a.finish(rec); f != nil {
		return &RowError{File: a.file, Line: line, Column: f.column, Reason: f.reason, Skip: f.skip}
	}
	return nil
}

// bad returns a *RowError.
func (a *assembler) bad(line int64, column, value string, reason error) error {
	return &RowError{File: a.file, Line: line, Column: column, Value: shown(value), Reason: reason}
}

// unreadable returns what Next returns when the scanner had no row to give.
func (a *assembler) unreadable(err error, s *scanner) error {
	switch {
	case err == io.EOF:
		return err
	case errors.Is(err, ErrFields):
		return a.bad(s.line, "", "", fmt.Errorf("%w: more than %d", err, s.maxFields))
	case errors.Is(err, ErrQuote):
		return a.bad(s.line, "", "", err)
	case errors.Is(err, ErrRowLength):
		return a.bad(s.line, "", "", fmt.Errorf("%w: more than %d bytes", err, MaxRowBytes))
	}
	return fmt.Errorf("%s: behind line %d: %w", a.file, s.lines, err)
}
