// Package dataset reads and writes indicator data as files: canonical CSV, NDJSON with the same names, foreign CSV
// through a mapping, and a made-up market from a seed. The SQLite file of the reference is read by its sub-package
// sqlitedb, so that only who wants it links it; bundled embeds the demo's data.
//
// Everything streams. A Source yields one Record after the other, Import groups them into writes for a Sink, and a
// Writer prints what a store holds so that a Source reads it back. No memory grows with the length of a file but the
// sets that count superseded reports and subjects (ImportOptions.MaxIdentities).
//
// # Canonical CSV
//
// The first line names the columns: subject, report_date, then optionally report_type, declare_date, period, year,
// name, status, listing_date, category, topics, tag.KIND, and every other column is an indicator of the table, by id or
// code. Dates are YYYY-MM-DD or UTC seconds. An empty field is "no value"; for an attribute it means "not given", so a
// file may say the attributes of a subject once, on any of its rows. A row without report_date that has nothing but
// attributes is no report: it only describes its subject. Topics and tags stand with ; between several. Spaces around
// keys, dates, numbers, topics and tags do not count; those of a name, status, listing date or category do.
package dataset
