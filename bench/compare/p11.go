package compare

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/kamaitachi/kamaitachi/bench"
)

// P11: the same CSV into a data directory, and into an indexed table of SQLite.
var p11 = []*contest{
	{
		id: "P11", what: "import of one CSV, offline, in reports a second",
		sides: []side{importOffline{}, importSQLite{}},
		lines: []line{{of: throughput, a: "kamaitachi import", b: "sqlite3 .import", must: 1, aim: 3}},
	},
	{
		id: "P11", what: "import of one CSV into a running three-node cluster, in reports a second",
		sides: []side{importCluster{}, importSQLite{}},
		lines: []line{{of: throughput, a: "kamaitachi x 3", b: "sqlite3 .import", must: 0.3, aim: 1}},
	},
}

// importTimes is how many times as many subjects as the market of the other contests the imported file has.
const importTimes = 4

// importFile returns the file that both import, and how many reports it has.
func (l *lab) importFile() (path string, reports int, err error) {
	if path, err = l.marketFile(importTimes * l.o.Subjects); err != nil {
		return "", 0, err
	}
	reports, err = countLines(path)
	return path, reports - 1, err
}

// importing measures one import by run into a new place, which is removed behind it.
func (l *lab) importing(name string, run func(ctx context.Context, place, file string) error) (meter, error) {
	file, reports, err := l.importFile()
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) (*sample, error) {
		place := l.newDir(name)
		began := time.Now()
		if err := run(ctx, place, file); err != nil {
			return nil, errors.Join(err, os.RemoveAll(place))
		}
		o := &bench.Outcome{Requests: reports, Elapsed: time.Since(began), Latency: bench.NewLatency()}
		return &sample{Outcome: o}, os.RemoveAll(place)
	}, nil
}

// importOffline is `kamaitachi import -db`.
type importOffline struct{}

func (importOffline) label() string { return "kamaitachi import" }

func (importOffline) open(_ context.Context, b *bout) (meter, error) {
	return b.importing("import", func(ctx context.Context, place, file string) error {
		_, err := b.lab.run(ctx, b.o.Program, "import", "-db", place, file)
		return err
	})
}

// importCluster is `kamaitachi import` into three nodes that run and have nothing yet; to start them does not count.
type importCluster struct{}

func (importCluster) label() string { return "kamaitachi x 3" }

func (importCluster) open(_ context.Context, b *bout) (meter, error) {
	file, reports, err := b.importFile()
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) (*sample, error) {
		var ends []func() error
		c, err := b.startCluster(ctx, &ends)
		if err != nil {
			return nil, errors.Join(err, closeAll(&ends))
		}
		began := time.Now()
		_, err = b.lab.run(ctx, b.o.Program, "import", "-addr", c.native[0], file)
		o := &bench.Outcome{Requests: reports, Elapsed: time.Since(began), Latency: bench.NewLatency()}
		return &sample{Outcome: o}, errors.Join(err, closeAll(&ends))
	}, nil
}

// importSQLite is `.import` of the sqlite3 shell into a table whose primary key is what identifies a report.
type importSQLite struct{}

func (importSQLite) label() string { return "sqlite3 .import" }

func (importSQLite) open(_ context.Context, b *bout) (meter, error) {
	program, err := exec.LookPath("sqlite3")
	if err != nil {
		return nil, absent("sqlite3 is not on PATH; install it (Debian: apt-get install sqlite3)")
	}
	file, _, err := b.importFile()
	if err != nil {
		return nil, err
	}
	columns, err := header(file)
	if err != nil {
		return nil, err
	}
	return b.importing("sqlite", func(ctx context.Context, place, file string) error {
		out, err := b.lab.run(ctx, program, place, createTable(columns), ".mode csv", ".import --skip 1 "+strconv.Quote(file)+" reports",
			"select count(*) from reports")
		if err == nil && strings.TrimSpace(out) == "0" {
			err = fmt.Errorf("sqlite3 imported nothing")
		}
		return err
	})
}

// identity is what identifies a report, in columns of the canonical CSV.
const identity = "subject, report_date, report_type, declare_date"

// createTable is the statement that makes the table for a CSV with these columns.
func createTable(columns []string) string {
	var b strings.Builder
	b.WriteString("create table reports (")
	for i, c := range columns {
		kind := "text"
		if i >= firstFigure {
			kind = "real"
		}
		fmt.Fprintf(&b, "%q %s, ", c, kind)
	}
	fmt.Fprintf(&b, "primary key (%s)) without rowid", identity)
	return b.String()
}
