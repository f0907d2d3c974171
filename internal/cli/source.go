package cli

import (
	"io"

	"github.com/kamaitachi/kamaitachi/internal/dataset"
)

// source is an open file to import.
type source interface {
	dataset.Source
	Close() error
}

// openSource opens a file in the form that the flag names, or that its name tells.
func openSource(path string, stdin io.Reader, format string, o dataset.SourceOptions) (source, error) {
	return dataset.Open(path, stdin, dataset.Format(format), o)
}
