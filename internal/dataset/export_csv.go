package dataset

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// csvWriter prints canonical CSV.
type csvWriter struct {
	output
	kinds []string
}

// reportColumns and attributeColumns begin the header of canonical CSV; tags and indicators follow.
var (
	reportColumns    = []string{"subject", protocol.ReportDateField, "report_type", "declare_date", "period", "year"}
	attributeColumns = []string{"name", "status", "listing_date", "category", "topics"}
)

// NewCSVWriter returns a Writer of canonical CSV whose columns are, behind the fixed ones, the tags of these kinds and
// these indicators. It holds the header at once. A subject with a tag of another kind is an error.
func NewCSVWriter(w io.Writer, kinds, ids []string) Writer {
	c := &csvWriter{output: output{w: w, ids: slices.Clone(ids)}, kinds: slices.Clone(kinds)}
	for i, name := range slices.Concat(reportColumns, attributeColumns) {
		if i > 0 {
			c.buf = append(c.buf, sep)
		}
		c.buf = append(c.buf, name...)
	}
	for _, kind := range kinds {
		c.buf = appendField(append(c.buf, sep), protocol.TagPrefix+kind)
	}
	for _, id := range ids {
		c.buf = appendField(append(c.buf, sep), id)
	}
	c.buf = append(c.buf, lineFeed)
	return c
}

func (c *csvWriter) Write(s *protocol.Subject, reports []protocol.Report) error {
	for _, tag := range s.Tags {
		if !slices.Contains(c.kinds, tag.Kind) {
			return fmt.Errorf("%w: %s has a tag of kind %s, for which there is no column", ErrOptions, s.Key, tag.Kind)
		}
	}
	if err := c.check(s, reports); err != nil {
		return err
	}
	if len(reports) == 0 {
		c.buf = appendField(c.buf, s.Key)
		c.buf = appendCommas(c.buf, len(reportColumns)-1)
		c.appendAttributes(s)
		c.buf = append(appendCommas(c.buf, len(c.ids)), lineFeed)
	}
	for i := range reports {
		c.appendReport(s.Key, &reports[i])
		if i == 0 {
			c.appendAttributes(s)
		} else {
			c.buf = appendCommas(c.buf, len(attributeColumns)+len(c.kinds))
		}
		for _, v := range reports[i].Values {
			c.buf = append(c.buf, sep)
			if v == v {
				c.buf = appendNumber(c.buf, v)
			}
		}
		c.buf = append(appendCommas(c.buf, len(c.ids)-len(reports[i].Values)), lineFeed)
		if err := c.full(); err != nil {
			return err
		}
	}
	return c.full()
}

// appendReport appends the report columns.
func (c *csvWriter) appendReport(key string, r *protocol.Report) {
	c.buf = append(appendField(c.buf, key), sep)
	c.buf = append(appendTime(c.buf, r.ReportDate), sep)
	c.buf = append(appendField(c.buf, r.Type), sep)
	if r.DeclareDate.Given {
		c.buf = appendTime(c.buf, r.DeclareDate.Seconds)
	}
	c.buf = append(c.buf, sep)
	c.buf = append(appendField(c.buf, r.Period), sep)
	if r.Year != 0 {
		c.buf = strconv.AppendInt(c.buf, int64(r.Year), 10)
	}
}

// appendAttributes appends the attribute and tag columns, each behind its comma.
func (c *csvWriter) appendAttributes(s *protocol.Subject) {
	for _, text := range []string{s.Name, s.Status, s.ListingDate, s.Category, strings.Join(s.Topics, ";")} {
		c.buf = appendField(append(c.buf, sep), text)
	}
	for _, kind := range c.kinds {
		c.buf = appendField(append(c.buf, sep), strings.Join(tagsOf(s, kind), ";"))
	}
}

func appendCommas(dst []byte, n int) []byte {
	for range n {
		dst = append(dst, sep)
	}
	return dst
}

// appendField appends a field, in quotation marks where encoding/csv would put them.
func appendField(dst []byte, text string) []byte {
	if !needsQuotes(text) {
		return append(dst, text...)
	}
	dst = append(dst, quote)
	for i := range len(text) {
		if text[i] == quote {
			dst = append(dst, quote)
		}
		dst = append(dst, text[i])
	}
	return append(dst, quote)
}

func needsQuotes(text string) bool {
	if text == "" {
		return false
	}
	if text == `\.` || strings.ContainsAny(text, ",\"\r\n") {
		return true
	}
	first, _ := utf8.DecodeRuneInString(text)
	return unicode.IsSpace(first)
}
