package oracletest

import (
	"fmt"

	"github.com/kamaitachi/kamaitachi/protocol"
)

const fullWidth = "= operating_income net_profit assets"

// getCases are about rule 20.
func getCases() []Case {
	return []Case{
		history("rule 20: save merges by identity and deletes nothing",
			put("a 2023-09-30 1", "a 2023-12-31 2"), put("a 2023-12-31 - 3", "a 2024-03-31 4"),
			ask(&protocol.Get{Subject: "a"}, fullWidth, "a 2023-09-30 #0408 y2023 | 1 - -", "a 2023-12-31 #0408 y2023 | - 3 -",
				"a 2024-03-31 #0408 y2024 | 4 - -", "-- 100 100"),
		),
		history("rule 20: get answers the newest declaration of each report date in full table width",
			put("a 2023-12-31 @2024-02-01 1 2", "a 2023-12-31 5", "a 2023-12-31 @2024-03-01 - - 3", "a 2022-12-31 pFY y2021 9"),
			ask(&protocol.Get{Table: "finance", Subject: "a"}, fullWidth, "a 2022-12-31 #0408 pFY y2021 | 9 - -",
				"a 2023-12-31 #0408 @2024-03-01 y2023 | - - 3", "-- 100 100"),
		),
		history("rule 20: of several types on one report date get answers the newest, too",
			put("a 2023-12-31 #z @2024-02-01 1", "a 2023-12-31 #b @2024-03-01 2", "a 2022-12-31 #b 3", "a 2022-12-31 #z 4", "a 2022-12-31T01:00:00 #a 5"),
			ask(&protocol.Get{Subject: "a"}, fullWidth, "a 2022-12-31 #z y2022 | 4 - -", "a 2022-12-31T01:00:00 #a y2022 | 5 - -",
				"a 2023-12-31 #b @2024-03-01 y2023 | 2 - -", "-- 100 100"),
		),
		history("rule 20: rows that are older than an indicator have no value of it",
			put("a 2023-12-31 1 2 3"),
			tables(protocol.Table{Name: "finance", Indicators: []protocol.Indicator{{ID: "equity", Code: "1004"}}}),
			ask(&protocol.Get{Subject: "a"}, fullWidth+" equity", "a 2023-12-31 #0408 y2023 | 1 2 3 -", "-- 100 100"),
			put("a 2024-03-31 4 5 6 7"),
			ask(&protocol.Snapshot{View: seeing("1004 1001"), Subjects: list("a")}, "= 1004 1001", "a | 7 4"),
		),
		history("rule 20: create and update time are those of the ordering node",
			put("a 2023-12-31 1", "b 2023-12-31 1").at(1_000), put("a 2023-12-31 2").at(2_000), putInto("2", nil, "b 2023-12-31 5").at(3_000),
			ask(&protocol.Get{Subject: "a"}, fullWidth, "a 2023-12-31 #0408 y2023 | 2 - -", "-- 1000 2000"),
			ask(&protocol.Get{Subject: "b"}, fullWidth, "b 2023-12-31 #0408 y2023 | 1 - -", "-- 1000 1000"),
			ask(&protocol.Get{Table: "2", Subject: "b"}, "= gdp cpi", "b 2023-12-31 #annual y2023 | 5 -", "-- 3000 3000"),
			remove("", "a").at(4_000), put("a 2020-12-31 3").at(5_000),
			ask(&protocol.Get{Subject: "a"}, fullWidth, "a 2020-12-31 #0408 y2020 | 3 - -", "-- 5000 5000"),
		),
	}
}

// deleteCases are about rule 20.
func deleteCases() []Case {
	return []Case{
		history("rule 20: delete removes the reports of one table and keeps the subject",
			put("a 2023-12-31 1", "b 2023-12-31 2"), putInto("2", nil, "a 2023-12-31 3"), update(pooled("a", "pool", "")),
			remove("1", "a"),
			ask(&protocol.Get{Subject: "a"}).refused(protocol.CodeNotFound, "a"),
			ask(&protocol.Get{Table: "2", Subject: "a"}, "= gdp cpi", "a 2023-12-31 #annual y2023 | 3 -", "-- 100 100"),
			ask(&protocol.Snapshot{View: seeing("1001"), Topic: "pool"}, "= 1001"),
			ask(&protocol.Snapshot{View: seeing("1001"), Subjects: list("a b")}, "= 1001", "b | 2"),
			ask(&protocol.ListSubjects{Topic: "pool"}, "a (a, 213001, , stock) [pool] []"),
		),
		history("rule 20: delete is idempotent",
			put("a 2023-12-31 1"), remove("", "a"), remove("", "a"), remove("", "nobody"),
			ask(&protocol.Search{}, fullWidth, "total 0"),
			ask(&protocol.ListSubjects{}, "a (a, 213001, , stock) [] []"),
		),
		history("rule 20: a subject without reports is not found",
			put("a 2023-12-31 1"), update(protocol.SubjectUpdate{Subject: protocol.Subject{Key: "b"}}),
			ask(&protocol.Get{Subject: "nobody"}).refused(protocol.CodeNotFound, "nobody"),
			ask(&protocol.Get{Subject: "b"}).refused(protocol.CodeNotFound, "b"),
			ask(&protocol.Get{Table: "2", Subject: "a"}).refused(protocol.CodeNotFound, "a"),
		),
	}
}

