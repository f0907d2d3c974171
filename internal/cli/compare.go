package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/kamaitachi/kamaitachi/bench/compare"
)

// compareFlags are the flags of `kamaitachi bench compare`.
type compareFlags struct {
	compare.Options
	only           string
	md, json, html string
	quiet          bool
}

func (c *compareFlags) define(f *flag.FlagSet) {
	f.StringVar(&c.only, "only", "", "measure these `rows` only, comma separated: "+strings.Join(compare.IDs(), ","))
	f.BoolVar(&c.Quick, "quick", false, "the rows that a change must not spoil, in under three minutes")
	f.BoolVar(&c.Full, "full", false, "those rows too that need tens of millions of values: gigabytes of memory and disk, many minutes")
	f.IntVar(&c.Rounds, "rounds", compare.DefaultRounds, "measure each side so often, in turn")
	f.DurationVar(&c.Time, "time", 0, fmt.Sprintf("measure each side of a round for about this `time` (default %s, with -quick %s)",
		compare.DefaultTime, compare.DefaultQuick))
	f.IntVar(&c.Subjects, "subjects", compare.DefaultSubjects, "subjects of the made-up market")
	f.IntVar(&c.Large, "large", compare.DefaultLarge, "subjects of the large market")
	f.IntVar(&c.Values, "values", compare.DefaultValues, "values of the memory row")
	f.IntVar(&c.Restart, "restart-values", compare.DefaultRestart, "values of the restart row")
	f.IntVar(&c.Passing, "passing", compare.DefaultPassing, "queries of the row that watches memory while they pass")
	f.StringVar(&c.Redis, "redis", "", "`path` of redis-server (default: the one on PATH)")
	f.StringVar(&c.Dir, "dir", "", "keep data in this `directory` during the run (default: that of the system for temporary files)")
	f.StringVar(&c.md, "o", "", "write the report as Markdown to this `file`")
	f.StringVar(&c.json, "json", "", "write it as JSON to this `file`")
	f.StringVar(&c.html, "html", "", "write it as a web page with curves to this `file`")
	f.BoolVar(&c.quiet, "quiet", false, "do not say what is being measured")
}

// runCompare measures this build against its peers. It is an error when a figure is not what it must be.
func runCompare(ctx context.Context, args []string, s Streams) error {
	c := &compareFlags{}
	f := newFlags(s, "bench compare", "[flags]    (this build against echo, Redis, SQLite ..., in ratios of one run)")
	c.define(f)
	if err := parse(f, args, 0); err != nil {
		return err
	}
	if c.only != "" {
		c.Only = strings.Split(c.only, ",")
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	c.Program, c.Version, c.Err = self, s.Version, s.Err
	c.Command = strings.Join(append([]string{filepath.Base(s.Program), "bench", "compare"}, args...), " ")
	c.Curves = c.html != ""
	if !c.quiet {
		c.Log = s.Err
	}
	if err := c.Validate(); err != nil {
		return usageError("%w", err)
	}
	report, err := compare.Run(ctx, c.Options)
	if err != nil {
		return err
	}
	return errors.Join(c.write(s, report), report.Err())
}

// write prints the report and writes the files.
func (c *compareFlags) write(s Streams, r *compare.Report) error {
	err := errors.Join(r.WriteSides(s.Out), r.WriteTable(s.Out))
	for _, file := range []struct {
		path  string
		write func(io.Writer) error
	}{{c.md, r.WriteMarkdown}, {c.json, r.WriteJSON}, {c.html, r.WriteHTML}} {
		if file.path != "" {
			err = errors.Join(err, writeFile(file.path, file.write))
		}
	}
	return err
}

// writeFile writes a file whole.
func writeFile(path string, write func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := errors.Join(write(f), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
