package httpcompat

import (
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// appendTables appends the tables of a catalog, by number.
func appendTables(dst []byte, tables []*protocol.Table) []byte {
	dst = append(dst, '[')
	for i, t := range tables {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendInteger(dst, `{"number":`, int64(t.Number))
		dst = appendField(dst, `,"name":`, t.Name)
		dst = appendField(dst, `,"default_report_type":`, t.DefaultReportType)
		dst = append(dst, `,"indicators":[`...)
		for j, ind := range t.Indicators {
			if j > 0 {
				dst = append(dst, ',')
			}
			dst = appendField(dst, `{"id":`, ind.ID)
			dst = appendField(dst, `,"code":`, ind.Code)
			dst = appendField(dst, `,"title":`, ind.Title)
			dst = appendField(dst, `,"unit":`, ind.Unit)
			dst = append(dst, '}')
		}
		dst = append(dst, "]}"...)
	}
	return append(dst, ']')
}

// appendSubjects appends subjects with all their attributes.
func appendSubjects(dst []byte, subjects []*protocol.Subject) []byte {
	dst = append(dst, '[')
	for i, s := range subjects {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendSubject(dst, s)
		dst = append(dst[:len(dst)-1], `,"topics":`...) // within the braces
		dst = appendTexts(dst, s.Topics)
		dst = append(dst, `,"tags":`...)
		dst = append(appendTags(dst, s.Tags), '}')
	}
	return append(dst, ']')
}

// appendTexts appends a list of texts.
func appendTexts(dst []byte, texts []string) []byte {
	dst = append(dst, '[')
	for i, s := range texts {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendText(dst, s)
	}
	return append(dst, ']')
}

// appendTags appends an object from kind to texts, kinds in the order in which they first appear.
func appendTags(dst []byte, tags []protocol.Tag) []byte {
	dst = append(dst, '{')
	kinds := 0
	for i, tag := range tags {
		if slices.ContainsFunc(tags[:i], func(t protocol.Tag) bool { return t.Kind == tag.Kind }) {
			continue // among those of the kind that were appended before
		}
		if kinds++; kinds > 1 {
			dst = append(dst, ',')
		}
		dst = append(appendText(dst, tag.Kind), ':')
		dst = append(appendKind(dst, tags[i:], tag.Kind), ']')
	}
	return append(dst, '}')
}

// appendKind appends a list, without its end, of the texts of one kind.
func appendKind(dst []byte, tags []protocol.Tag, kind string) []byte {
	start := byte('[')
	for _, tag := range tags {
		if tag.Kind == kind {
			dst = appendText(append(dst, start), tag.Text)
			start = ','
		}
	}
	return dst
}

// appendFigures appends figures as the fields of an object, without its braces.
func appendFigures(dst []byte, figures []protocol.Stat) []byte {
	for i, f := range figures {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendText(dst, f.Name), ':')
		dst = appendFigure(dst, f)
	}
	return dst
}

// appendFigure appends the value of a figure; what is no number in JSON is null.
func appendFigure(dst []byte, f protocol.Stat) []byte {
	switch {
	case f.Text != "":
		return appendText(dst, f.Text)
	case math.IsNaN(f.Number) || math.IsInf(f.Number, 0):
		return append(dst, "null"...)
	}
	return appendNumber(dst, f.Number)
}

// figureNames are the second names of some figures, in the order in which they are shown.
type figureNames []struct{ name, stat string }

var (
	recordFigures = figureNames{{"total_records", statReports}, {"stock_count", statSubjects}}
	cacheFigures  = figureNames{
		{"entries", statEntries}, {"max", statMaxBytes}, {"hits", statHits}, {"misses", statMisses}, {"hit_rate", statHitRate},
	}
)

// appendTo appends the figures as fields, without braces. One that is not there is null.
func (names figureNames) appendTo(dst []byte, figures []protocol.Stat) []byte {
	for i, n := range names {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendText(dst, n.name), ':')
		at := slices.IndexFunc(figures, func(f protocol.Stat) bool { return f.Name == n.stat })
		if at < 0 {
			dst = append(dst, "null"...)
			continue
		}
		dst = appendFigure(dst, figures[at])
	}
	return dst
}

// appendRecords appends the figures as /kamaitachi/api/data/v1/stats shows them.
func appendRecords(dst []byte, figures []protocol.Stat) []byte {
	dst = recordFigures.appendTo(append(dst, '{'), figures)
	dst = cacheFigures.appendTo(append(dst, `,"cache":{`...), figures)
	return append(dst, "}}"...)
}

// appendBreakers appends an object from the name of each breaker to its state.
func appendBreakers(dst []byte, breakers []Breaker) []byte {
	dst = append(dst, '{')
	for i := range breakers {
		b := &breakers[i]
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendText(dst, b.Name), ':')
		dst = appendField(dst, `{"state":`, string(b.State))
		dst = strconv.AppendUint(append(dst, `,"requests":`...), b.Requests, 10)
		dst = strconv.AppendUint(append(dst, `,"successes":`...), b.Successes, 10)
		dst = strconv.AppendUint(append(dst, `,"failures":`...), b.Failures, 10)
		dst = appendNumber(append(dst, `,"failure_rate":`...), b.failureRate())
		dst = strconv.AppendUint(append(dst, `,"consecutive_successes":`...), b.ConsecutiveSuccesses, 10)
		dst = strconv.AppendUint(append(dst, `,"consecutive_fails":`...), b.ConsecutiveFails, 10)
		dst = append(dst, `,"state_changed_at":"`...)
		dst = b.StateChangedAt.UTC().AppendFormat(dst, time.RFC3339)
		dst = append(dst, `"}`...)
	}
	return append(dst, '}')
}
