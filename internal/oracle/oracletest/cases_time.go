package oracletest

import "github.com/kamaitachi/kamaitachi/protocol"

// clockCases are about rule 1.
func clockCases() []Case {
	return []Case{
		history("rule 1: a day is its 00:00:00Z and other seconds are kept",
			put("a 2023-12-31 4", "a 2023-12-31T10:00:01 5"),
			ask(&protocol.Period{View: seeing("1001"), Subjects: list("a")},
				"= 1001", "a 2023-12-31T10:00:01 #0408 y2023 | 5", "a 2023-12-31 #0408 y2023 | 4", "--"),
			ask(&protocol.Snapshot{View: seeing("1001"), Subjects: list("a"), Timestamp: on("2023-12-31T10:00:00")},
				"= 1001", "a | 4"),
		),
		history("rule 1: periods mean the whole UTC day",
			put("a 2023-12-30T23:59:59 3", "a 2023-12-31 4", "a 2023-12-31T23:59:59 5", "a 2024-01-01 6"),
			ask(&protocol.Recent{View: seeing("1001"), Subjects: list("a"), Periods: []int64{at("2023-12-31T15:00:00")}},
				"= 1001", "a 2023-12-31T23:59:59 #0408 y2023 | 5", "a 2023-12-31 #0408 y2023 | 4", "--"),
		),
		history("rule 1: days before 1970 round down",
			put("a 1969-12-31T23:59:59 1", "a 1970-01-01 2"),
			ask(&protocol.Recent{View: seeing("1001"), Subjects: list("a"), Periods: []int64{at("1969-12-31")}},
				"= 1001", "a 1969-12-31T23:59:59 #0408 y1969 | 1", "--"),
			ask(&protocol.Recent{View: seeing("1001"), Subjects: list("a"), Periods: []int64{at("1970-01-01T12:00:00")}},
				"= 1001", "a 1970-01-01 #0408 y1970 | 2", "--"),
		),
		history("rule 1: the first and the last second that there are",
			put("a 0001-01-01 1", "a 9999-12-31T23:59:59 2"),
			ask(&protocol.Period{View: seeing("1001"), Subjects: list("a"), Range: between("", "0001-01-01")},
				"= 1001", "a 0001-01-01 #0408 y1 | 1", "--"),
			ask(&protocol.Period{View: seeing("1001"), Subjects: list("a"), Range: between("9999-12-31T23:59:59", "")},
				"= 1001", "a 9999-12-31T23:59:59 #0408 y9999 | 2", "--"),
		),
	}
}

// declareCases are about rule 2.
func declareCases() []Case {
	return []Case{
		history("rule 2: an absent declare date sorts before every date",
			put("a 2023-12-31 @1960-01-01 2", "a 2023-12-31 1"),
			ask(&protocol.Snapshot{View: seeing("1001"), Subjects: list("a")}, "= 1001", "a | 2"),
		),
		history("rule 2: the declare date 1970-01-01 is not absent",
			put("a 1969-06-30 1", "a 1969-06-30 @1970-01-01 2"),
			ask(&protocol.Snapshot{View: seeing("1001"), Subjects: list("a")}, "= 1001", "a | 2"),
			ask(&protocol.Snapshot{View: knownAt("1969-12-31T23:59:59"), Subjects: list("a")}, "= 1001", "a | 1"),
		),
		history("rule 2: without a declare date a report is known from its report date",
			put("a 2023-12-31 1", "b 2023-12-31 @2024-02-01 2"),
			ask(&protocol.Snapshot{View: knownAt("2023-12-30T23:59:59"), Subjects: list("a b")}, "= 1001"),
			ask(&protocol.Snapshot{View: knownAt("2023-12-31"), Subjects: list("a b")}, "= 1001", "a | 1"),
			ask(&protocol.Snapshot{View: knownAt("2024-02-01"), Subjects: list("a b")}, "= 1001", "b | 2", "a | 1"),
		),
		history("rule 2: declare dates are kept in seconds",
			put("a 2023-12-31 @2024-02-01T08:00:00 1", "a 2023-12-31 @2024-02-01T08:00:01 2"),
			ask(&protocol.Snapshot{View: knownAt("2024-02-01T08:00:00"), Subjects: list("a")}, "= 1001", "a | 1"),
			ask(&protocol.Snapshot{View: knownAt("2024-02-01T08:00:01"), Subjects: list("a")}, "= 1001", "a | 2"),
		),
		history("rule 2: a report may be declared before its report date",
			put("a 2023-12-31 @2023-11-01 1"),
			ask(&protocol.Snapshot{View: knownAt("2023-11-01"), Subjects: list("a")}, "= 1001", "a | 1"),
		),
	}
}

