package dataset

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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
	lists   []byte    // the list in work
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
	if !utf8.Valid(line) { // encoding/json would replace what is not
		return s.bad(s.scan.line, "", "", protocol.ErrNotUTF8)
	}
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	if err := s.object(d); err != nil {
		if row, ok := errors.AsType[*RowError](err); ok {
			return row
		}
		return s.bad(s.scan.line, "", "", err)
	}
	return s.end(s.scan.line, rec)
}

// object reads the one object of a line.
func (s *ndjsonSource) object(d *json.Decoder) error {
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return ErrJSON
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return ErrJSON
		}
		if err := s.member(d, name.(string)); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return ErrJSON
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("%w: something follows it", ErrJSON)
	}
	return nil
}

// member reads the value of a name and uses it.
func (s *ndjsonSource) member(d *json.Decoder, name string) error {
	act, err := s.action(name)
	if err != nil {
		return s.bad(s.scan.line, name, "", err)
	}
	if act.row == s.row {
		return s.bad(s.scan.line, name, "", ErrTwice)
	}
	act.row = s.row
	text, err := s.value(d, act.kind)
	if err == nil {
		err = s.set(act, text)
	}
	if err != nil {
		return s.bad(s.scan.line, name, text, err)
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
func (s *ndjsonSource) value(d *json.Decoder, k kind) (string, error) {
	token, err := d.Token()
	if err != nil {
		return "", ErrJSON
	}
	switch t := token.(type) {
	case nil:
		return "", nil
	case json.Number:
		if k == kindValue || k == kindYear || k == kindReportDate || k == kindDeclareDate {
			return t.String(), nil
		}
		return t.String(), fmt.Errorf("%w: expected a text", ErrJSON)
	case string:
		if k == kindValue && t != "" {
			return t, fmt.Errorf("%w: expected a number", ErrJSON)
		}
		return t, nil
	case json.Delim:
		if t == '[' && (k == kindTopics || k == kindTag) {
			return s.list(d)
		}
	}
	return fmt.Sprint(token), ErrJSON
}

// list reads the rest of a list of texts.
func (s *ndjsonSource) list(d *json.Decoder) (string, error) {
	s.lists = s.lists[:0]
	for d.More() {
		token, err := d.Token()
		text, ok := token.(string)
		if err != nil || !ok {
			return "", fmt.Errorf("%w: expected a list of texts", ErrJSON)
		}
		if strings.Contains(text, ";") {
			return text, protocol.ErrListed
		}
		s.lists = append(append(s.lists, text...), ';')
	}
	_, err := d.Token()
	if err != nil {
		return "", ErrJSON
	}
	return string(s.lists), nil
}
