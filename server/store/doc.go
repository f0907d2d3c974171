// Package store keeps rows, subjects, tables and stamps on disk, in one Pebble database per node. It is the truth:
// whatever else a node holds can be rebuilt from it.
//
// Everything is written through a Batch, whose Commit stores the applied index together with the data, so that after
// any crash the two agree. Key order is table, subject, report_date, report_type, declare_date: all reports of a
// subject in a table are one range. FORMAT.md draws every key and value, byte by byte.
//
// # Damage
//
// Pebble checksums every block, and the store decodes every record strictly, so a flipped or cut byte ends in an error
// that wraps ErrDamaged and names the file or the key. FORMAT.md lists what Pebble itself does when it meets damage
// (it sometimes drops the tail of a file in silence, and sometimes panics), and what the store adds to that.
package store
