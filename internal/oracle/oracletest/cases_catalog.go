package oracletest

import (
	"math"
	"strings"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// attributeCases are about rule 22.
func attributeCases() []Case {
	set := func(fields protocol.SubjectField, s protocol.Subject) protocol.SubjectUpdate {
		return protocol.SubjectUpdate{Subject: s, Set: fields}
	}
	return []Case{
		history("rule 22: a subject that is written without attributes has the defaults",
			put("33:300033 2023-12-31 1"), update(set(0, protocol.Subject{Key: "b", Name: "not set"})),
			ask(&protocol.ListSubjects{}, "33:300033 (33:300033, 213001, , stock) [] []", "b (b, 213001, , stock) [] []"),
			ask(&protocol.Snapshot{View: protocol.View{IDs: list("1001"), With: protocol.WithSubjects | protocol.WithReports}, Subjects: list("33:300033")},
				"= 1001", "33:300033 (33:300033, 213001, , stock) 2023-12-31 #0408 y2023 | 1"),
		),
		history("rule 22: a report changes no attributes, and an update only those that it sets",
			update(set(protocol.FieldName|protocol.FieldListingDate, protocol.Subject{Key: "a", Name: "Alpha", ListingDate: "1999-01-01", Status: "x"})),
			put("a 2023-12-31 1"),
			update(set(protocol.FieldStatus|protocol.FieldCategory, protocol.Subject{Key: "a", Status: "213002", Category: "fund"})),
			ask(&protocol.ListSubjects{}, "a (Alpha, 213002, 1999-01-01, fund) [] []"),
		),
		history("rule 22: an attribute may be set to nothing",
			update(set(protocol.FieldStatus|protocol.FieldName, protocol.Subject{Key: "a"})),
			ask(&protocol.ListSubjects{}, "a (, , , stock) [] []"),
		),
		history("rule 22: texts are kept as they are, with the space around them",
			update(set(protocol.FieldName|protocol.FieldCategory, protocol.Subject{Key: "a", Name: " A, \"B\"; 平安 ", Category: "<b>&"})),
			ask(&protocol.ListSubjects{}, "a ( A, \"B\"; 平安 , 213001, , <b>&) [] []"),
		),
		history("rule 22: one subject twice in a write is changed twice",
			update(set(protocol.FieldName, protocol.Subject{Key: "a", Name: "one"}), set(protocol.FieldStatus, protocol.Subject{Key: "a", Status: "s"}),
				set(protocol.FieldName, protocol.Subject{Key: "a", Name: "two"})),
			ask(&protocol.ListSubjects{}, "a (two, s, , stock) [] []"),
		),
	}
}

// topicAndTagCases are about rule 22.
func topicAndTagCases() []Case {
	set := func(fields protocol.SubjectField, s protocol.Subject) protocol.SubjectUpdate {
		return protocol.SubjectUpdate{Subject: s, Set: fields}
	}
	tags := func(key string, tags ...protocol.Tag) protocol.SubjectUpdate {
		return set(protocol.FieldTags, protocol.Subject{Key: key, Tags: tags})
	}
	return []Case{
		history("rule 22: topics are replaced all together",
			update(set(protocol.FieldTopics, protocol.Subject{Key: "a", Topics: list("x y x")})),
			ask(&protocol.ListSubjects{Topic: "x"}, "a (a, 213001, , stock) [x; y] []"),
			update(set(protocol.FieldTopics, protocol.Subject{Key: "a", Topics: list("z")})),
			ask(&protocol.ListSubjects{}, "a (a, 213001, , stock) [z] []"),
		),
		history("rule 22: tags are replaced kind by kind, and an empty text removes its kind",
			update(tags("a", protocol.Tag{Kind: "i", Text: "3"}, protocol.Tag{Kind: "c", Text: "1"}, protocol.Tag{Kind: "c", Text: "2"})),
			ask(&protocol.ListSubjects{}, "a (a, 213001, , stock) [] [c=1; c=2; i=3]"),
			update(tags("a", protocol.Tag{Kind: "c", Text: "4"})),
			ask(&protocol.ListSubjects{}, "a (a, 213001, , stock) [] [c=4; i=3]"),
			update(tags("a", protocol.Tag{Kind: "i"})),
			ask(&protocol.ListSubjects{}, "a (a, 213001, , stock) [] [c=4]"),
		),
		history("subjects are listed by topic, tags and key",
			update(pooled("a", "pool", "c=x"), pooled("b", "pool", "c=y"), pooled("d", "other", "c=x")),
			update(tags("b", protocol.Tag{Kind: "i", Text: "z"})),
			ask(&protocol.ListSubjects{Topic: "pool", After: "a"}, "b (b, 213001, , stock) [pool] [c=y; i=z]"),
			ask(&protocol.ListSubjects{Tags: []protocol.Tag{{Kind: "c", Text: "x"}}},
				"a (a, 213001, , stock) [pool] [c=x]", "d (d, 213001, , stock) [other] [c=x]"),
			ask(&protocol.ListSubjects{Tags: []protocol.Tag{{Kind: "c"}, {Kind: "i", Text: "z"}}}, "b (b, 213001, , stock) [pool] [c=y; i=z]"),
			ask(&protocol.ListSubjects{Limit: 1, After: "b"}, "d (d, 213001, , stock) [other] [c=x]"),
			ask(&protocol.ListSubjects{After: "d"}),
			ask(&protocol.ListSubjects{Limit: -1}).bad(), ask(&protocol.ListSubjects{Limit: 10_001}).bad(),
		),
	}
}

// catalogCases are about tables and the names of decision 5.
func catalogCases() []Case {
	ind := func(id, code string) []protocol.Indicator {
		return []protocol.Indicator{{ID: "fine"}, {ID: id, Code: code}}
	}
	const before = "1 finance #0408: operating_income/1001// net_profit/1002// assets///"
	const after = "2 macro #annual: gdp/1001// cpi/2//"
	return []Case{
		history("tables are listed by number, and grow at their end",
			ask(CatalogQuery{}, before, after),
			tables(protocol.Table{Name: "finance", Indicators: []protocol.Indicator{{ID: "net_profit", Code: "1002", Title: "new"}, {ID: "eps", Unit: "USD"}}},
				protocol.Table{Name: "extra"}),
			ask(CatalogQuery{}, before+" eps///USD", after, "3 extra #0408:"),
		),
		history("a table's number and an indicator's names are taken once",
			tables(protocol.Table{Number: 1, Name: "other"}).bad(), tables(protocol.Table{Number: 2, Name: "finance"}).bad(),
			tables(protocol.Table{Name: "finance", Indicators: ind("other", "1001")}).bad(),
			tables(protocol.Table{Name: "finance", Indicators: ind("1001", "")}).bad(),
			tables(protocol.Table{Name: "finance", Indicators: ind("other", "assets")}).bad(),
			tables(protocol.Table{Name: "new"}, protocol.Table{Name: "finance", Indicators: ind("other", "fine")}).bad(),
			ask(CatalogQuery{}, before, after),
		),
		history("decision 5: words that cannot be indicators",
			tables(protocol.Table{Name: "finance", Indicators: ind("report_date", "")}).bad(), tables(protocol.Table{Name: "finance", Indicators: ind("x", "topics")}).bad(),
			tables(protocol.Table{Name: "finance", Indicators: ind("tag.concept", "")}).bad(), tables(protocol.Table{Name: "finance", Indicators: ind("a,b", "")}).bad(),
			tables(protocol.Table{Name: "finance", Indicators: ind("", "")}).bad(), tables(protocol.Table{Name: "2024"}).bad(), tables(protocol.Table{Name: ""}).bad(),
			ask(CatalogQuery{}, before, after),
		),
		badSubjectNames(),
		history("decision 5: texts that cannot be",
			update(protocol.SubjectUpdate{Subject: protocol.Subject{Key: "a", Name: "a\nb"}, Set: protocol.FieldName}).bad(),
			update(protocol.SubjectUpdate{Subject: protocol.Subject{Key: "a", Status: "\xff"}, Set: protocol.FieldStatus}).bad(),
			update(protocol.SubjectUpdate{Subject: protocol.Subject{Key: "a", Category: strings.Repeat("x", 4_097)}, Set: protocol.FieldCategory}).bad(),
			update(pooled("a", "x;y", "")).bad(), update(pooled("a", "x,y", "")).bad(), update(pooled("a", "", "")).bad(),
			update(pooled("b", "fine", ""), pooled("a", "x", "k=a;b")).bad(), update(pooled("a", "x", " k=a")).bad(),
			ask(&protocol.ListSubjects{}),
		),
	}
}

// badSubjectNames tries keys, report types and periods that cannot be, and some that can.
func badSubjectNames() Case {
	put := func(r protocol.Report) Step {
		r.ReportDate, r.Values = at("2023-12-31"), []float64{1}
		return Step{Write: &protocol.Write{Time: 100, Put: &protocol.Put{Reports: []protocol.Report{{Subject: "fine"}, r}}}}
	}
	long := strings.Repeat("x", protocol.MaxKeyLen)
	var steps []Step
	for _, name := range []string{"", "a,b", " a", "a ", "a\tb", "a\x7f", "\xff", long + "x"} {
		steps = append(steps, put(protocol.Report{Subject: name}).bad())
		if name != "" {
			steps = append(steps, put(protocol.Report{Subject: "a", Type: name}).bad(), put(protocol.Report{Subject: "a", Period: name}).bad())
		}
	}
	steps = append(steps,
		ask(&protocol.ListSubjects{}),
		put(protocol.Report{Subject: "a;b c"}), put(protocol.Report{Subject: long, Type: "年报", Period: "一季"}),
		ask(&protocol.Recent{View: seeing("1001"), Subjects: []string{"a;b c", long}},
			"= 1001", "a;b c 2023-12-31 #0408 y2023 | 1", "--", long+" 2023-12-31 #年报 p一季 y2023 | 1", "--"),
	)
	return history("decision 5: keys, types and periods that cannot be", steps...)
}

// limitCases are about decisions 7, 10 and 11.
func limitCases() []Case {
	put := func(r protocol.Report) Step {
		return Step{Write: &protocol.Write{Time: 100, Put: &protocol.Put{Reports: []protocol.Report{r}}}}
	}
	snap := func(change func(q *protocol.Snapshot)) Step {
		q := &protocol.Snapshot{View: seeing("1001"), Subjects: list("a")}
		change(q)
		return ask(q).bad()
	}
	beyond, before := protocol.At(protocol.MaxTime+1), protocol.At(protocol.MinTime-1)
	return []Case{
		history("decision 7: times outside the years 1 to 9999 are errors",
			put(protocol.Report{Subject: "a", ReportDate: protocol.MaxTime + 1}).bad(), put(protocol.Report{Subject: "a", ReportDate: math.MinInt64}).bad(),
			put(protocol.Report{Subject: "a", DeclareDate: beyond}).bad(), put(protocol.Report{Subject: "a", DeclareDate: before}).bad(),
			snap(func(q *protocol.Snapshot) { q.Timestamp = beyond }), snap(func(q *protocol.Snapshot) { q.KnownAt = before }),
			snap(func(q *protocol.Snapshot) { q.Range.From = before }), snap(func(q *protocol.Snapshot) { q.Range.To = beyond }),
			ask(&protocol.Recent{View: seeing("1001"), Subjects: list("a"), Periods: []int64{0, math.MaxInt64}}).bad(),
		),
		history("decision 10: year 0 is not written, and shows the UTC year of the report date",
			put(protocol.Report{Subject: "a", ReportDate: at("2023-12-31T23:59:59")}), put(protocol.Report{Subject: "a", ReportDate: at("1969-12-31"), Year: 7}),
			put(protocol.Report{Subject: "a", Year: -1}).bad(), put(protocol.Report{Subject: "a", Year: protocol.MaxYear + 1}).bad(),
			ask(&protocol.Period{View: seeing("1001"), Subjects: list("a")},
				"= 1001", "a 2023-12-31T23:59:59 #0408 y2023 | -", "a 1969-12-31 #0408 y7 | -", "--"),
		),
		history("decision 11: queries without indicators or subjects are errors",
			update(pooled("a", "pool", "concept=x")),
			snap(func(q *protocol.Snapshot) { q.IDs = nil }), snap(func(q *protocol.Snapshot) { q.Subjects = nil }),
			snap(func(q *protocol.Snapshot) { q.Topic = "pool" }),
			ask(&protocol.Period{View: seeing("1001")}).bad(), ask(&protocol.Period{Subjects: list("a")}).bad(),
			ask(&protocol.Recent{View: seeing("1001")}).bad(), ask(&protocol.Recent{Subjects: list("a")}).bad(),
			ask(&protocol.SelectSnapshot{Selection: selecting("")}).bad(), ask(&protocol.SelectPeriod{Selection: selecting("")}).bad(),
		),
	}
}
