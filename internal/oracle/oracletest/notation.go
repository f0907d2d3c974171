package oracletest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// The notation of the directed cases. A report is written as
//
//	SUBJECT DATE [#TYPE] [@DECLARED] [pPERIOD] [yYEAR] VALUE...
//
// with "-" for a missing value. An answer is written as its columns and then a row a line,
//
//	= ID ID
//	SUBJECT | VALUE VALUE
//	SUBJECT DATE #TYPE [@DECLARED] [pPERIOD] yYEAR | VALUE VALUE     where the answer carries reports
//	SUBJECT (NAME, STATUS, LISTING DATE, CATEGORY) | VALUE VALUE     where it carries attributes
//
// each group closed by a line "--", with create and update time where there are stamps, and a search by its total. A
// refusal is written as "refused: CODE" or "refused: CODE: NAME" with the name that it must mention.

// at reads a time: a day, or a day with a time after a T.
func at(text string) int64 {
	layout := time.DateOnly
	if strings.Contains(text, "T") {
		layout = "2006-01-02T15:04:05"
	}
	seconds, err := protocol.ParseDay(layout, text)
	if err != nil {
		panic(err)
	}
	return seconds
}

// on reads an optional time; "" is not given.
func on(text string) protocol.Instant {
	if text == "" {
		return protocol.Instant{}
	}
	return protocol.At(at(text))
}

// between reads a range; "" is open.
func between(from, to string) protocol.Range { return protocol.Range{From: on(from), To: on(to)} }

// list splits at spaces.
func list(text string) []string { return strings.Fields(text) }

// report reads a report.
func report(line string) protocol.Report {
	words := list(line)
	r := protocol.Report{Subject: words[0], ReportDate: at(words[1])}
	for _, word := range words[2:] {
		switch word[0] {
		case '#':
			r.Type = word[1:]
		case '@':
			r.DeclareDate = on(word[1:])
		case 'p':
			r.Period = word[1:]
		case 'y':
			year, err := strconv.Atoi(word[1:])
			if err != nil {
				panic(err)
			}
			r.Year = int32(year)
		default:
			r.Values = append(r.Values, number(word))
		}
	}
	return r
}

// number reads a value.
func number(word string) float64 {
	if word == "-" {
		return protocol.Missing
	}
	v, err := strconv.ParseFloat(word, 64)
	if err != nil {
		panic(err)
	}
	return v
}

// render writes an answer.
func render(a Answer) string {
	switch {
	case a.Err != nil:
		return refusedPrefix + a.Err.Error()
	case a.List != nil:
		return renderList(a.List)
	case a.Catalog != nil:
		return renderCatalog(a.Catalog)
	}
	return renderResult(a.Result)
}

// renderTotal is the last line of a search.
func renderTotal(r *protocol.Result) string { return fmt.Sprintf("total %d\n", r.Total) }

func renderResult(r *protocol.Result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "= %s\n", strings.Join(r.IDs, " "))
	g := 0
	for row := range r.Rows() {
		b.WriteString(renderRow(r, row) + "\n")
		for g < len(r.Groups) && int(r.Groups[g]) == row+1 {
			b.WriteString("--")
			if g < len(r.Stamps) {
				fmt.Fprintf(&b, " %d %d", r.Stamps[g].Create, r.Stamps[g].Update)
			}
			b.WriteString("\n")
			g++
		}
	}
	if g < len(r.Groups) {
		fmt.Fprintf(&b, "groups beyond the rows: %v\n", r.Groups[g:])
	}
	return b.String()
}

func renderRow(r *protocol.Result, row int) string {
	s := r.Subjects[row]
	text := s.Key
	if r.With&protocol.WithSubjects != 0 {
		text += fmt.Sprintf(" (%s, %s, %s, %s)", s.Name, s.Status, s.ListingDate, s.Category)
	}
	if row < len(r.Heads) {
		text += " " + renderHead(r.Heads[row])
	}
	text += " |"
	for c := range r.IDs {
		text += " " + renderValue(r.Value(row, c))
	}
	return text
}

func renderHead(h protocol.Head) string {
	text := renderTime(h.ReportDate) + " #" + h.Type
	if h.DeclareDate.Given {
		text += " @" + renderTime(h.DeclareDate.Seconds)
	}
	if h.Period != "" {
		text += " p" + h.Period
	}
	return text + fmt.Sprintf(" y%d", h.Year)
}

// renderTime writes a day, with the time of day where it is not midnight.
func renderTime(seconds int64) string {
	return strings.TrimSuffix(time.Unix(seconds, 0).UTC().Format("2006-01-02T15:04:05"), "T00:00:00")
}

func renderValue(v float64) string {
	if protocol.IsMissing(v) {
		return "-"
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

// renderList writes a subject a line, topics and tags sorted.
func renderList(l *protocol.SubjectList) string {
	var b strings.Builder
	for _, s := range l.Subjects {
		var tags []string
		for _, t := range s.Tags {
			tags = append(tags, t.Kind+"="+t.Text)
		}
		slices.Sort(tags)
		topics := slices.Sorted(slices.Values(s.Topics))
		fmt.Fprintf(&b, "%s (%s, %s, %s, %s) [%s] [%s]\n", s.Key, s.Name, s.Status, s.ListingDate, s.Category,
			strings.Join(topics, "; "), strings.Join(tags, "; "))
	}
	return b.String()
}

// renderCatalog writes a table a line.
func renderCatalog(c *protocol.Catalog) string {
	var b strings.Builder
	for _, t := range c.Tables {
		fmt.Fprintf(&b, "%d %s #%s:", t.Number, t.Name, t.DefaultReportType)
		for _, ind := range t.Indicators {
			fmt.Fprintf(&b, " %s/%s/%s/%s", ind.ID, ind.Code, ind.Title, ind.Unit)
		}
		b.WriteString("\n")
	}
	return b.String()
}
