package dataset

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// ndjsonSource reads one JSON object a line, with the names of canonical CSV. Values are numbers; report_date and
// declare_date are texts or numbers; topics and tags are lists of texts, or one text with ; between several. null, an
// empty text and an absent name are "no value".
type ndjsonSource struct {
	assembler
	input   Input
	size    int64
	scan    *scanner
	actions map[string]*action
	slots   []*action // per indicator, so that its id and its code are one action
	json    cursor
	lists   []byte // the list in work
}

// NewNDJSON returns the rows of an NDJSON. It does not close the input. A name that the table does not know makes its
// row bad, unless o.Create.
func NewNDJSON(in Input, o SourceOptions) (Source, error) {
	s := &ndjsonSource{input: in, size: o.Size, actions: map[string]*action{}}
	s.file = o.name()
	s.columns = newColumns(&o.Table, o.Create)
	s.attributesOnly = true
	var err error
	if s.scan, err = newScanner(in); err != nil {
		return nil, fmt.Errorf("%s: %w", s.file, err)
	}
	return s, nil
}

// Progress counts the bytes that were read, before unpacking.
func (s *ndjsonSource) Progress() (done, total int64) { return s.input.Position(), s.size }

// Next returns the next row.
func (s *ndjsonSource) Next(rec *Record) error {
	line, err := s.scan.readLine()
	if err != nil {
		return s.unreadable(err, s.scan)
	}
	s.begin()
	if !utf8.Valid(line) {
		return s.bad(s.scan.line, "", "", protocol.ErrNotUTF8)
	}
	s.json = cursor{text: line}
	if err := s.object(); err != nil {
		if row, ok := errors.AsType[*RowError](err); ok {
			return row
		}
		return s.bad(s.scan.line, "", "", err)
	}
	return s.end(s.scan.line, rec)
}

// object reads the one object of a line.
func (s *ndjsonSource) object() error {
	c := &s.json
	if !c.skip('{') {
		return ErrJSON
	}
	for more := !c.skip('}'); more; {
		name, ok := c.string()
		if !ok || !c.skip(':') {
			return ErrJSON
		}
		if err := s.member(name); err != nil {
			return err
		}
		if more = c.skip(','); !more && !c.skip('}') {
			return ErrJSON
		}
	}
	if c.next() != 0 {
		return fmt.Errorf("%w: something follows it", ErrJSON)
	}
	return nil
}

// member reads the value of a name and uses it.
func (s *ndjsonSource) member(name string) error {
	act, err := s.action(name)
	if err != nil {
		return s.bad(s.scan.line, strings.Clone(name), "", err)
	}
	if act.row == s.row {
		return s.bad(s.scan.line, act.column, "", ErrTwice)
	}
	act.row = s.row
	text, err := s.value(act.kind)
	if err == nil {
		err = s.set(act, text)
	}
	if err != nil {
		return s.bad(s.scan.line, act.column, text, err)
	}
	return nil
}

// action returns what a name is for. A new indicator gets its place in the record in work.
func (s *ndjsonSource) action(name string) (*action, error) {
	if act, ok := s.actions[name]; ok {
		return act, nil
	}
	if len(s.actions) == MaxColumns {
		return nil, ErrTooMany
	}
	name = strings.Clone(name)
	act, old, err := s.canonicalAction(name)
	if err != nil {
		return nil, err
	}
	switch {
	case old:
		act = s.slots[act.slot]
	case act.kind == kindValue:
		s.slots = append(s.slots, act)
		s.report.Values = append(s.report.Values, protocol.Missing)
	}
	s.actions[name] = act
	return act, nil
}

// value reads a value as the text that CSV would have. Numbers stand for texts only where CSV has both.
func (s *ndjsonSource) value(k kind) (text string, err error) {
	c := &s.json
	switch first := c.next(); {
	case first == '"':
		text, ok := c.string()
		if !ok {
			return "", ErrJSON
		}
		if k == kindValue && text != "" {
			return text, fmt.Errorf("%w: expected a number", ErrJSON)
		}
		return text, nil
	case first == '-' || first >= '0' && first <= '9':
		text, ok := c.number()
		if !ok {
			return text, ErrJSON
		}
		if k == kindValue || k == kindYear || k == kindReportDate || k == kindDeclareDate {
			return text, nil
		}
		return text, fmt.Errorf("%w: expected a text", ErrJSON)
	case first == '[' && (k == kindTopics || k == kindTag):
		return s.list()
	case c.null():
		return "", nil
	}
	return "", ErrJSON
}

// list reads a list of texts.
func (s *ndjsonSource) list() (string, error) {
	c := &s.json
	s.lists = s.lists[:0]
	c.skip('[')
	for more := !c.skip(']'); more; {
		text, ok := c.string()
		if !ok {
			return "", fmt.Errorf("%w: expected a list of texts", ErrJSON)
		}
		if strings.Contains(text, ";") {
			return text, protocol.ErrListed
		}
		s.lists = append(append(s.lists, text...), ';')
		if more = c.skip(','); !more && !c.skip(']') {
			return "", ErrJSON
		}
	}
	return string(s.lists), nil
}
