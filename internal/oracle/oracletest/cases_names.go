package oracletest

import "github.com/kamaitachi/kamaitachi/protocol"

// listCases are about rule 7.
func listCases() []Case {
	return []Case{
		history("rule 7: repeated subjects count once, first place kept",
			put("a 2023-12-31 1", "b 2023-12-31 2", "c 2023-12-31 3"),
			ask(&protocol.Period{View: seeing("1001"), Subjects: list("c a c b a")},
				"= 1001", "c 2023-12-31 #0408 y2023 | 3", "--", "a 2023-12-31 #0408 y2023 | 1", "--",
				"b 2023-12-31 #0408 y2023 | 2", "--"),
			ask(&protocol.Snapshot{View: seeing("1001"), Subjects: list("a b a"), Ranking: protocol.Ranking{Limit: 3}},
				"= 1001", "b | 2", "a | 1"),
			ask(&protocol.Recent{View: seeing("1001"), Subjects: list("b a b")},
				"= 1001", "b 2023-12-31 #0408 y2023 | 2", "--", "a 2023-12-31 #0408 y2023 | 1", "--"),
			ask(&protocol.Search{Subjects: list("b a b")},
				"= operating_income net_profit assets", "a 2023-12-31 #0408 y2023 | 1 - -", "-- 100 100",
				"b 2023-12-31 #0408 y2023 | 2 - -", "-- 100 100", "total 2"),
		),
		history("rule 7: repeated indicators count once, id and code both appear",
			put("a 2023-12-31 1 2 3"),
			ask(&protocol.Snapshot{View: seeing("net_profit 1001 1002 net_profit operating_income 1001"), Subjects: list("a")},
				"= net_profit 1001 1002 operating_income", "a | 2 1 2 1"),
			ask(&protocol.Recent{View: seeing("1001 assets 1001"), Subjects: list("a a")},
				"= 1001 assets", "a 2023-12-31 #0408 y2023 | 1 3", "--"),
		),
		history("rule 7: repeated report types and periods count once",
			put("a 2023-12-31 #q 1", "a 2023-12-31 #y 2"),
			ask(&protocol.Recent{View: ofTypes("y", "y"), Subjects: list("a"), Periods: []int64{at("2023-12-31"), at("2023-12-31T01:00:00")}},
				"= 1001", "a 2023-12-31 #y y2023 | 2", "--"),
		),
	}
}

// byteCases are about rule 9.
func byteCases() []Case {
	return []Case{
		history("rule 9: keys compare as bytes",
			put("a 2023-12-31 1", "Z 2023-12-31 1", "é 2023-12-31 1", "上 2023-12-31 1", "\uff21 2023-12-31 1", "😀 2023-12-31 1",
				"a0 2023-12-31 1", "A 2023-12-31 1"),
			ask(&protocol.Snapshot{View: seeing("1001"), Subjects: list("😀 \uff21 上 é a0 a Z A"), Ranking: by("1001", protocol.Descending)},
				"= 1001", "A | 1", "Z | 1", "a | 1", "a0 | 1", "é | 1", "上 | 1", "\uff21 | 1", "😀 | 1"),
		),
		history("rule 9: long keys differ in their last byte",
			put("33:00000000000000000000000000000000002 2023-12-31 2", "33:0000000000000 2023-12-31 3",
				"33:00000000000000000000000000000000001 2023-12-31 1", "33:00000000000001 2023-12-31 4"),
			ask(&protocol.Snapshot{View: seeing("1001"), Subjects: list("33:00000000000000000000000000000000001 33:0000000000000 33:0000000000000000")},
				"= 1001", "33:0000000000000 | 3", "33:00000000000000000000000000000000001 | 1"),
			ask(&protocol.ListSubjects{After: "33:00000000000000000000000000000000001"},
				"33:00000000000000000000000000000000002 (33:00000000000000000000000000000000002, 213001, , stock) [] []",
				"33:00000000000001 (33:00000000000001, 213001, , stock) [] []"),
		),
		history("rule 9: names compare with their case",
			put("a 2023-12-31 1"),
			ask(&protocol.Snapshot{View: seeing("Net_Profit"), Subjects: list("a")}).refused(protocol.CodeUnknownIndicator, "Net_Profit"),
			ask(&protocol.Snapshot{View: protocol.View{Table: "Finance", IDs: list("1001")}, Subjects: list("a")}).
				refused(protocol.CodeNotFound, "Finance"),
			ask(&protocol.Snapshot{View: seeing("1001"), Subjects: list("A")}, "= 1001"),
		),
		history("rule 9: a keyword is a case-sensitive substring",
			put("a 2023-12-31 1", "b 2023-12-31 2", "c 2023-12-31 3"),
			update(pooled("a", "pool", "concept=internet finance"), pooled("b", "pool", "concept=Finance"), pooled("c", "pool", "concept=金融科技")),
			ask(&protocol.SelectSnapshot{Selection: selecting("fin"), View: seeing("1001")}, "= 1001", "a | 1"),
			ask(&protocol.SelectSnapshot{Selection: selecting("inance"), View: seeing("1001")}, "= 1001", "b | 2", "a | 1"),
			ask(&protocol.SelectSnapshot{Selection: selecting("融科"), View: seeing("1001")}, "= 1001", "c | 3"),
			ask(&protocol.SelectSnapshot{Selection: selecting("finance internet"), View: seeing("1001")}, "= 1001"),
		),
	}
}

