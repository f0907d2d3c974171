package cli

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/internal/dataset"
	"github.com/kamaitachi/kamaitachi/protocol"
)

func runExport(ctx context.Context, args []string, s Streams) error {
	f := newFlags(s, "export", "[flags] [FILE]    (default: standard output; FILE.gz is packed)")
	addr := f.String("addr", client.DefaultAddress, "native `address` of a node")
	table := f.String("table", "1", "`table` by name or number")
	format := f.String("format", "", "`form`: csv or ndjson (default: by the file's name)")
	if err := parse(f, args, 1); err != nil {
		return err
	}
	path := f.Arg(0)
	form := dataset.Format(*format)
	if form == dataset.FormatAuto {
		form = dataset.FormatOf(path)
	}
	if form != dataset.FormatCSV && form != dataset.FormatNDJSON {
		return usageError("-format %q: want csv or ndjson", *format)
	}
	r, err := openRemote(ctx, *addr)
	if err != nil {
		return err
	}
	defer r.close()
	t, err := tableOf(ctx, r, *table, false)
	if err != nil {
		return err
	}
	e := &exporter{c: r.c, table: t}
	if path == "" || path == dataset.Stdin {
		err = e.write(ctx, s.Out, form)
	} else {
		err = e.writeFile(ctx, path, form)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(s.Err, "exported %d reports of %d subjects from table %s\n", e.reports, e.subjects, t.Name)
	return nil
}

// exporter reads all subjects and reports of a table through the SDK, a page of subjects at a time. Each page shows one
// moment; the whole shows one only when nothing is written meanwhile.
type exporter struct {
	c                 *client.Client
	table             protocol.Table
	subjects, reports int
}

// exportPage is how many subjects are asked for at once.
const exportPage = 250

// writeFile writes beside path and renames at the end, so that a broken export leaves no half file under its name.
func (e *exporter) writeFile(ctx context.Context, path string, form dataset.Format) error {
	part := path + ".part"
	file, err := os.Create(part)
	if err != nil {
		return err
	}
	err = e.packed(ctx, file, strings.HasSuffix(path, ".gz"), form)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return errors.Join(err, os.Remove(part))
	}
	return os.Rename(part, path)
}

func (e *exporter) packed(ctx context.Context, w io.Writer, gz bool, form dataset.Format) error {
	if !gz {
		return e.write(ctx, w, form)
	}
	z := gzip.NewWriter(w)
	return errors.Join(e.write(ctx, z, form), z.Close())
}

func (e *exporter) write(ctx context.Context, w io.Writer, form dataset.Format) error {
	b := bufio.NewWriterSize(w, 1<<20)
	out, err := e.writer(ctx, b, form)
	if err != nil {
		return err
	}
	var list protocol.SubjectList
	for after := ""; ; after = list.Subjects[len(list.Subjects)-1].Key {
		if err := e.c.Subjects(ctx, &protocol.ListSubjects{After: after, Limit: exportPage}, &list); err != nil {
			return err
		}
		if len(list.Subjects) == 0 {
			break
		}
		if err := e.page(ctx, out, list.Subjects); err != nil {
			return err
		}
	}
	return errors.Join(out.Flush(), b.Flush())
}

// writer makes the writer; CSV needs to know the kinds of tags before its first line.
func (e *exporter) writer(ctx context.Context, w io.Writer, form dataset.Format) (dataset.Writer, error) {
	ids := make([]string, len(e.table.Indicators))
	for i, ind := range e.table.Indicators {
		ids[i] = ind.ID
	}
	if form == dataset.FormatNDJSON {
		return dataset.NewNDJSONWriter(w, ids), nil
	}
	kinds, err := e.kinds(ctx)
	return dataset.NewCSVWriter(w, kinds, ids), err
}

// kinds returns the kinds of tags that subjects carry, sorted.
func (e *exporter) kinds(ctx context.Context) ([]string, error) {
	seen := map[string]bool{}
	var list protocol.SubjectList
	for after := ""; ; after = list.Subjects[len(list.Subjects)-1].Key {
		q := protocol.ListSubjects{After: after, Limit: protocol.MaxLimit}
		if err := e.c.Subjects(ctx, &q, &list); err != nil {
			return nil, err
		}
		for _, s := range list.Subjects {
			for _, t := range s.Tags {
				seen[t.Kind] = true
			}
		}
		if len(list.Subjects) < q.Limit {
			break
		}
	}
	kinds := make([]string, 0, len(seen))
	for k := range seen {
		kinds = append(kinds, k)
	}
	slices.Sort(kinds)
	return kinds, nil
}

// page writes some subjects with all their reports, every declaration of them, oldest first.
func (e *exporter) page(ctx context.Context, out dataset.Writer, subjects []*protocol.Subject) error {
	q := protocol.Period{View: protocol.View{Table: e.table.Name, With: protocol.WithSuperseded}}
	for _, ind := range e.table.Indicators {
		q.IDs = append(q.IDs, ind.ID)
	}
	for _, s := range subjects {
		q.Subjects = append(q.Subjects, s.Key)
	}
	var r protocol.Result
	if len(q.IDs) > 0 {
		if err := e.c.Period(ctx, &q, &r); err != nil {
			return err
		}
	}
	group := 0
	for _, s := range subjects {
		var reports []protocol.Report
		if from, to := 0, 0; group < len(r.Groups) {
			if from, to = r.Group(group); r.Subjects[from].Key == s.Key {
				reports = reportsOf(&r, from, to)
				group++
			}
		}
		if err := out.Write(s, reports); err != nil {
			return err
		}
		e.subjects++
		e.reports += len(reports)
	}
	return nil
}

// reportsOf turns rows, newest first, back into reports, oldest first.
func reportsOf(r *protocol.Result, from, to int) []protocol.Report {
	reports := make([]protocol.Report, 0, to-from)
	for i := to - 1; i >= from; i-- {
		h := &r.Heads[i]
		values := make([]float64, len(r.IDs))
		for c := range values {
			values[c] = r.Value(i, c)
		}
		reports = append(reports, protocol.Report{Subject: r.Subjects[i].Key, ReportDate: h.ReportDate, Type: h.Type,
			DeclareDate: h.DeclareDate, Period: h.Period, Year: h.Year, Values: values})
	}
	return reports
}
