// Package bundled holds the data that `kamaitachi demo` loads: us-reports, quarterly and annual figures of US companies
// from SEC filings, 2015 to 2017. It is from pystock-data, (c) Chang-Hung Liang, under CC BY-SA 4.0 (LICENSE.txt, and
// NOTICE in the module's root): only what shows the data links this package.
package bundled

import (
	"bytes"
	_ "embed"
	"fmt"
	"strings"

	"github.com/kamaitachi/kamaitachi/internal/dataset"
	"github.com/kamaitachi/kamaitachi/protocol"
)

//go:embed us_reports.csv.gz
var reports []byte

//go:embed us_symbols.csv
var symbols string

// License is the licence of the data.
//
//go:embed LICENSE.txt
var License string

// Name is the name of the data set, and of its mapping.
const Name = "us-reports"

// The files of the data set, as its mapping and its errors call them.
const (
	reportsFile = "us_reports.csv.gz"
	symbolsFile = "us_symbols.csv"
)

// Reports returns the rows of us-reports, to be imported into a table that has the indicators of the shipped catalog.
func Reports(table protocol.Table) (dataset.Source, error) {
	mapping, err := dataset.LoadMapping(Name)
	if err != nil {
		return nil, err
	}
	in, err := dataset.NewInput(bytes.NewReader(reports), false)
	if err != nil {
		return nil, fmt.Errorf("bundled %s: %w", reportsFile, err)
	}
	return dataset.NewCSV(in, dataset.SourceOptions{
		Name: reportsFile, Table: table, Mapping: mapping, Names: names, Size: int64(len(reports)),
	})
}

// names opens the one file of names that there is.
func names(name string) (dataset.Input, error) {
	if name != symbolsFile {
		return nil, fmt.Errorf("%s is not bundled", name)
	}
	return dataset.NewInput(strings.NewReader(symbols), false)
}
