package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/internal/dataset"
	"github.com/kamaitachi/kamaitachi/internal/progress"
)

// importFlags are the flags of `kamaitachi import`.
type importFlags struct {
	addr, db  string
	table     string
	format    string
	mapping   string
	create    bool
	dryRun    bool
	maxErrors int
}

func (i *importFlags) define(f *flag.FlagSet) {
	f.StringVar(&i.addr, "addr", client.DefaultAddress, "native `address` of the node to load into")
	f.StringVar(&i.db, "db", "", "load into this data `directory` of a node that is not running, instead of -addr")
	f.StringVar(&i.table, "table", "1", "`table` by name or number")
	f.StringVar(&i.format, "format", "", "`form`: csv, ndjson or sqlite (default: by the file's name)")
	f.StringVar(&i.mapping, "map", "", "`mapping` of a foreign CSV: a shipped one by name (us-reports, us-filings) or a file")
	f.BoolVar(&i.create, "create", false, "make unknown columns new indicators, and an unknown table a new one")
	f.BoolVar(&i.dryRun, "dry-run", false, "check every row and write nothing")
	f.IntVar(&i.maxErrors, "max-errors", 0, "leave out up to this many bad rows; -1 = any number")
}

func runImport(ctx context.Context, args []string, s Streams) error {
	i := &importFlags{}
	f := newFlags(s, "import", "[flags] FILE...    (- = standard input; .gz is unpacked)")
	i.define(f)
	if err := parse(f, args, -1); err != nil {
		return err
	}
	if f.NArg() == 0 {
		return usageError("which file? - reads standard input")
	}
	for _, name := range f.Args() {
		if len(name) > 1 && name[0] == '-' {
			return usageError("%s stands behind a file; flags come first (a file of that name is ./%s)", name, name)
		}
	}
	d, err := i.open(ctx)
	if err != nil {
		return err
	}
	for _, path := range f.Args() {
		if err = i.file(ctx, s, d, path); err != nil {
			break
		}
	}
	return errors.Join(err, d.close())
}

func (i *importFlags) open(ctx context.Context) (destination, error) {
	if i.db != "" {
		return openLocal(i.db, i.dryRun)
	}
	return openRemote(ctx, i.addr)
}

// file imports one file and prints what became of it.
func (i *importFlags) file(ctx context.Context, s Streams, d destination, path string) error {
	table, err := tableOf(ctx, d, i.table, i.create)
	if err != nil {
		return err
	}
	o := dataset.SourceOptions{Table: table, Create: i.create}
	if i.mapping != "" {
		if o.Mapping, err = dataset.LoadMapping(i.mapping); err != nil {
			return err
		}
	}
	src, err := openSource(ctx, path, s.In, i.format, o)
	if err != nil {
		return err
	}
	defer src.Close()
	show, finish := importProgress(s.Err, path)
	sum, err := dataset.Import(ctx, src, d, dataset.ImportOptions{
		Table: table, MaxErrors: i.maxErrors, DryRun: i.dryRun, InFlight: importInFlight,
		OnReject: func(e *dataset.RowError) { fmt.Fprintln(s.Err, e) }, OnProgress: show,
	})
	finish()
	did := "imported"
	switch {
	case i.dryRun:
		did = "checked"
	case err != nil:
		did = "read"
	}
	printSummary(s.Out, path, did, &sum)
	return err
}

// importInFlight is how many writes of an import are on their way at once: enough to keep the log's group commit busy.
const importInFlight = 4

// printSummary prints what an import did, a line.
func printSummary(w io.Writer, path, did string, s *dataset.Summary) {
	fmt.Fprintf(w, "%s: %s %d rows: %d reports of %d subjects written, %d superseded, %d rejected, %d skipped in %.2f s (%.0f rows/s)\n",
		path, did, s.Rows, s.Written, s.Subjects, s.Superseded, s.Rejected, s.Skipped, s.Elapsed.Seconds(),
		float64(s.Rows)/max(s.Elapsed.Seconds(), 1e-9))
	if len(s.Created) > 0 {
		fmt.Fprintf(w, "%s: new indicators: %v\n", path, s.Created)
	}
}

// progressEvery is how often an import says how far it is when there is no terminal.
const progressEvery = 5 * time.Second

// importProgress shows how far an import is: a bar on a terminal, a line now and then elsewhere.
func importProgress(w io.Writer, path string) (func(dataset.Progress), func()) {
	last := time.Now()
	finish := func() {}
	show := func(p dataset.Progress) {
		if time.Since(last) < progressEvery {
			return
		}
		last = time.Now()
		percent := ""
		if p.Total > 0 {
			percent = fmt.Sprintf(" (%d %%)", 100*p.Done/p.Total)
		}
		fmt.Fprintf(w, "%s: %d rows%s, %d rejected\n", path, p.Rows, percent, p.Rejected)
	}
	if bar := progress.NewBar(w, -1, path, "B"); bar != nil {
		show = func(p dataset.Progress) {
			if p.Total > 0 && bar.GetMax64() != p.Total {
				bar.ChangeMax64(p.Total)
			}
			bar.Describe(fmt.Sprintf("%s %d rows", path, p.Rows))
			bar.Set64(p.Done)
		}
		finish = func() { bar.Finish() }
	}
	return show, finish
}
