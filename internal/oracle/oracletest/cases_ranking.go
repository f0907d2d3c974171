package oracletest

import (
	"fmt"
	"math"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// by ranks by a field in an order.
func by(field string, order protocol.Order) protocol.Ranking {
	return protocol.Ranking{Field: field, Order: order}
}

// page cuts a ranking by operating_income.
func page(offset, limit int) protocol.Ranking { return protocol.Ranking{Offset: offset, Limit: limit} }

// twelve writes s01 to s12 with the values 1 to 12 and puts them into pool with the concept x.
func twelve() []Step {
	var reports []string
	var updates []protocol.SubjectUpdate
	for i := 1; i <= 12; i++ {
		reports = append(reports, fmt.Sprintf("s%02d 2023-12-31 %d", i, i))
		updates = append(updates, pooled(fmt.Sprintf("s%02d", i), "pool", "concept=x"))
	}
	return []Step{put(reports...), update(updates...)}
}

// pageCases are about rule 11.
func pageCases() []Case {
	ranked := func(name string, steps ...Step) Case { return history(name, append(twelve(), steps...)...) }
	snap := func(r protocol.Ranking) *protocol.Snapshot {
		return &protocol.Snapshot{View: seeing("1001"), Topic: "pool", Ranking: r}
	}
	return []Case{
		ranked("rule 11: ten rows by default, greatest first",
			ask(snap(protocol.Ranking{}), "= 1001", "s12 | 12", "s11 | 11", "s10 | 10", "s09 | 9", "s08 | 8", "s07 | 7",
				"s06 | 6", "s05 | 5", "s04 | 4", "s03 | 3"),
			ask(snap(page(10, 0)), "= 1001", "s02 | 2", "s01 | 1"),
		),
		ranked("rule 11: offset and limit cut a page out of the ranking",
			ask(snap(page(0, 1)), "= 1001", "s12 | 12"),
			ask(snap(page(3, 2)), "= 1001", "s09 | 9", "s08 | 8"),
			ask(snap(protocol.Ranking{Offset: 10, Limit: 5, Order: protocol.Ascending}), "= 1001", "s11 | 11", "s12 | 12"),
			ask(snap(page(11, 10_000)), "= 1001", "s01 | 1"),
		),
		ranked("rule 11: an offset past the end gives an empty list",
			ask(snap(page(12, 0)), "= 1001"),
			ask(snap(page(1_000_000, 10_000)), "= 1001"),
			ask(snap(page(math.MaxInt, 10_000)), "= 1001"),
		),
		ranked("rule 11: limits above 10,000 and negative ones are errors",
			ask(snap(page(0, 10_001))).bad(), ask(snap(page(0, -1))).bad(), ask(snap(page(-1, 0))).bad(),
			ask(&protocol.SelectSnapshot{Selection: selecting(""), View: seeing("1001"), Ranking: page(0, 10_001)}).bad(),
			ask(&protocol.SelectPeriod{Selection: selecting(""), View: seeing("1001"), Ranking: page(-1, 0)}).bad(),
		),
		ranked("rule 11: unknown orders are errors",
			ask(snap(by("1001", 2))).bad(), ask(snap(by("1001", -1))).bad(),
			ask(&protocol.SelectSnapshot{Selection: selecting(""), View: seeing("1001"), Ranking: by("", 2)}).bad(),
			ask(&protocol.SelectPeriod{Selection: selecting(""), View: seeing("1001"), Ranking: by("", 2)}).bad(),
		),
	}
}

// fieldCases are about rule 12.
func fieldCases() []Case {
	return []Case{
		history("rule 12: without a field the ranking is by operating_income, which need not be asked for",
			put("a 2023-12-31 1 9", "b 2023-12-31 2 8", "c 2023-12-31 3 7"),
			ask(&protocol.Snapshot{View: seeing("1002"), Subjects: list("a b c")}, "= 1002", "c | 7", "b | 8", "a | 9"),
			ask(&protocol.Snapshot{View: seeing("1002"), Subjects: list("a b c"), Ranking: by("", protocol.Ascending)},
				"= 1002", "a | 9", "b | 8", "c | 7"),
		),
		history("rule 12: a table without operating_income ranks by the first id asked for",
			putInto("2", nil, "a 2023-12-31 1 9", "b 2023-12-31 2 8"),
			ask(&protocol.Snapshot{View: protocol.View{Table: "2", IDs: list("cpi gdp")}, Subjects: list("b a")},
				"= cpi gdp", "a | 9 1", "b | 8 2"),
			ask(&protocol.Snapshot{View: protocol.View{Table: "2", IDs: list("1001 cpi")}, Subjects: list("b a")},
				"= 1001 cpi", "b | 2 8", "a | 1 9"),
		),
		history("rule 12: the field may be a code, an id that is not asked for, or the report date",
			put("a 2023-12-31 1 9 5", "b 2023-09-30 2 8 6", "c 2023-12-31T00:00:01 3 7 4"),
			ask(&protocol.Snapshot{View: seeing("1001"), Subjects: list("a b c"), Ranking: by("1002", protocol.Descending)},
				"= 1001", "a | 1", "b | 2", "c | 3"),
			ask(&protocol.Snapshot{View: seeing("1001"), Subjects: list("a b c"), Ranking: by("assets", protocol.Ascending)},
				"= 1001", "c | 3", "a | 1", "b | 2"),
			ask(&protocol.Snapshot{View: seeing("1001"), Subjects: list("a b c"), Ranking: by("report_date", protocol.Descending)},
				"= 1001", "c | 3", "a | 1", "b | 2"),
			ask(&protocol.Snapshot{View: seeing("1001"), Subjects: list("a b c"), Ranking: by("report_date", protocol.Ascending)},
				"= 1001", "b | 2", "a | 1", "c | 3"),
		),
	}
}

// tieCases are about rule 13.
func tieCases() []Case {
	mixed := put("d 2023-12-31 5", "c 2023-12-31 - 1", "b 2023-12-31 -3", "a 2023-12-31 - 2", "f 2023-12-31 5", "e 2023-12-31 5 0")
	all := list("f e d c b a")
	return []Case{
		history("rule 13: missing values come last in either order, ties by key ascending in both", mixed,
			ask(&protocol.Snapshot{View: seeing("1001"), Subjects: all},
				"= 1001", "d | 5", "e | 5", "f | 5", "b | -3", "a | -", "c | -"),
			ask(&protocol.Snapshot{View: seeing("1001"), Subjects: all, Ranking: by("1001", protocol.Ascending)},
				"= 1001", "b | -3", "d | 5", "e | 5", "f | 5", "a | -", "c | -"),
		),
		history("rule 13: paging through ties and missing values repeats and skips nobody", mixed,
			ask(&protocol.Snapshot{View: seeing("1001"), Subjects: all, Ranking: page(0, 2)}, "= 1001", "d | 5", "e | 5"),
			ask(&protocol.Snapshot{View: seeing("1001"), Subjects: all, Ranking: page(2, 2)}, "= 1001", "f | 5", "b | -3"),
			ask(&protocol.Snapshot{View: seeing("1001"), Subjects: all, Ranking: page(4, 1)}, "= 1001", "a | -"),
			ask(&protocol.Snapshot{View: seeing("1001"), Subjects: all, Ranking: page(5, 2)}, "= 1001", "c | -"),
		),
		history("rule 13: equal report dates tie too", mixed,
			ask(&protocol.Snapshot{View: seeing("1002"), Subjects: all, Ranking: by("report_date", protocol.Descending)},
				"= 1002", "a | 2", "b | -", "c | 1", "d | -", "e | 0", "f | -"),
		),
		history("rule 13: -0 equals 0 and stays -0",
			put("a 2023-12-31 0", "b 2023-12-31 -0", "c 2023-12-31 0", "d 2023-12-31 -5e-324", "e 2023-12-31 5e-324"),
			ask(&protocol.Snapshot{View: seeing("1001"), Subjects: list("a b c d e")},
				"= 1001", "e | 5e-324", "a | 0", "b | -0", "c | 0", "d | -5e-324"),
			ask(&protocol.Snapshot{View: seeing("1001"), Subjects: list("a b c d e"), Ranking: by("1001", protocol.Ascending)},
				"= 1001", "d | -5e-324", "a | 0", "b | -0", "c | 0", "e | 5e-324"),
		),
		history("rule 13: NaN and infinities are refused, and nothing of their put is stored",
			put("a 2023-12-31 1", "b 2023-12-31 NaN").bad(),
			put("a 2023-12-31 1", "b 2023-12-31 1 +Inf").bad(),
			put("a 2023-12-31 -Inf").bad(),
			ask(&protocol.Snapshot{View: seeing("1001"), Subjects: list("a b")}, "= 1001"),
			ask(&protocol.ListSubjects{}),
		),
		history("rule 13: no value is not zero",
			put("a 2023-12-31 -1", "b 2023-12-31 -", "c 2023-12-31 0"),
			ask(&protocol.Snapshot{View: seeing("1001"), Subjects: list("a b c")}, "= 1001", "c | 0", "a | -1", "b | -"),
		),
	}
}

// emptyCases are about rule 14.
func emptyCases() []Case {
	return []Case{
		history("rule 14: a subject whose report has none of the asked values stays",
			put("a 2023-12-31 1 2", "b 2023-12-31 - - 3", "c 2023-12-31"),
			ask(&protocol.Snapshot{View: seeing("1002"), Subjects: list("c b a")}, "= 1002", "a | 2", "b | -", "c | -"),
			ask(&protocol.Recent{View: seeing("1001 1002"), Subjects: list("c")}, "= 1001 1002", "c 2023-12-31 #0408 y2023 | - -", "--"),
		),
		history("rule 14: the newest report counts, not the newest with a value",
			put("a 2023-09-30 7", "a 2023-12-31 - 2"),
			ask(&protocol.Snapshot{View: seeing("1001"), Subjects: list("a")}, "= 1001", "a | -"),
		),
		history("rule 14: a subject with no report that passes is left out",
			put("a 2023-12-31 1", "b 2023-12-31 #q 2"), putInto("2", nil, "c 2023-12-31 3"),
			update(pooled("a", "pool", ""), pooled("b", "pool", ""), pooled("c", "pool", ""), pooled("d", "pool", "")),
			ask(&protocol.Snapshot{View: seeing("1001"), Topic: "pool"}, "= 1001", "b | 2", "a | 1"),
			ask(&protocol.Snapshot{View: ofTypes("q"), Topic: "pool"}, "= 1001", "b | 2"),
			ask(&protocol.Snapshot{View: seeing("1001"), Topic: "pool", Timestamp: on("2023-12-30")}, "= 1001"),
		),
	}
}

// rangeCases are about rule 15.
func rangeCases() []Case {
	quarters := put("a 2023-03-31 1", "a 2023-06-30 2", "a 2023-09-30 3", "b 2023-06-30 20", "c 2023-09-30T12:00:00 30")
	abc := list("a b c")
	return []Case{
		history("rule 15: both ends of a range are included", quarters,
			ask(&protocol.Snapshot{View: seeing("1001"), Subjects: abc, Range: between("2023-06-30", "2023-06-30")},
				"= 1001", "b | 20", "a | 2"),
			ask(&protocol.Snapshot{View: seeing("1001"), Subjects: abc, Range: between("2023-07-01", "2023-09-30T23:59:59")},
				"= 1001", "c | 30", "a | 3"),
			ask(&protocol.Snapshot{View: seeing("1001"), Subjects: abc, Range: between("", "2023-03-31")}, "= 1001", "a | 1"),
			ask(&protocol.Snapshot{View: seeing("1001"), Subjects: abc, Range: between("2023-09-30T12:00:00", "")}, "= 1001", "c | 30"),
		),
		history("rule 15: a timestamp and a range both apply", quarters,
			ask(&protocol.Snapshot{View: seeing("1001"), Subjects: abc, Timestamp: on("2023-07-15"), Range: between("2023-04-01", "2023-12-31")},
				"= 1001", "b | 20", "a | 2"),
			ask(&protocol.Snapshot{View: seeing("1001"), Subjects: abc, Timestamp: on("2023-05-01"), Range: between("2023-04-01", "")}, "= 1001"),
		),
		history("rule 15, decision 7: an inverted range is an error", quarters,
			ask(&protocol.Snapshot{View: seeing("1001"), Subjects: abc, Range: between("2023-06-30", "2023-06-29")}).bad(),
			ask(&protocol.Period{View: seeing("1001"), Subjects: abc, Range: between("2023-06-30", "2023-06-29")}).bad(),
			ask(&protocol.Search{Range: between("2023-06-30", "2023-06-29")}).bad(),
		),
	}
}