// putCases are about rule 20.
func putCases() []Case {
	return []Case{
		history("rule 20, decision 8: puts by column",
			putInto("", list("assets 1001"), "a 2023-12-31 3 1", "b 2023-12-31 4"),
			ask(&protocol.Snapshot{View: seeing("1001 1002 assets"), Subjects: list("a b")}, "= 1001 1002 assets", "a | 1 - 3", "b | - - 4"),
			putInto("", list("1001 operating_income"), "a 2023-12-31 1 2").bad(),
			putInto("", list("1001 1001"), "a 2023-12-31 1").bad(),
			putInto("", list("1001"), "a 2023-12-31 1 2").bad(),
			put("a 2023-12-31 1 2 3 4").bad(),
			ask(&protocol.Snapshot{View: seeing("1001"), Subjects: list("a")}, "= 1001", "a | 1"),
		),
		history("rule 20: a put is all or nothing",
			put("a 2023-12-31 1"),
			put("a 2023-12-31 2", "c 2023-12-31 3", "d 2023-12-31 1 2 3 4").bad(),
			ask(&protocol.Search{}, fullWidth, "a 2023-12-31 #0408 y2023 | 1 - -", "-- 100 100", "total 1"),
			ask(&protocol.ListSubjects{}, "a (a, 213001, , stock) [] []"),
		),
	}
}

// searchCases are about rule 21.
func searchCases() []Case {
	three := put("c 2023-12-31 3", "a 2023-12-31 1", "a 2022-12-31 0", "b 2022-12-31 2")
	a22, a23 := "a 2022-12-31 #0408 y2022 | 0 - -", "a 2023-12-31 #0408 y2023 | 1 - -"
	b22, c23 := "b 2022-12-31 #0408 y2022 | 2 - -", "c 2023-12-31 #0408 y2023 | 3 - -"
	const end = "-- 100 100"
	return []Case{
		history("rule 21: rows by subject in key order, oldest report first", three,
			ask(&protocol.Search{}, fullWidth, a22, a23, end, b22, end, c23, end, "total 3"),
			ask(&protocol.Search{Subjects: list("c a")}, fullWidth, a22, a23, end, c23, end, "total 2"),
		),
		history("rule 21: reports are cut to the range, and who has none in it is not counted", three,
			ask(&protocol.Search{Range: between("2023-01-01", "")}, fullWidth, a23, end, c23, end, "total 2"),
			ask(&protocol.Search{Range: between("", "2022-12-31"), Subjects: list("c b")}, fullWidth, b22, end, "total 1"),
			ask(&protocol.Search{Range: between("2024-01-01", "")}, fullWidth, "total 0"),
		),
		history("rule 21: the count is that of the subjects before paging", three,
			ask(&protocol.Search{Limit: 1}, fullWidth, a22, a23, end, "total 3"),
			ask(&protocol.Search{Offset: 1, Limit: 1}, fullWidth, b22, end, "total 3"),
			ask(&protocol.Search{Offset: 2}, fullWidth, c23, end, "total 3"),
			ask(&protocol.Search{Offset: 3}, fullWidth, "total 3"),
		),
		hundredCase(),
		history("rule 21: each table is searched for itself", three, putInto("2", nil, "d 2023-12-31 7"),
			ask(&protocol.Search{Table: "2"}, "= gdp cpi", "d 2023-12-31 #annual y2023 | 7 -", end, "total 1"),
			ask(&protocol.Search{Table: "2", Subjects: list("a")}, "= gdp cpi", "total 0"),
		),
		history("rule 21, decision 7: limits and offsets out of bounds are errors", three,
			ask(&protocol.Search{Limit: -1}).bad(), ask(&protocol.Search{Offset: -1}).bad(), ask(&protocol.Search{Limit: 10_001}).bad(),
		),
		history("rule 21: search shows the newest declaration",
			put("a 2023-12-31 @2024-02-01 1", "a 2023-12-31 @2024-03-01 2", "a 2023-12-31 #z 3"),
			ask(&protocol.Search{}, fullWidth, "a 2023-12-31 #0408 @2024-03-01 y2023 | 2 - -", end, "total 1"),
		),
	}
}

// hundredCase searches a hundred and one subjects without a limit.
func hundredCase() Case {
	var reports []string
	want := []string{fullWidth}
	for i := range 101 {
		reports = append(reports, fmt.Sprintf("s%03d 2023-12-31 %d", i, i))
		if i < 100 {
			want = append(want, fmt.Sprintf("s%03d 2023-12-31 #0408 y2023 | %d - -", i, i), "-- 100 100")
		}
	}
	return history("rule 21: a hundred subjects by default", put(reports...),
		ask(&protocol.Search{}, append(want, "total 101")...),
		ask(&protocol.Search{Offset: 100}, fullWidth, "s100 2023-12-31 #0408 y2023 | 100 - -", "-- 100 100", "total 101"),
	)
}
