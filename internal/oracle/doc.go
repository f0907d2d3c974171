// Package oracle is what every answer of Kamaitachi is held against: one naive model of a node, written from
// docs/semantics and nothing else. It keeps plain maps and slices, answers by plain scans and has no cleverness, so
// that each line can be checked beside the numbered rule that it cites ("rule 4" is a rule of semantics.md, "decision
// 4" one of the decisions where the design pages are silent, listed below).
//
// Model applies writes and answers queries; Diff and its sisters tell how another answer differs; Replay loads a large
// set. The random worlds, the directed cases and the harness that drives a Target beside a Model are in oracletest.
//
// # Decisions
//
//  1. A topic exists while at least one subject carries it.
//  2. Report type filters match exactly; an unknown type matches nothing.
//  3. A search without subjects means all; subjects with no report in the range are neither shown nor counted. Get and
//     Search show the oldest report first.
//  4. SelectPeriod keeps, per UTC day and subject, the newest report by (report_date, declare_date, report_type), ranks
//     and pages within the day, and leaves out a day whose page is empty.
//  5. Names are valid UTF-8 of 1 to 255 bytes without control characters, surrounding space or comma; topics and tag
//     texts have no semicolon; some words cannot be indicators.
//  6. A table is referred to by "" (table 1), by number, or by name.
//  7. Times outside protocol.MinTime to MaxTime, negative offsets and limits, and inverted ranges are bad requests.
//  8. Put: no IDs means the table's order; a repeated column or more values than columns is a bad request; of one
//     identity twice in a put the last wins.
//  9. (JSON only.)
//  10. Year 0 is "not written" and shows the UTC year of the report date.
//  11. Queries without indicators or without subjects are bad requests, as is a snapshot of both subjects and topic.
//  12. Recent periods are UTC days: all reports of those days that pass rule 4.
package oracle
