package cli

import (
	"context"
	"io"
	"path/filepath"
	"strings"

	"github.com/kamaitachi/kamaitachi/internal/dataset"
	"github.com/kamaitachi/kamaitachi/internal/dataset/sqlitedb"
)

// source is an open file to import.
type source interface {
	dataset.Source
	Close() error
}

// formatSQLite is the -format of the reference's database.
const formatSQLite = "sqlite"

// openSource opens a file in the form that the flag names, or that its name tells.
func openSource(ctx context.Context, path string, stdin io.Reader, format string, o dataset.SourceOptions) (source, error) {
	if format == "" && isSQLite(path) {
		format = formatSQLite
	}
	if format != formatSQLite {
		return dataset.Open(path, stdin, dataset.Format(format), o)
	}
	if o.Mapping != nil {
		return nil, usageError("-map is for CSV; the columns of the reference's database are known")
	}
	return sqlitedb.Open(ctx, path, o)
}

// isSQLite tells whether a file's name is that of a database.
func isSQLite(path string) bool {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".db", ".sqlite", ".sqlite3":
		return true
	}
	return false
}
