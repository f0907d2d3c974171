package cli

import (
	"context"
	"flag"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// asker asks one kind of query and lays the answer out.
type asker func(ctx context.Context, c *client.Client) (*grid, error)

// queries are the kinds of `kamaitachi query`, each with what it adds to the flags.
var queries = map[string]func(f *flag.FlagSet, a *asked) asker{
	"snapshot": askSnapshot,
	"period":   askPeriod,
	"recent":   askRecent,
	"select":   askSelect,
	"tables":   askTables,
	"subjects": askSubjects,
	"stats":    askStats,
}

const queryKinds = "snapshot|period|recent|select|tables|subjects|stats"

func runQuery(ctx context.Context, args []string, s Streams) error {
	if len(args) == 0 || strings.HasPrefix(args[0], "-") {
		fmt.Fprintf(s.Err, "usage: kamaitachi query %s [flags]\n", queryKinds)
		if len(args) > 0 && strings.Contains(args[0], "h") {
			return flag.ErrHelp
		}
		return errUsage
	}
	define, ok := queries[args[0]]
	if !ok {
		return usageError("unknown query %q: want %s", args[0], queryKinds)
	}
	f := newFlags(s, "query "+args[0], "[flags]")
	addr := f.String("addr", client.DefaultAddress, "native `address` of a node")
	format := f.String("o", "table", "output: "+formats)
	timeout := f.Duration("timeout", 10*time.Second, "give up after this `time`")
	a := &asked{}
	ask := define(f, a)
	if err := parse(f, args[1:], 0); err != nil {
		return err
	}
	if a.err != nil {
		return a.err
	}
	if *format != "table" && *format != "json" && *format != "csv" {
		return usageError("-o %q: want %s", *format, formats)
	}
	ctx, cancel := context.WithTimeout(ctx, *timeout)
	defer cancel()
	c, err := client.Open(ctx, client.Options{Addresses: []string{*addr}, Name: "kamaitachi query"})
	if err != nil {
		return err
	}
	defer c.Close()
	g, err := ask(ctx, c)
	if err != nil {
		return err
	}
	return g.print(s.Out, *format)
}

// asked collects the flags that several kinds share.
type asked struct {
	view     protocol.View
	ranking  protocol.Ranking
	subjects []string
	topic    string
	at       protocol.Instant
	span     protocol.Range
	err      error
}

func (a *asked) viewFlags(f *flag.FlagSet) {
	f.StringVar(&a.view.Table, "table", "", "`table` by name or number (default 1)")
	listVar(f, &a.view.IDs, "ids", "indicator `ids` or codes, comma separated")
	listVar(f, &a.view.ReportTypes, "report-type", "only these report `types`, comma separated")
	momentVar(f, &a.view.KnownAt, "known-at", true, "only what had been declared by this `day` (or UTC seconds)")
	a.view.With = protocol.WithSubjects | protocol.WithReports
}

func (a *asked) rankingFlags(f *flag.FlagSet) {
	f.StringVar(&a.ranking.Field, "field", "", "sort by this `indicator`, or by report_date")
	f.Func("order", "`order`: desc (default) or asc", func(v string) error {
		switch v {
		case "desc", "-1":
			a.ranking.Order = protocol.Descending
		case "asc", "1":
			a.ranking.Order = protocol.Ascending
		default:
			return fmt.Errorf("want desc or asc")
		}
		return nil
	})
	f.IntVar(&a.ranking.Offset, "offset", 0, "rows to leave out at the start")
	f.IntVar(&a.ranking.Limit, "limit", protocol.DefaultLimit, "rows")
}

func (a *asked) subjectFlag(f *flag.FlagSet) {
	listVar(f, &a.subjects, "subjects", "subject `keys`, comma separated")
}

func (a *asked) spanFlags(f *flag.FlagSet) {
	momentVar(f, &a.span.From, "from", false, "reports from this `day` (or UTC seconds) on")
	momentVar(f, &a.span.To, "to", true, "reports up to this `day` (or UTC seconds)")
}

func askSnapshot(f *flag.FlagSet, a *asked) asker {
	a.viewFlags(f)
	a.rankingFlags(f)
	a.subjectFlag(f)
	a.spanFlags(f)
	f.StringVar(&a.topic, "topic", "", "all subjects of this `topic`")
	momentVar(f, &a.at, "at", true, "the newest at this `day` (or UTC seconds)")
	return func(ctx context.Context, c *client.Client) (*grid, error) {
		var r protocol.Result
		err := c.Snapshot(ctx, &protocol.Snapshot{View: a.view, Ranking: a.ranking, Subjects: a.subjects, Topic: a.topic,
			Timestamp: a.at, Range: a.span}, &r)
		return resultGrid(&r), err
	}
}

func askPeriod(f *flag.FlagSet, a *asked) asker {
	a.viewFlags(f)
	a.subjectFlag(f)
	a.spanFlags(f)
	return func(ctx context.Context, c *client.Client) (*grid, error) {
		var r protocol.Result
		err := c.Period(ctx, &protocol.Period{View: a.view, Subjects: a.subjects, Range: a.span}, &r)
		return resultGrid(&r), err
	}
}

func askRecent(f *flag.FlagSet, a *asked) asker {
	a.viewFlags(f)
	a.subjectFlag(f)
	limit := f.Int("limit", protocol.DefaultRecentLimit, "reports of each subject")
	var periods []string
	listVar(f, &periods, "periods", "period ends `YYYYMMDD`, comma separated")
	return func(ctx context.Context, c *client.Client) (*grid, error) {
		q := protocol.Recent{View: a.view, Subjects: a.subjects, Limit: *limit}
		for _, p := range periods {
			day, err := protocol.ParseDay("20060102", p)
			if err != nil {
				return nil, fmt.Errorf("-periods: %q is not a day as YYYYMMDD", p)
			}
			q.Periods = append(q.Periods, day)
		}
		var r protocol.Result
		err := c.Recent(ctx, &q, &r)
		return resultGrid(&r), err
	}
}

func askSelect(f *flag.FlagSet, a *asked) asker {
	a.viewFlags(f)
	a.rankingFlags(f)
	a.spanFlags(f)
	momentVar(f, &a.at, "at", true, "the newest at this `day` (or UTC seconds)")
	var sel protocol.Selection
	f.StringVar(&sel.Kind, "kind", "concept", "`kind` of tag that subjects must carry")
	f.StringVar(&sel.Topic, "topic", "", "`topic` that subjects must be in")
	f.StringVar(&sel.Subject, "subject", "", "only this `subject`")
	f.StringVar(&sel.Keyword, "keyword", "", "`text` that the tag must contain")
	period := f.Bool("period", false, "answer date by date instead of the newest reports")
	return func(ctx context.Context, c *client.Client) (*grid, error) {
		var r protocol.Result
		var err error
		if *period {
			err = c.SelectPeriod(ctx, &protocol.SelectPeriod{Selection: sel, View: a.view, Ranking: a.ranking, Range: a.span}, &r)
		} else {
			err = c.SelectSnapshot(ctx, &protocol.SelectSnapshot{Selection: sel, View: a.view, Ranking: a.ranking,
				Timestamp: a.at, Range: a.span}, &r)
		}
		return resultGrid(&r), err
	}
}

func askTables(*flag.FlagSet, *asked) asker {
	return func(ctx context.Context, c *client.Client) (*grid, error) {
		var catalog protocol.Catalog
		err := c.Catalog(ctx, &catalog)
		return tableGrid(catalog.Tables), err
	}
}

func askSubjects(f *flag.FlagSet, a *asked) asker {
	var q protocol.ListSubjects
	f.StringVar(&q.Topic, "topic", "", "only of this `topic`")
	f.StringVar(&q.After, "after", "", "only keys greater than this `key`")
	f.IntVar(&q.Limit, "limit", protocol.DefaultSearchLimit, "subjects")
	f.Func("tag", "only with this tag, as `kind=text` or kind; may be given several times", func(v string) error {
		kind, text, _ := strings.Cut(v, "=")
		q.Tags = append(q.Tags, protocol.Tag{Kind: kind, Text: text})
		return nil
	})
	return func(ctx context.Context, c *client.Client) (*grid, error) {
		var l protocol.SubjectList
		err := c.Subjects(ctx, &q, &l)
		return subjectGrid(l.Subjects), err
	}
}

func askStats(*flag.FlagSet, *asked) asker {
	return func(ctx context.Context, c *client.Client) (*grid, error) {
		stats, err := c.Stats(ctx)
		return statGrid(stats), err
	}
}

// listVar defines a flag that is a comma separated list.
func listVar(f *flag.FlagSet, dst *[]string, name, usage string) {
	f.Func(name, usage, func(v string) error {
		for _, item := range strings.Split(v, ",") {
			if item = strings.TrimSpace(item); item != "" {
				*dst = append(*dst, item)
			}
		}
		return nil
	})
}

// momentVar defines a flag that is a time: UTC seconds, or a day, of which end takes the last second.
func momentVar(f *flag.FlagSet, dst *protocol.Instant, name string, end bool, usage string) {
	f.Func(name, usage, func(v string) error {
		if day, err := protocol.ParseDay("2006-01-02", v); err == nil {
			if end {
				day += protocol.SecondsPerDay - 1
			}
			*dst = protocol.At(day)
			return nil
		}
		seconds, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return fmt.Errorf("want YYYY-MM-DD or UTC seconds")
		}
		*dst = protocol.At(seconds)
		return nil
	})
}