// knownAt is the view of operating_income as it was known at a time.
func knownAt(text string) protocol.View {
	return protocol.View{IDs: list("1001"), KnownAt: on(text)}
}

// ofTypes is the view of operating_income in reports of some types.
func ofTypes(types ...string) protocol.View {
	return protocol.View{IDs: list("1001"), ReportTypes: types}
}

// identityCases are about rule 3.
func identityCases() []Case {
	return []Case{
		history("rule 3: the same identity again replaces the whole report",
			put("a 2023-12-31 1 2 3"),
			putInto("finance", list("net_profit"), "a 2023-12-31 9"),
			ask(&protocol.Snapshot{View: seeing("1001 1002 assets"), Subjects: list("a")}, "= 1001 1002 assets", "a | - 9 -"),
			put("a 2023-12-31 4 5 6"), put("a 2023-12-31 7"),
			ask(&protocol.Snapshot{View: seeing("1001 1002 assets"), Subjects: list("a")}, "= 1001 1002 assets", "a | 7 - -"),
		),
		history("rule 3: a restatement is not filled from the earlier declaration",
			put("a 2023-12-31 @2024-02-01 1 2", "a 2023-12-31 @2024-03-01 - 5"),
			ask(&protocol.Snapshot{View: seeing("1001 1002"), Subjects: list("a")}, "= 1001 1002", "a | - 5"),
			ask(&protocol.Snapshot{View: protocol.View{IDs: list("1001 1002"), KnownAt: on("2024-02-29")}, Subjects: list("a")},
				"= 1001 1002", "a | 1 2"),
		),
		history("rule 3: report types and declare dates make different reports",
			put("a 2023-12-31 #q 1", "a 2023-12-31 #y 2", "a 2023-12-31 #q @2024-01-01 3"),
			ask(&protocol.Period{View: seeing("1001"), Subjects: list("a")},
				"= 1001", "a 2023-12-31 #q @2024-01-01 y2023 | 3", "a 2023-12-31 #y y2023 | 2", "--"),
		),
		history("rule 3: of one identity twice in a put the last wins",
			put("a 2023-12-31 1 2", "b 2023-12-31 7", "a 2023-12-31 #0408 3"),
			ask(&protocol.Snapshot{View: seeing("1001 1002"), Subjects: list("a b")}, "= 1001 1002", "b | 7 -", "a | 3 -"),
		),
	}
}

