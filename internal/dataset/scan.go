package dataset

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// Sizes of a scanner's memory.
const (
	scanBuffer  = 256 << 10
	emptyReads  = 100 // reads without data or error before io.ErrNoProgress
	quote, sep  = '"', ','
	lineFeed    = '\n'
	byteOrder   = "\xef\xbb\xbf"
	carriageRet = '\r'
)

// scanner cuts a stream into lines and CSV records (RFC 4180 as encoding/csv reads it, held against it by a
// differential test). What it returns points into its buffer and is valid until the next call.
//
// Behind a bad record it goes on at the line after the record's first: a quotation mark that is never closed costs one
// row, not all that follow.
type scanner struct {
	r          io.Reader
	err        error // why r gives no more; io.EOF at its end
	buf        []byte
	start, end int   // buf[start:end] is read and not consumed
	lines      int64 // consumed
	line       int64 // on which the record that was returned last begins
	maxFields  int

	fields  [][]byte
	scratch []byte // the fields of a record with quotation marks, one after the other
	ends    []int  // where each ends in scratch
}

// newScanner returns a scanner behind the byte order mark that r may begin with.
func newScanner(r io.Reader) (*scanner, error) {
	s := &scanner{r: r, buf: make([]byte, scanBuffer), maxFields: MaxColumns}
	for s.end < len(byteOrder) && s.err == nil {
		s.load()
	}
	if s.err != nil && s.err != io.EOF {
		return nil, s.err
	}
	head := s.buf[:s.end]
	if bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) {
		return nil, fmt.Errorf("%w: it is UTF-16; expected UTF-8", ErrFormat)
	}
	if bytes.HasPrefix(head, []byte(byteOrder)) {
		s.start = len(byteOrder)
	}
	return s, nil
}

// load reads more behind buf[start:end], which may move.
func (s *scanner) load() {
	if s.end == len(s.buf) {
		if s.start > 0 {
			s.end = copy(s.buf, s.buf[s.start:s.end])
			s.start = 0
		} else {
			s.buf = append(s.buf, make([]byte, len(s.buf))...)
		}
	}
	for range emptyReads {
		var n int
		n, s.err = s.r.Read(s.buf[s.end:])
		s.end += n
		if n > 0 || s.err != nil {
			return
		}
	}
	s.err = io.ErrNoProgress
}

// fill returns where the line that begins at the offset from of the record at start ends, its line feed included. At the
// end of the stream it returns io.EOF when there is no such line.
func (s *scanner) fill(from int) (end int, err error) {
	for look := from; ; {
		if i := bytes.IndexByte(s.buf[s.start+look:s.end], lineFeed); i >= 0 {
			end = look + i + 1
			break
		}
		look = s.end - s.start
		if look > MaxRowBytes {
			return 0, ErrRowLength
		}
		if s.err != nil {
			if s.err != io.EOF || look == from {
				return 0, s.err
			}
			end = look
			break
		}
		s.load()
	}
	if end > MaxRowBytes {
		return 0, ErrRowLength
	}
	return end, nil
}

// readLine consumes the next line that is not empty and returns it without its end.
func (s *scanner) readLine() ([]byte, error) {
	for {
		end, err := s.fill(0)
		if errors.Is(err, ErrRowLength) {
			return nil, s.skipLine()
		}
		if err != nil {
			return nil, err
		}
		line := trimEnd(s.buf[s.start : s.start+end])
		s.start += end
		s.lines++
		s.line = s.lines
		if len(line) > 0 {
			return line, nil
		}
	}
}

// skipLine consumes a line that is too long to be held, and says so.
func (s *scanner) skipLine() error {
	s.lines++
	s.line = s.lines
	for {
		if i := bytes.IndexByte(s.buf[s.start:s.end], lineFeed); i >= 0 {
			s.start += i + 1
			return ErrRowLength
		}
		s.start, s.end = 0, 0
		if s.err == io.EOF {
			return ErrRowLength
		}
		if s.err != nil {
			return s.err
		}
		s.load()
	}
}

