package oracletest

import (
	"fmt"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// periodCases are about rule 17.
func periodCases() []Case {
	several := put(
		"a 2023-06-30 1", "a 2023-09-30 #q @2023-11-01 2", "a 2023-09-30 #y @2023-10-01 3", "a 2023-09-30 #y 4",
		"b 2023-06-30 pQ2 y2022 10", "b 2023-03-31 pQ1 11",
	)
	return []Case{
		history("rule 17: newest first by report date, declare date, report type", several,
			ask(&protocol.Period{View: seeing("1001"), Subjects: list("a")},
				"= 1001", "a 2023-09-30 #q @2023-11-01 y2023 | 2", "a 2023-09-30 #y @2023-10-01 y2023 | 3", "a 2023-06-30 #0408 y2023 | 1", "--"),
			ask(&protocol.Period{View: knownAt("2023-10-31"), Subjects: list("a")},
				"= 1001", "a 2023-09-30 #y @2023-10-01 y2023 | 3", "a 2023-06-30 #0408 y2023 | 1", "--"),
			ask(&protocol.Period{View: knownAt("2023-09-30"), Subjects: list("a")},
				"= 1001", "a 2023-09-30 #y y2023 | 4", "a 2023-06-30 #0408 y2023 | 1", "--"),
		),
		history("rule 17: equal dates go by report type, greatest first",
			put("a 2023-12-31 #b 1", "a 2023-12-31 #c 2", "a 2023-12-31 #a 3"),
			ask(&protocol.Period{View: seeing("1001"), Subjects: list("a")},
				"= 1001", "a 2023-12-31 #c y2023 | 2", "a 2023-12-31 #b y2023 | 1", "a 2023-12-31 #a y2023 | 3", "--"),
		),
		history("rule 17: an absent end is open, a given one included", several,
			ask(&protocol.Period{View: seeing("1001"), Subjects: list("b"), Range: between("2023-06-30", "")},
				"= 1001", "b 2023-06-30 #0408 pQ2 y2022 | 10", "--"),
			ask(&protocol.Period{View: seeing("1001"), Subjects: list("b"), Range: between("", "2023-03-31")},
				"= 1001", "b 2023-03-31 #0408 pQ1 y2023 | 11", "--"),
			ask(&protocol.Period{View: seeing("1001"), Subjects: list("b"), Range: between("2023-04-01", "2023-06-29")}, "= 1001"),
		),
		history("rule 17: one group per subject that has any, in the order of the request", several,
			ask(&protocol.Period{View: seeing("1001"), Subjects: list("b x a"), Range: between("", "2023-06-30")},
				"= 1001", "b 2023-06-30 #0408 pQ2 y2022 | 10", "b 2023-03-31 #0408 pQ1 y2023 | 11", "--",
				"a 2023-06-30 #0408 y2023 | 1", "--"),
			ask(&protocol.Period{View: seeing("1001"), Subjects: list("b a"), Range: between("2023-09-01", "")},
				"= 1001", "a 2023-09-30 #q @2023-11-01 y2023 | 2", "a 2023-09-30 #y @2023-10-01 y2023 | 3", "--"),
		),
	}
}

// recentCases are about rule 18.
func recentCases() []Case {
	several := put(
		"a 2023-06-30 1", "a 2023-09-30 #q @2023-11-01 2", "a 2023-09-30 #y @2023-10-01 3", "a 2023-09-30 #y 4",
		"b 2023-06-30 pQ2 y2022 10", "b 2023-03-31 pQ1 11",
	)
	return []Case{
		recentCase("rule 18: eight reports by default", 0, 8),
		recentCase("rule 18: the first few of what rule 4 leaves", 3, 3),
		recentCase("rule 18: a limit beyond the end gives what there is", 1_000, 10),
		history("rule 18: limits above 1,000 and negative ones are errors",
			put("a 2023-12-31 1"),
			ask(&protocol.Recent{View: seeing("1001"), Subjects: list("a"), Limit: 1_001}).bad(),
			ask(&protocol.Recent{View: seeing("1001"), Subjects: list("a"), Limit: -1}).bad(),
		),
		history("rule 18: with periods exactly those that exist, and the limit is ignored", several,
			ask(&protocol.Recent{
				View: seeing("1001"), Subjects: list("a b"), Limit: 1,
				Periods: []int64{at("2023-06-30"), at("2023-03-31"), at("2022-12-31")},
			}, "= 1001", "a 2023-06-30 #0408 y2023 | 1", "--",
				"b 2023-06-30 #0408 pQ2 y2022 | 10", "b 2023-03-31 #0408 pQ1 y2023 | 11", "--"),
			ask(&protocol.Recent{View: seeing("1001"), Subjects: list("a"), Limit: 1, Periods: []int64{at("2023-09-30")}},
				"= 1001", "a 2023-09-30 #q @2023-11-01 y2023 | 2", "a 2023-09-30 #y @2023-10-01 y2023 | 3", "--"),
			ask(&protocol.Recent{View: seeing("1001"), Subjects: list("a"), Periods: []int64{at("2022-12-31")}}, "= 1001"),
		),
		history("rule 18: report types and known_at come before the limit", several,
			ask(&protocol.Recent{View: ofTypes("y", "0408"), Subjects: list("a"), Limit: 1},
				"= 1001", "a 2023-09-30 #y @2023-10-01 y2023 | 3", "--"),
			ask(&protocol.Recent{View: knownAt("2023-07-01"), Subjects: list("a"), Limit: 1},
				"= 1001", "a 2023-06-30 #0408 y2023 | 1", "--"),
		),
	}
}

// recentCase asks for the newest of ten years, each of which was restated once.
func recentCase(name string, limit, want int) Case {
	var reports []string
	answer := []string{"= 1001"}
	for i := range 10 {
		year := 2023 - i
		reports = append(reports,
			fmt.Sprintf("a %d-12-31 @%d-02-01 %d", year, year+1, i),
			fmt.Sprintf("a %d-12-31 @%d-03-01 %d", year, year+1, 100+i))
		if i < want {
			answer = append(answer, fmt.Sprintf("a %d-12-31 #0408 @%d-03-01 y%d | %d", year, year+1, year, 100+i))
		}
	}
	query := &protocol.Recent{View: seeing("1001"), Subjects: list("a"), Limit: limit}
	return history(name, put(reports...), ask(query, append(answer, "--")...))
}

// criterionCases are about rule 19.
func criterionCases() []Case {
	market := []Step{
		put("a 2023-12-31 3 1", "b 2023-12-31 2 2", "c 2023-12-31 1 3", "d 2023-12-31 9 9",
			"a 2023-09-30 1", "b 2023-09-30 5", "b 2023-12-31T12:00:00 #q 8"),
		update(pooled("a", "pool", "concept=internet finance"), pooled("b", "pool", "concept=internet"),
			pooled("c", "pool", "industry=internet"), pooled("d", "other", "concept=internet")),
	}
	selected := func(name string, steps ...Step) Case { return history(name, append(market, steps...)...) }
	snap := func(s protocol.Selection) *protocol.SelectSnapshot {
		return &protocol.SelectSnapshot{Selection: s, View: seeing("1001")}
	}
	only := selecting("internet")
	only.Subject = "a"
	stranger := selecting("finance")
	stranger.Subject = "b"
	return []Case{
		selected("rule 19: a selection takes tag, topic, keyword and subject together",
			ask(snap(selecting("")), "= 1001", "b | 8", "a | 3"),
			ask(snap(selecting("finance")), "= 1001", "a | 3"),
			ask(snap(protocol.Selection{Kind: "industry", Topic: "pool"}), "= 1001", "c | 1"),
			ask(snap(protocol.Selection{Kind: "concept", Topic: "other"}), "= 1001", "d | 9"),
			ask(snap(protocol.Selection{Kind: "mood", Topic: "pool"}), "= 1001"),
			ask(snap(only), "= 1001", "a | 3"),
			ask(snap(stranger), "= 1001"),
		),
		selected("rule 19: kind and topic are required",
			ask(snap(protocol.Selection{Topic: "pool"})).bad(),
			ask(snap(protocol.Selection{Kind: "concept"})).bad(),
			ask(&protocol.SelectPeriod{Selection: protocol.Selection{Topic: "pool"}, View: seeing("1001")}).bad(),
			ask(&protocol.SelectPeriod{Selection: protocol.Selection{Kind: "concept"}, View: seeing("1001")}).bad(),
		),
		selected("rule 19: a selected snapshot is a snapshot",
			ask(&protocol.SelectSnapshot{Selection: selecting(""), View: seeing("1002"), Timestamp: on("2023-12-31"), Ranking: by("1002", protocol.Ascending)},
				"= 1002", "a | 1", "b | 2"),
			ask(&protocol.SelectSnapshot{Selection: selecting(""), View: seeing("1001"), Range: between("", "2023-09-30"), Ranking: page(1, 1)},
				"= 1001", "a | 1"),
		),
	}
}

// selectedDayCases are about rule 19.
func selectedDayCases() []Case {
	market := []Step{
		put("a 2023-12-31 3 1", "b 2023-12-31 2 2", "c 2023-12-31 1 3", "d 2023-12-31 9 9",
			"a 2023-09-30 1", "b 2023-09-30 5", "b 2023-12-31T12:00:00 #q 8"),
		update(pooled("a", "pool", "concept=internet finance"), pooled("b", "pool", "concept=internet"),
			pooled("c", "pool", "industry=internet"), pooled("d", "other", "concept=internet")),
	}
	selected := func(name string, steps ...Step) Case { return history(name, append(market, steps...)...) }
	return []Case{
		selected("rule 19: days descending, one row per subject and day, ranked",
			ask(&protocol.SelectPeriod{Selection: selecting(""), View: seeing("1001")},
				"= 1001", "b 2023-12-31T12:00:00 #q y2023 | 8", "a 2023-12-31 #0408 y2023 | 3", "--",
				"b 2023-09-30 #0408 y2023 | 5", "a 2023-09-30 #0408 y2023 | 1", "--"),
			ask(&protocol.SelectPeriod{Selection: selecting(""), View: ofTypes("0408"), Ranking: by("", protocol.Ascending)},
				"= 1001", "b 2023-12-31 #0408 y2023 | 2", "a 2023-12-31 #0408 y2023 | 3", "--",
				"a 2023-09-30 #0408 y2023 | 1", "b 2023-09-30 #0408 y2023 | 5", "--"),
			ask(&protocol.SelectPeriod{Selection: selecting(""), View: seeing("1001"), Range: between("2023-12-31", "2023-12-31")},
				"= 1001", "a 2023-12-31 #0408 y2023 | 3", "b 2023-12-31 #0408 y2023 | 2", "--"),
		),
		selected("rule 19: paged within the day, and a day whose page is empty is left out",
			put("a 2023-06-30 7"),
			ask(&protocol.SelectPeriod{Selection: selecting(""), View: seeing("1001"), Ranking: page(1, 1)},
				"= 1001", "a 2023-12-31 #0408 y2023 | 3", "--", "a 2023-09-30 #0408 y2023 | 1", "--"),
			ask(&protocol.SelectPeriod{Selection: selecting(""), View: seeing("1001"), Ranking: page(0, 1)},
				"= 1001", "b 2023-12-31T12:00:00 #q y2023 | 8", "--", "b 2023-09-30 #0408 y2023 | 5", "--", "a 2023-06-30 #0408 y2023 | 7", "--"),
			ask(&protocol.SelectPeriod{Selection: selecting(""), View: seeing("1001"), Ranking: page(2, 1)}, "= 1001"),
		),
		selected("rule 19, decision 4: a day's report is the newest by report date, declare date, report type",
			put("e 2022-12-31 #z 1", "e 2022-12-31 #a @2023-01-01 2", "f 2022-12-31 #z 3", "f 2022-12-31 #a 4", "f 2022-12-30T23:59:59 #z @2023-05-01 5"),
			update(pooled("e", "old", "concept=x"), pooled("f", "old", "concept=x")),
			ask(&protocol.SelectPeriod{Selection: protocol.Selection{Kind: "concept", Topic: "old"}, View: seeing("1001")},
				"= 1001", "f 2022-12-31 #z y2022 | 3", "e 2022-12-31 #a @2023-01-01 y2022 | 2", "--",
				"f 2022-12-30T23:59:59 #z @2023-05-01 y2022 | 5", "--"),
		),
	}
}
