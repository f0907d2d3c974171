package oracle

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// reservedIndicators are the words that cannot name an indicator, because import files use them for something else
// (decision 5).
var reservedIndicators = []string{
	"subject", "report_date", "report_type", "declare_date", "end_date", "period", "year", "combine", "name", "status",
	"listing_date", "category", "topics",
}

// text checks a text (decision 5): valid UTF-8, at most MaxTextLen bytes, no control characters.
func (c *check) text(what, s string) {
	c.badIf(!utf8.ValidString(s), "%s %q is not UTF-8", what, s)
	c.badIf(len(s) > protocol.MaxTextLen, "%s is longer than %d bytes", what, protocol.MaxTextLen)
	c.badIf(strings.ContainsFunc(s, unicode.IsControl), "%s %q has a control character", what, s)
}

// name checks a name (decision 5).
func (c *check) name(what, s string) {
	c.text(what, s)
	c.badIf(s == "", "%s is empty", what)
	c.badIf(len(s) > protocol.MaxKeyLen, "%s is longer than %d bytes", what, protocol.MaxKeyLen)
	c.badIf(strings.TrimSpace(s) != s, "%s %q has space around it", what, s)
	c.badIf(strings.Contains(s, ","), "%s %q has a comma", what, s)
}

// topic checks the name of a topic (decision 5).
func (c *check) topic(s string) {
	c.name("topic", s)
	c.badIf(strings.Contains(s, ";"), "topic %q has a semicolon", s)
}

// tag checks a tag (decision 5); its text may be empty, which removes the kind.
func (c *check) tag(t protocol.Tag) {
	c.name("tag kind", t.Kind)
	c.text("tag text", t.Text)
	c.badIf(strings.Contains(t.Text, ";"), "tag text %q has a semicolon", t.Text)
}

// indicatorName checks an id or code (decision 5).
func (c *check) indicatorName(what, s string) {
	c.name(what, s)
	c.badIf(slices.Contains(reservedIndicators, s) || strings.HasPrefix(s, "tag."), "%s %q is reserved", what, s)
}

// tableName checks the name of a table (decisions 5 and 6).
func (c *check) tableName(s string) {
	c.name("table name", s)
	digits := strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' }) < 0
	c.badIf(digits, "table name %q is all digits", s)
}

// time checks that seconds is a time that can be written as a day (decision 7).
func (c *check) time(what string, seconds int64) {
	c.badIf(seconds < protocol.MinTime || seconds > protocol.MaxTime, "%s %d is outside the years 1 to 9999", what, seconds)
}

// instant checks an optional time (decision 7).
func (c *check) instant(what string, i protocol.Instant) {
	if i.Given {
		c.time(what, i.Seconds)
	}
}

// span checks a range (decision 7): its ends, and that it is not inverted.
func (c *check) span(r protocol.Range) {
	c.instant("from", r.From)
	c.instant("to", r.To)
	c.badIf(r.From.Given && r.To.Given && r.From.Seconds > r.To.Seconds, "from is after to")
}

// page checks an offset and a limit (rule 11, decision 7).
func (c *check) page(offset, limit, most int) {
	c.badIf(offset < 0, "offset %d is negative", offset)
	c.badIf(limit < 0, "limit %d is negative", limit)
	c.badIf(limit > most, "limit %d is above %d", limit, most)
}
