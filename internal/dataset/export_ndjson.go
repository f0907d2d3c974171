package dataset

import (
	"encoding/json"
	"io"
	"slices"
	"strconv"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// ndjsonWriter prints NDJSON.
type ndjsonWriter struct {
	output
	names [][]byte // of the indicators, with quotation marks and colon
}

// NewNDJSONWriter returns a Writer of NDJSON whose objects name these indicators.
func NewNDJSONWriter(w io.Writer, ids []string) Writer {
	n := &ndjsonWriter{output: output{w: w, ids: slices.Clone(ids)}}
	for _, id := range ids {
		n.names = append(n.names, append(appendJSON([]byte{sep}, id), ':'))
	}
	return n
}

func (n *ndjsonWriter) Write(s *protocol.Subject, reports []protocol.Report) error {
	if err := n.check(s, reports); err != nil {
		return err
	}
	if len(reports) == 0 {
		n.buf = appendJSON(append(n.buf, `{"subject":`...), s.Key)
		n.appendAttributes(s)
		n.buf = append(n.buf, '}', lineFeed)
	}
	for i := range reports {
		n.buf = appendJSON(append(n.buf, `{"subject":`...), s.Key)
		n.appendReport(&reports[i])
		if i == 0 {
			n.appendAttributes(s)
		}
		for j, v := range reports[i].Values {
			if v == v {
				n.buf = appendNumber(append(n.buf, n.names[j]...), v)
			}
		}
		n.buf = append(n.buf, '}', lineFeed)
		if err := n.full(); err != nil {
			return err
		}
	}
	return n.full()
}

func (n *ndjsonWriter) appendReport(r *protocol.Report) {
	n.appendTime(`,"report_date":`, r.ReportDate)
	n.appendText(`,"report_type":`, r.Type)
	if r.DeclareDate.Given {
		n.appendTime(`,"declare_date":`, r.DeclareDate.Seconds)
	}
	n.appendText(`,"period":`, r.Period)
	if r.Year != 0 {
		n.buf = strconv.AppendInt(append(n.buf, `,"year":`...), int64(r.Year), 10)
	}
}

// appendAttributes appends what a subject has.
func (n *ndjsonWriter) appendAttributes(s *protocol.Subject) {
	n.appendText(`,"name":`, s.Name)
	n.appendText(`,"status":`, s.Status)
	n.appendText(`,"listing_date":`, s.ListingDate)
	n.appendText(`,"category":`, s.Category)
	n.appendList(`,"topics":`, s.Topics)
	var kinds []string
	for _, tag := range s.Tags {
		if !slices.Contains(kinds, tag.Kind) {
			kinds = append(kinds, tag.Kind)
			n.buf = append(n.buf, sep)
			n.buf = appendJSON(n.buf, protocol.TagPrefix+tag.Kind)
			n.appendList(`:`, tagsOf(s, tag.Kind))
		}
	}
}

// appendTime appends a day as a text, seconds as a number.
func (n *ndjsonWriter) appendTime(name string, seconds int64) {
	n.buf = append(n.buf, name...)
	if protocol.DayStart(seconds) == seconds {
		n.buf = append(protocol.AppendDay(append(n.buf, '"'), seconds), '"')
	} else {
		n.buf = strconv.AppendInt(n.buf, seconds, 10)
	}
}

func (n *ndjsonWriter) appendText(name, text string) {
	if text != "" {
		n.buf = appendJSON(append(n.buf, name...), text)
	}
}

func (n *ndjsonWriter) appendList(name string, texts []string) {
	if len(texts) == 0 {
		return
	}
	n.buf = append(n.buf, name...)
	for i, text := range texts {
		open := byte(sep)
		if i == 0 {
			open = '['
		}
		n.buf = appendJSON(append(n.buf, open), text)
	}
	n.buf = append(n.buf, ']')
}

// appendJSON appends a JSON text.
func appendJSON(dst []byte, text string) []byte {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			escaped, err := json.Marshal(text)
			if err != nil {
				panic("BUG: a string always has a JSON form: " + err.Error())
			}
			return append(dst, escaped...)
		}
	}
	return append(append(append(dst, '"'), text...), '"')
}
