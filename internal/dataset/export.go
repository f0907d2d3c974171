package dataset

import (
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// Writer prints subjects with their reports so that a Source reads them back: equal rows, and equal attributes but for
// two things that files cannot say: that an attribute is empty, and spaces around a tag.
type Writer interface {
	// Write prints a subject and all its reports, whose Values are those of the writer's indicators; shorter = Missing
	// for the rest. Its attributes stand on the first row; a subject without reports has a row of attributes alone.
	// Subject of the reports is not looked at.
	Write(s *protocol.Subject, reports []protocol.Report) error
	// Flush writes what is still held.
	Flush() error
}

// flushBytes is how much a writer gathers before it writes.
const flushBytes = 64 << 10

// output gathers what is printed.
type output struct {
	w   io.Writer
	buf []byte
	ids []string
}

func (o *output) Flush() error {
	if len(o.buf) == 0 {
		return nil
	}
	_, err := o.w.Write(o.buf)
	o.buf = o.buf[:0]
	return err
}

// full flushes when enough is gathered.
func (o *output) full() error {
	if len(o.buf) < flushBytes {
		return nil
	}
	return o.Flush()
}

// check tells whether reports have more values than there are columns for them.
func (o *output) check(s *protocol.Subject, reports []protocol.Report) error {
	for i := range reports {
		if n := len(reports[i].Values); n > len(o.ids) {
			return fmt.Errorf("%w: a report of %s has %d values for %d columns", ErrOptions, s.Key, n, len(o.ids))
		}
	}
	return nil
}

// tagsOf returns the texts of the tags of a kind.
func tagsOf(s *protocol.Subject, kind string) (texts []string) {
	for _, tag := range s.Tags {
		if tag.Kind == kind {
			texts = append(texts, tag.Text)
		}
	}
	return texts
}

// appendTime appends a day where the time begins one, else UTC seconds.
func appendTime(dst []byte, seconds int64) []byte {
	if protocol.DayStart(seconds) == seconds {
		return protocol.AppendDay(dst, seconds)
	}
	return strconv.AppendInt(dst, seconds, 10)
}

// appendNumber appends the shortest decimal that reads back to the same float64, in the form of encoding/json.
func appendNumber(dst []byte, v float64) []byte {
	form := byte('f')
	if abs := math.Abs(v); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		form = 'e'
	}
	return strconv.AppendFloat(dst, v, form, -1, 64)
}