// columnCases are about rule 16.
func columnCases() []Case {
	return []Case{
		history("rule 16: columns come in the request's order",
			put("a 2023-12-31 1 2 3"),
			ask(&protocol.Snapshot{View: seeing("assets 1002 1001"), Subjects: list("a")}, "= assets 1002 1001", "a | 3 2 1"),
		),
		history("rule 16: values come back to the last bit",
			put("a 2023-12-31 52859042145.16366 0.1 5e-324", "b 2023-12-31 1.7976931348623157e+308 -0 -2.2250738585072014e-308"),
			ask(&protocol.Snapshot{View: seeing("1001 1002 assets"), Subjects: list("a b")},
				"= 1001 1002 assets", "b | 1.7976931348623157e+308 -0 -2.2250738585072014e-308", "a | 5.285904214516366e+10 0.1 5e-324"),
		),
	}
}

// selecting picks the subjects of pool with a concept that contains the keyword.
func selecting(keyword string) protocol.Selection {
	return protocol.Selection{Kind: "concept", Topic: "pool", Keyword: keyword}
}

// unknownSubjectCases are about rule 8.
func unknownSubjectCases() []Case {
	a := put("a 2023-12-31 1", "b 2023-12-31 2")
	return []Case{
		history("rule 8: unknown subjects are left out", a,
			ask(&protocol.Snapshot{View: seeing("1001"), Subjects: list("x a y")}, "= 1001", "a | 1"),
			ask(&protocol.Snapshot{View: seeing("1001"), Subjects: list("x")}, "= 1001"),
			ask(&protocol.Period{View: seeing("1001"), Subjects: list("x a")}, "= 1001", "a 2023-12-31 #0408 y2023 | 1", "--"),
			ask(&protocol.Recent{View: seeing("1001"), Subjects: list("x y")}, "= 1001"),
			ask(&protocol.Search{Subjects: list("x")}, "= operating_income net_profit assets", "total 0"),
		),
	}
}

// unknownIndicatorCases are about rule 8.
func unknownIndicatorCases() []Case {
	a := put("a 2023-12-31 1", "b 2023-12-31 2")
	pool := update(pooled("a", "pool", "concept=x"))
	return []Case{
		history("rule 8: an unknown indicator is an error that names it", a, pool,
			ask(&protocol.Snapshot{View: seeing("1001 nope"), Subjects: list("a")}).refused(protocol.CodeUnknownIndicator, "nope"),
			ask(&protocol.Period{View: seeing("nope"), Subjects: list("a")}).refused(protocol.CodeUnknownIndicator, "nope"),
			ask(&protocol.Recent{View: seeing("gdp"), Subjects: list("a")}).refused(protocol.CodeUnknownIndicator, "gdp"),
			ask(&protocol.SelectSnapshot{Selection: selecting(""), View: seeing("nope")}).refused(protocol.CodeUnknownIndicator, "nope"),
			ask(&protocol.SelectPeriod{Selection: selecting(""), View: seeing("nope")}).refused(protocol.CodeUnknownIndicator, "nope"),
			ask(&protocol.Snapshot{View: seeing("nope"), Subjects: list("x")}).refused(protocol.CodeUnknownIndicator, "nope"),
			putInto("", list("1001 nope"), "a 2023-12-31 5 6").refused(protocol.CodeUnknownIndicator, "nope"),
			ask(&protocol.Snapshot{View: seeing("1001"), Subjects: list("a")}, "= 1001", "a | 1"),
		),
	}
}

