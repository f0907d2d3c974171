package dataset

import (
	"context"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// Limits of what is read.
const (
	MaxRowBytes     = 1 << 20                                        // of one CSV record or NDJSON line
	MaxColumns      = protocol.MaxIndicators + 16 + protocol.MaxTags // of one file
	MaxMappingBytes = 1 << 20                                        // of a mapping file
	MaxNames        = 1 << 20                                        // rows of the file of names that a mapping joins
)

// Record is one good row. Its strings and slices are valid until the next call of Next, except Type and Period of the
// report, which may be kept.
type Record struct {
	// Report always has its subject. Values has one entry per column of the source, Missing for those without value.
	Report protocol.Report
	// NoReport tells that the row only describes its subject.
	NoReport bool
	// Attributes are those that the row gives; Set is 0 when there are none.
	Attributes protocol.SubjectUpdate
}

// Source yields the rows of one file. It is not safe for concurrent use.
type Source interface {
	// Columns names the columns of Report.Values, by ids or codes of the table. Next may append to it, never change it.
	Columns() []string
	// Created names the columns that the table does not have, in the order of their appearance. Next may append to it.
	Created() []string
	// Next fills rec with the next row. It returns io.EOF behind the last one, a *RowError for a bad one, behind which
	// it goes on, and any other error when nothing more can be read.
	Next(rec *Record) error
	// Progress tells how much is read, and of how much (0 = unknown), in a unit of the source's own.
	Progress() (done, total int64)
}

// Sink takes what is imported. The messages are only lent: they are reused after the call. With InFlight above 1 the
// calls come from several goroutines.
type Sink interface {
	PutTables(ctx context.Context, w *protocol.PutTables) error
	PutSubjects(ctx context.Context, w *protocol.PutSubjects) error
	Put(ctx context.Context, w *protocol.Put) error
}

// SourceOptions say how a file is to be read. The zero value reads attributes only: no indicator is known.
type SourceOptions struct {
	// Name is how errors call the file; default "input".
	Name string
	// Table is what the file is read into: its indicators are the known columns.
	Table protocol.Table
	// Create makes every unknown column a new indicator instead of an error.
	Create bool
	// Mapping translates a foreign CSV; nil = canonical.
	Mapping *Mapping
	// Names opens the file of names that a mapping joins, by the name that the mapping gives; default: there is none,
	// and a mapping that needs one is an error.
	Names func(name string) (Input, error)
	// Size is the length of the input in the unit of its Position, for progress; 0 = unknown.
	Size int64
}

func (o *SourceOptions) name() string {
	if o.Name == "" {
		return "input"
	}
	return o.Name
}