// trimEnd cuts LF or CRLF, and a CR at the end of the stream.
func trimEnd(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == lineFeed {
		line = line[:n-1]
	}
	if n := len(line); n > 0 && line[n-1] == carriageRet {
		line = line[:n-1]
	}
	return line
}

// readRecord consumes the next record and returns its fields. Empty lines are passed over.
func (s *scanner) readRecord() ([][]byte, error) {
	line, err := s.readLine()
	if err != nil {
		return nil, err
	}
	if bytes.IndexByte(line, quote) >= 0 {
		return s.quoted(line)
	}
	s.fields = s.fields[:0]
	for {
		if len(s.fields) == s.maxFields {
			return nil, ErrFields
		}
		i := bytes.IndexByte(line, sep)
		if i < 0 {
			s.fields = append(s.fields, line)
			return s.fields, nil
		}
		s.fields = append(s.fields, line[:i])
		line = line[i+1:]
	}
}

// quoted cuts a record that has quotation marks, of which line is the first and consumed.
func (s *scanner) quoted(line []byte) ([][]byte, error) {
	used, err := s.unquote(line)
	if err != nil {
		s.lines = s.line
		return nil, err
	}
	s.start += used
	s.fields = s.fields[:0]
	from := 0
	for _, end := range s.ends {
		s.fields = append(s.fields, s.scratch[from:end])
		from = end
	}
	return s.fields, nil
}

// unquote puts the fields of a record into scratch and returns how many bytes it has behind its first line.
func (s *scanner) unquote(rest []byte) (used int, err error) {
	s.scratch, s.ends = s.scratch[:0], s.ends[:0]
	for more := true; more; {
		if len(s.ends) == s.maxFields {
			return 0, ErrFields
		}
		if len(rest) > 0 && rest[0] == quote {
			rest, used, more, err = s.quotedField(rest[1:], used)
		} else {
			rest, more, err = s.plainField(rest)
		}
		if err != nil {
			return 0, err
		}
		s.ends = append(s.ends, len(s.scratch))
	}
	return used, nil
}

// plainField appends a field without quotation marks to scratch and returns what follows it in the line.
func (s *scanner) plainField(rest []byte) (_ []byte, more bool, err error) {
	i := bytes.IndexByte(rest, sep)
	field := rest
	if i >= 0 {
		field, rest, more = rest[:i], rest[i+1:], true
	}
	if bytes.IndexByte(field, quote) >= 0 {
		return nil, false, ErrQuote
	}
	s.scratch = append(s.scratch, field...)
	return rest, more, nil
}

// quotedField appends a field to scratch, rest being what follows its first quotation mark in the line. The field may go
// on over further lines: used counts their bytes behind start, which are consumed when the whole record is good.
func (s *scanner) quotedField(rest []byte, used int) (_ []byte, _ int, more bool, err error) {
	for {
		i := bytes.IndexByte(rest, quote)
		if i < 0 {
			s.scratch = append(append(s.scratch, rest...), lineFeed)
			if rest, used, err = s.nextLine(used); err != nil {
				return nil, 0, false, err
			}
			continue
		}
		s.scratch = append(s.scratch, rest[:i]...)
		rest = rest[i+1:]
		switch {
		case len(rest) == 0:
			return rest, used, false, nil
		case rest[0] == sep:
			return rest[1:], used, true, nil
		case rest[0] != quote:
			return nil, 0, false, ErrQuote
		}
		s.scratch = append(s.scratch, quote)
		rest = rest[1:]
	}
}

// nextLine returns the line behind the used bytes, within a record.
func (s *scanner) nextLine(used int) (line []byte, end int, err error) {
	end, err = s.fill(used)
	if err == io.EOF || errors.Is(err, ErrRowLength) {
		return nil, 0, ErrQuote
	}
	if err != nil {
		return nil, 0, err
	}
	s.lines++
	return trimEnd(s.buf[s.start+used : s.start+end]), end, nil
}
