package httpcompat

import (
	"strconv"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// appendSnapshot appends a list of one entry per row: the subject and its values.
func appendSnapshot(dst []byte, r *protocol.Result, l *labels) []byte {
	l.set(r.IDs)
	if l.memo != nil {
		return l.memo.figures.appendEntries(dst, r, l)
	}
	dst = append(dst, '[')
	for row := range r.Subjects {
		if row > 0 {
			dst = append(dst, ',')
		}
		dst = l.appendEntry(dst, r, row)
	}
	return append(dst, ']')
}

// appendEntry appends a row of a ranking.
func (l *labels) appendEntry(dst []byte, r *protocol.Result, row int) []byte {
	dst = appendOpening(dst, r.Subjects[row])
	return append(l.appendValues(dst, r, row, false), "}}"...)
}

// appendSeries appends a list of one entry per group: the subject and its reports. withType adds the report type to
// each.
func appendSeries(dst []byte, r *protocol.Result, l *labels, withType bool) []byte {
	l.set(r.IDs)
	dst = append(dst, '[')
	for g := range r.Groups {
		from, to := r.Group(g)
		if g > 0 {
			dst = append(dst, ',')
		}
		dst = l.memo.appendSubject(append(dst, `{"subject":`...), r.Subjects[from])
		dst = append(dst, `,"data":[`...)
		for row := from; row < to; row++ {
			if row > from {
				dst = append(dst, ',')
			}
			dst = appendReport(dst, r, row, l, withType)
		}
		dst = append(dst, "]}"...)
	}
	return append(dst, ']')
}

// appendReport appends one report: the fixed fields, then its values.
func appendReport(dst []byte, r *protocol.Result, row int, l *labels, withType bool) []byte {
	h := &r.Heads[row]
	dst = appendDay(append(dst, `{"end_date":`...), protocol.At(h.ReportDate))
	dst = appendField(dst, `,"period":`, h.Period)
	dst = appendDay(append(dst, `,"declare_date":`...), h.DeclareDate)
	dst = append(dst, `,"year":"`...)
	dst = strconv.AppendInt(dst, int64(h.Year), 10)
	dst = append(dst, `","combine":`...)
	dst = appendCombine(dst, r.Subjects[row].Key, h)
	if withType {
		dst = appendField(dst, `,"report_type":`, h.Type)
	}
	return append(l.appendValues(dst, r, row, true), '}')
}

// appendCombine appends "subject:year_period" as a JSON string.
func appendCombine(dst []byte, key string, h *protocol.Head) []byte {
	dst = appendText(dst, key)
	dst = append(dst[:len(dst)-1], ':') // within the quotes
	dst = strconv.AppendInt(dst, int64(h.Year), 10)
	dst = append(dst, '_')
	end := len(dst)
	dst = appendText(dst, h.Period)
	return append(dst[:end], dst[end+1:]...) // without the quote between
}

// appendDays appends an object from the day of each group to its entries: the subject and its report.
func appendDays(dst []byte, r *protocol.Result, l *labels) []byte {
	l.set(r.IDs)
	dst = append(dst, '{')
	for g := range r.Groups {
		from, to := r.Group(g)
		if g > 0 {
			dst = append(dst, ',')
		}
		dst = appendDay(dst, protocol.At(r.Heads[from].ReportDate))
		dst = append(dst, ":["...)
		for row := from; row < to; row++ {
			if row > from {
				dst = append(dst, ',')
			}
			dst = l.memo.appendSubject(append(dst, `{"subject":`...), r.Subjects[row])
			dst = appendReport(append(dst, `,"data":`...), r, row, l, false)
			dst = append(dst, '}')
		}
		dst = append(dst, ']')
	}
	return append(dst, '}')
}

// appendRow appends the reports of group g, in full table width and with null for what is missing.
func appendRow(dst []byte, r *protocol.Result, g int) []byte {
	from, to := r.Group(g)
	dst = appendField(dst, `{"id":`, r.Subjects[from].Key)
	dst = append(dst, `,"data":{`...)
	for row := from; row < to; row++ {
		if row > from {
			dst = append(dst, ',')
		}
		dst = strconv.AppendInt(append(dst, '"'), r.Heads[row].ReportDate, 10)
		dst = append(dst, `":[`...)
		for c := range r.IDs {
			if c > 0 {
				dst = append(dst, ',')
			}
			if v := r.Value(row, c); v == v {
				dst = appendNumber(dst, v)
			} else {
				dst = append(dst, "null"...)
			}
		}
		dst = append(dst, ']')
	}
	dst = appendInteger(dst, `},"createTime":`, r.Stamps[g].Create)
	dst = appendInteger(dst, `,"updateTime":`, r.Stamps[g].Update)
	return append(dst, '}')
}

// appendRows appends the answer of a search.
func appendRows(dst []byte, r *protocol.Result) []byte {
	dst = append(dst, `{"rows":[`...)
	for g := range r.Groups {
		if g > 0 {
			dst = append(dst, ',')
		}
		dst = appendRow(dst, r, g)
	}
	dst = appendInteger(dst, `],"count":`, int64(r.Total))
	return append(dst, '}')
}