// newestCases are about rule 4.
func newestCases() []Case {
	restated := put(
		"a 2023-09-30 @2023-10-20 1", "a 2023-09-30 @2024-01-15 2", "a 2023-12-31 @2024-02-10 3",
		"b 2023-09-30 @2023-10-25 10",
	)
	return []Case{
		history("rule 4: a restatement hides the earlier declaration once it is known", restated,
			ask(&protocol.Snapshot{View: knownAt("2023-10-22"), Subjects: list("a b")}, "= 1001", "a | 1"),
			ask(&protocol.Snapshot{View: knownAt("2024-01-14"), Subjects: list("a b")}, "= 1001", "b | 10", "a | 1"),
			ask(&protocol.Snapshot{View: knownAt("2024-01-15"), Subjects: list("a b")}, "= 1001", "b | 10", "a | 2"),
			ask(&protocol.Snapshot{View: seeing("1001"), Subjects: list("a b")}, "= 1001", "b | 10", "a | 3"),
		),
		history("rule 4: timestamp looks at report dates only, in what is known", restated,
			ask(&protocol.Snapshot{View: seeing("1001"), Subjects: list("a"), Timestamp: on("2023-09-30")}, "= 1001", "a | 2"),
			ask(&protocol.Snapshot{View: knownAt("2023-12-01"), Subjects: list("a"), Timestamp: on("2023-12-31")},
				"= 1001", "a | 1"),
			ask(&protocol.Snapshot{View: knownAt("2024-02-10"), Subjects: list("a"), Timestamp: on("2023-12-31")},
				"= 1001", "a | 3"),
		),
		history("rule 4: the report type is filtered before anything is chosen",
			put("a 2023-12-31 #q @2024-01-01 1", "a 2023-12-31 #y @2024-02-01 2", "a 2024-03-31 #q 3"),
			ask(&protocol.Snapshot{View: ofTypes("y"), Subjects: list("a")}, "= 1001", "a | 2"),
			ask(&protocol.Snapshot{View: ofTypes("q"), Subjects: list("a")}, "= 1001", "a | 3"),
			ask(&protocol.Snapshot{View: ofTypes("q"), Subjects: list("a"), Timestamp: on("2023-12-31")}, "= 1001", "a | 1"),
			ask(&protocol.Snapshot{View: ofTypes("x", "y"), Subjects: list("a")}, "= 1001", "a | 2"),
			ask(&protocol.Snapshot{View: ofTypes("Y"), Subjects: list("a")}, "= 1001"),
		),
		history("rule 4: the newest is by report date, then declare date, then report type",
			put("a 2023-12-31 #a @2024-02-01 1", "a 2023-12-31 #b @2024-01-01 2", "a 2023-09-30 #z @2024-05-01 3",
				"b 2023-12-31 #a @2024-02-01 4", "b 2023-12-31 #b @2024-02-01 5"),
			ask(&protocol.Snapshot{View: seeing("1001"), Subjects: list("a b")}, "= 1001", "b | 5", "a | 1"),
		),
	}
}

// todayCases are about rule 5.
func todayCases() []Case {
	return []Case{
		history("rule 5: attributes are today's, also in a query about the past",
			put("a 2020-12-31 1", "b 2020-12-31 2"),
			update(pooled("a", "pool", "")),
			update(protocol.SubjectUpdate{Subject: protocol.Subject{Key: "a", Name: "Alpha"}, Set: protocol.FieldName}),
			ask(&protocol.Snapshot{
				View:  protocol.View{IDs: list("1001"), KnownAt: on("2020-12-31"), With: protocol.WithSubjects},
				Topic: "pool", Timestamp: on("2020-12-31"),
			}, "= 1001", "a (Alpha, 213001, , stock) | 1"),
		),
		history("rule 5: who left a topic is not in its past either",
			put("a 2020-12-31 1", "b 2020-12-31 2"),
			update(pooled("a", "pool", ""), pooled("b", "pool", "")),
			update(pooled("b", "other", "")),
			ask(&protocol.Snapshot{View: seeing("1001"), Topic: "pool", Timestamp: on("2020-12-31")}, "= 1001", "a | 1"),
		),
	}
}

// defaultTypeCases are about rule 6.
func defaultTypeCases() []Case {
	return []Case{
		history("rule 6: a report without a type has its table's default",
			put("a 2023-12-31 1"),
			putInto("macro", nil, "a 2023-12-31 2"),
			ask(&protocol.Period{View: ofTypes("0408"), Subjects: list("a")}, "= 1001", "a 2023-12-31 #0408 y2023 | 1", "--"),
			ask(&protocol.Period{View: protocol.View{Table: "2", IDs: list("1001"), ReportTypes: list("annual")}, Subjects: list("a")},
				"= 1001", "a 2023-12-31 #annual y2023 | 2", "--"),
		),
		history("rule 6: a report without a declare date has none",
			put("a 2023-12-31 1", "a 2023-12-31 #0408 2", "a 2023-12-31 @2023-12-31 3"),
			ask(&protocol.Snapshot{View: protocol.View{IDs: list("1001"), With: protocol.WithReports}, Subjects: list("a")},
				"= 1001", "a 2023-12-31 #0408 @2023-12-31 y2023 | 3"),
			ask(&protocol.Snapshot{View: knownAt("2023-12-30"), Subjects: list("a")}, "= 1001"),
		),
	}
}