// unknownFieldCases are about rule 8.
func unknownFieldCases() []Case {
	a := put("a 2023-12-31 1", "b 2023-12-31 2")
	pool := update(pooled("a", "pool", "concept=x"))
	return []Case{
		history("rule 8: an unknown field is an error that names it", a, pool,
			ask(&protocol.Snapshot{View: seeing("1001"), Subjects: list("a"), Ranking: protocol.Ranking{Field: "nope"}}).
				refused(protocol.CodeUnknownIndicator, "nope"),
			ask(&protocol.Snapshot{View: seeing("1001"), Subjects: list("a"), Ranking: protocol.Ranking{Field: "declare_date"}}).
				refused(protocol.CodeUnknownIndicator, "declare_date"),
			ask(&protocol.SelectSnapshot{Selection: selecting(""), View: seeing("1001"), Ranking: protocol.Ranking{Field: "cpi"}}).
				refused(protocol.CodeUnknownIndicator, "cpi"),
			ask(&protocol.SelectPeriod{Selection: selecting(""), View: seeing("1001"), Ranking: protocol.Ranking{Field: "cpi"}}).
				refused(protocol.CodeUnknownIndicator, "cpi"),
		),
	}
}

// unknownTopicCases are about rule 8.
func unknownTopicCases() []Case {
	a := put("a 2023-12-31 1", "b 2023-12-31 2")
	pool := update(pooled("a", "pool", "concept=x"))
	return []Case{
		history("rule 8: an unknown topic is an error that names it", a, pool,
			ask(&protocol.Snapshot{View: seeing("1001"), Topic: "nope"}).refused(protocol.CodeNotFound, "nope"),
			ask(&protocol.SelectSnapshot{Selection: protocol.Selection{Kind: "concept", Topic: "nope"}, View: seeing("1001")}).
				refused(protocol.CodeNotFound, "nope"),
			ask(&protocol.SelectPeriod{Selection: protocol.Selection{Kind: "concept", Topic: "nope"}, View: seeing("1001")}).
				refused(protocol.CodeNotFound, "nope"),
			ask(&protocol.ListSubjects{Topic: "nope"}).refused(protocol.CodeNotFound, "nope"),
		),
		history("rule 8, decision 1: a topic that its last subject left is unknown", a, pool,
			ask(&protocol.Snapshot{View: seeing("1001"), Topic: "pool"}, "= 1001", "a | 1"),
			update(protocol.SubjectUpdate{Subject: protocol.Subject{Key: "a"}, Set: protocol.FieldTopics}),
			ask(&protocol.Snapshot{View: seeing("1001"), Topic: "pool"}).refused(protocol.CodeNotFound, "pool"),
			update(pooled("c", "pool", "")),
			ask(&protocol.Snapshot{View: seeing("1001"), Topic: "pool"}, "= 1001"),
		),
	}
}

// unknownTableCases are about rule 8.
func unknownTableCases() []Case {
	a := put("a 2023-12-31 1", "b 2023-12-31 2")
	pool := update(pooled("a", "pool", "concept=x"))
	nope := func(v protocol.View) protocol.View { v.Table = "nope"; return v }(seeing("1001"))
	return []Case{
		history("rule 8: an unknown table is an error that names it", a, pool,
			ask(&protocol.Snapshot{View: nope, Subjects: list("a")}).refused(protocol.CodeNotFound, "nope"),
			ask(&protocol.Period{View: nope, Subjects: list("a")}).refused(protocol.CodeNotFound, "nope"),
			ask(&protocol.Recent{View: nope, Subjects: list("a")}).refused(protocol.CodeNotFound, "nope"),
			ask(&protocol.SelectSnapshot{Selection: selecting(""), View: nope}).refused(protocol.CodeNotFound, "nope"),
			ask(&protocol.SelectPeriod{Selection: selecting(""), View: nope}).refused(protocol.CodeNotFound, "nope"),
			ask(&protocol.Get{Table: "7", Subject: "a"}).refused(protocol.CodeNotFound, "7"),
			ask(&protocol.Search{Table: "99999999999999999999"}).refused(protocol.CodeNotFound, "99999999999999999999"),
			putInto("nope", nil, "a 2023-12-31 5").refused(protocol.CodeNotFound, "nope"),
			remove("nope", "a").refused(protocol.CodeNotFound, "nope"),
		),
		history("rule 8, decision 6: tables go by number, by name, and table 1 by nothing",
			put("a 2023-12-31 1"), putInto("2", nil, "a 2023-12-31 2"), putInto("macro", nil, "b 2023-12-31 3"),
			ask(&protocol.Snapshot{View: protocol.View{Table: "1", IDs: list("1001")}, Subjects: list("a b")}, "= 1001", "a | 1"),
			ask(&protocol.Snapshot{View: protocol.View{Table: "finance", IDs: list("1001")}, Subjects: list("a b")}, "= 1001", "a | 1"),
			ask(&protocol.Snapshot{View: protocol.View{Table: "macro", IDs: list("1001")}, Subjects: list("a b")},
				"= 1001", "b | 3", "a | 2"),
			ask(&protocol.Snapshot{View: protocol.View{Table: "2", IDs: list("gdp")}, Subjects: list("a b")}, "= gdp", "b | 3", "a | 2"),
		),
	}
}
