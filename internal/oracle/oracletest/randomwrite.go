package oracletest

import (
	"math"
	"slices"

	"pgregory.net/rapid"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// RandomWrite draws one write of any kind. Most are valid; of those that are not, most are wrong in one place only, after
// something right that must then not be there either.
func (w *World) RandomWrite(t *rapid.T) *protocol.Write {
	write := &protocol.Write{Time: rapid.Int64Range(100, 10_000).Draw(t, "time")}
	switch kind := rapid.IntRange(0, 15).Draw(t, "write"); {
	case kind <= 9:
		write.Put = w.put(t)
	case kind <= 11:
		write.Delete = &protocol.Delete{Table: w.tableRef(t), Subjects: w.keys(t)}
	case kind <= 14:
		one := rapid.Custom(w.subjectUpdate)
		write.Subjects = &protocol.PutSubjects{Subjects: rapid.SliceOfN(one, 1, 4).Draw(t, "subjects")}
	default:
		one := rapid.Custom(tableUpdate)
		write.Tables = &protocol.PutTables{Tables: rapid.SliceOfN(one, 1, 2).Draw(t, "tables")}
	}
	return write
}

// put draws a put of a few reports, in table order or into columns that it names.
func (w *World) put(t *rapid.T) *protocol.Put {
	p := &protocol.Put{Table: w.tableRef(t)}
	width := 2 // of the narrowest table
	if often(t, "named columns") {
		p.IDs = putColumns(t, p.Table)
		width = len(p.IDs)
	} else if !isMacro(p.Table) && p.Table != "extra" && p.Table != "3" {
		width = 4
	}
	one := rapid.Custom(func(t *rapid.T) protocol.Report { return w.report(t, width) })
	p.Reports = rapid.SliceOfN(one, 1, 12).Draw(t, "reports")
	return p
}

// putColumns draws the columns of a put: different indicators, by id or code, and now and then a wrong one.
func putColumns(t *rapid.T, table string) []string {
	indicators := indicatorsOf(table)
	if seldom(t, "later columns") {
		indicators = slices.Concat(indicators, growth)
	}
	columns := []string{}
	seen := map[string]bool{}
	for _, ind := range some(t, "columns", indicators, 1, 5) {
		if !seen[ind.ID] || rarely(t, "twice") {
			columns = append(columns, nameOf(t, ind))
		}
		seen[ind.ID] = true
	}
	if rarely(t, "unknown column") {
		columns = append(columns, "no_such_column")
	}
	return columns
}

// nameOf draws the id or the code of an indicator.
func nameOf(t *rapid.T, ind protocol.Indicator) string {
	if ind.Code != "" && often(t, "by code") {
		return ind.Code
	}
	return ind.ID
}

// report draws a report of up to width values.
func (w *World) report(t *rapid.T, width int) protocol.Report {
	r := protocol.Report{
		Subject:     pick(t, "subject", w.Keys),
		ReportDate:  pick(t, "report date", days),
		Type:        pick(t, "report type", reportTypes),
		DeclareDate: pick(t, "declare date", declared),
		Period:      pick(t, "period", []string{"", "596001", "Q1"}),
		Year:        pick(t, "year", []int32{0, 2023, 1215, protocol.MaxYear}),
		Values:      some(t, "values", values, 0, width),
	}
	if rarely(t, "bad report") {
		spoilReport(t, &r, width)
	}
	return r
}

// spoilReport makes a report wrong in one way.
func spoilReport(t *rapid.T, r *protocol.Report, width int) {
	spoils := []func(){
		func() { r.Values = append(r.Values, math.NaN()) },
		func() { r.Values = append([]float64{math.Inf(-1)}, r.Values...) },
		func() { r.Values = make([]float64, width+len(growth)+1) },
		func() { r.Subject = pick(t, "bad subject", badNames) },
		func() { r.Type = pick(t, "bad type", badNames[1:]) },
		func() { r.Period = pick(t, "bad period", badNames[1:]) },
		func() { r.ReportDate = protocol.MaxTime + 1 },
		func() { r.DeclareDate = protocol.At(protocol.MinTime - 1) },
		func() { r.Year = protocol.MaxYear + 1 },
		func() { r.Year = -1 },
	}
	pick(t, "fault", spoils)()
}

// subjectUpdate draws an update of any attributes.
func (w *World) subjectUpdate(t *rapid.T) protocol.SubjectUpdate {
	u := protocol.SubjectUpdate{Set: protocol.SubjectField(rapid.IntRange(0, int(protocol.AllSubjectFields)).Draw(t, "set"))}
	u.Key = pick(t, "subject", w.Keys)
	text := func(label string) string {
		return pick(t, label, []string{"", "Ping An 平安", " padded ", `"q", <b>`})
	}
	if u.Set&protocol.FieldName != 0 {
		u.Name = text("name")
	}
	if u.Set&protocol.FieldStatus != 0 {
		u.Status = text("status")
	}
	if u.Set&protocol.FieldListingDate != 0 {
		u.ListingDate = text("listing date")
	}
	if u.Set&protocol.FieldCategory != 0 {
		u.Category = text("category")
	}
	if u.Set&protocol.FieldTopics != 0 {
		u.Topics = some(t, "topics", slices.Concat(topics[:1], topics[:1], topics), 0, 4)
	}
	if u.Set&protocol.FieldTags != 0 {
		u.Tags = tagUpdates(t)
	}
	if seldom(t, "bad update") {
		spoilUpdate(t, &u)
	}
	return u
}

// tagUpdates draws tags to set, and sometimes a kind to remove.
func tagUpdates(t *rapid.T) []protocol.Tag {
	var tags []protocol.Tag
	for range rapid.IntRange(0, 3).Draw(t, "number of tags") {
		tags = append(tags, protocol.Tag{Kind: pick(t, "kind", tagKinds), Text: pick(t, "text", tagTexts)})
	}
	kind := pick(t, "removed kind", append([]string{""}, tagKinds...))
	mentioned := func(tag protocol.Tag) bool { return tag.Kind == kind }
	if kind != "" && !slices.ContainsFunc(tags, mentioned) { // to set and remove one kind at once means nothing
		tags = append(tags, protocol.Tag{Kind: kind})
	}
	return tags
}

// spoilUpdate makes an update wrong in one way.
func spoilUpdate(t *rapid.T, u *protocol.SubjectUpdate) {
	spoils := []func(){
		func() { u.Key = pick(t, "bad key", badNames) },
		func() { u.Set, u.Name = u.Set|protocol.FieldName, pick(t, "bad name", badTexts) },
		func() { u.Set, u.Category = u.Set|protocol.FieldCategory, pick(t, "bad category", badTexts) },
		func() { u.Set, u.Topics = u.Set|protocol.FieldTopics, []string{"fine", pick(t, "bad topic", badNames)} },
		func() { u.Set, u.Topics = u.Set|protocol.FieldTopics, []string{"a;b"} },
		func() { u.Set, u.Tags = u.Set|protocol.FieldTags, []protocol.Tag{{Kind: "k", Text: "a;b"}} },
		func() {
			u.Set, u.Tags = u.Set|protocol.FieldTags, []protocol.Tag{{Kind: pick(t, "bad kind", badNames), Text: "x"}}
		},
	}
	pick(t, "fault", spoils)()
}

// tableUpdate draws growth of a table, a third table, or something that cannot be.
func tableUpdate(t *rapid.T) protocol.Table {
	grown := some(t, "indicators", growth, 1, 3)
	switch rapid.IntRange(0, 4).Draw(t, "table") {
	case 0:
		return protocol.Table{Name: "finance", Indicators: grown}
	case 1:
		return protocol.Table{Number: 2, Name: "macro", Indicators: grown}
	case 2:
		return protocol.Table{Name: "extra", Indicators: append(grown, protocol.Indicator{ID: "cpi", Code: "7"})}
	case 3:
		return protocol.Table{Number: 1, Name: "finance", DefaultReportType: "0408", Indicators: finance().Indicators}
	}
	return pick(t, "bad table", badTables())
}

// badTables cannot be written whatever was written before.
func badTables() []protocol.Table {
	with := func(ind ...protocol.Indicator) protocol.Table {
		return protocol.Table{Name: "finance", Indicators: ind}
	}
	return []protocol.Table{
		{Name: "12", Indicators: growth}, {Name: ""}, {Name: "a,b"},
		{Number: 1, Name: "other", Indicators: growth}, {Number: 2, Name: "finance"},
		{Name: "fresh", DefaultReportType: " 0408"},
		with(growth[1], protocol.Indicator{ID: "period"}), with(protocol.Indicator{ID: "tag.x"}),
		with(protocol.Indicator{ID: "fine", Code: "year"}), with(protocol.Indicator{ID: ""}),
		with(protocol.Indicator{ID: "other_income", Code: "1001"}), with(protocol.Indicator{ID: "1002"}),
		with(protocol.Indicator{ID: "other_income", Code: "assets"}),
		with(protocol.Indicator{ID: "fine", Title: "a\nb"}), with(protocol.Indicator{ID: "fine", Unit: "\xff"}),
		with(protocol.Indicator{ID: "fine"}, protocol.Indicator{ID: "finer", Code: "fine"}),
	}
}
