package jsontarget

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/kamaitachi/kamaitachi/internal/oracle"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// wouldSay returns what the model says to a write into these tables, without applying it.
func wouldSay(catalog []*protocol.Table, w *protocol.Write) error {
	m := oracle.New()
	tables := &protocol.PutTables{}
	for _, t := range catalog {
		tables.Tables = append(tables.Tables, *t)
	}
	if len(tables.Tables) > 0 {
		if err := m.Apply(1, &protocol.Write{Tables: tables}); err != nil {
			return err
		}
	}
	return m.Apply(2, w)
}

// saveBodyOf returns the body of a save that says the same as a put, if one does: of one subject, one report type and one
// declare date, in table order, without period and year.
func saveBodyOf(p *protocol.Put) (string, bool) {
	if p == nil || len(p.IDs) > 0 || len(p.Reports) == 0 {
		return "", false
	}
	first := &p.Reports[0]
	var data []string
	for i := range p.Reports {
		r := &p.Reports[i]
		same := r.Subject == first.Subject && r.Type == first.Type && r.DeclareDate == first.DeclareDate
		if !same || r.Period != "" || r.Year != 0 || slices.ContainsFunc(r.Values, unspeakable) {
			return "", false
		}
		var values []string
		for _, v := range r.Values {
			if protocol.IsMissing(v) {
				values = append(values, "null")
			} else {
				values = append(values, strconv.FormatFloat(v, 'g', -1, 64))
			}
		}
		data = append(data, fmt.Sprintf(`"%d":[%s]`, r.ReportDate, strings.Join(values, ",")))
	}
	if !utf8.ValidString(first.Subject) || !utf8.ValidString(first.Type) {
		return "", false
	}
	head := object{"id": first.Subject, "report_type": first.Type}
	if at := first.DeclareDate; at.Given {
		head["declare_date"] = at.Seconds
		if protocol.DayStart(at.Seconds) == at.Seconds && at.Seconds >= protocol.MinTime {
			head["declare_date"] = string(protocol.AppendDay(nil, at.Seconds))
		} else if at.Seconds == 0 {
			return "", false
		}
	}
	text := strings.TrimSpace(head.String())
	return text[:len(text)-1] + `,"data":{` + strings.Join(data, ",") + "}}", true
}

func unspeakable(v float64) bool { return math.IsInf(v, 0) || v != v && !protocol.IsMissing(v) }

// subjectsBodyOf returns the body that upserts the same, if JSON can say it.
func subjectsBodyOf(p *protocol.PutSubjects) (string, bool) {
	if p == nil {
		return "", false
	}
	list := []string{}
	for i := range p.Subjects {
		u := &p.Subjects[i]
		o := object{"subject": u.Key}
		set := func(field protocol.SubjectField, name string, value any) {
			if u.Set&field != 0 {
				o[name] = value
			}
		}
		set(protocol.FieldName, "name", u.Name)
		set(protocol.FieldStatus, "status", u.Status)
		set(protocol.FieldListingDate, "listing_date", u.ListingDate)
		set(protocol.FieldCategory, "category", u.Category)
		set(protocol.FieldTopics, "topics", append([]string{}, u.Topics...))
		tags := map[string][]string{}
		for _, tag := range u.Tags {
			tags[tag.Kind] = append(tags[tag.Kind], tag.Text)
		}
		set(protocol.FieldTags, "tags", tags)
		if !utf8.ValidString(fmt.Sprint(u)) {
			return "", false
		}
		list = append(list, o.String())
	}
	return "[" + strings.Join(list, ",") + "]", true
}
