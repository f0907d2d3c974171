package compare

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"
)

// WriteMarkdown writes the report as a page of the documentation.
func (r *Report) WriteMarkdown(w io.Writer) error {
	m := bufio.NewWriter(w)
	fmt.Fprintf(m, "# Benchmarks\n\nWritten by `%s`; do not edit. Every figure is a ratio of two things measured in turn in this one run, "+
		"or says its unit: the median of %d rounds of about %s s for each side, with the least and the greatest. %s "+
		"Requests are encoded before the clock starts, by the same load generator for all, and no request is ever sent twice "+
		"where the row does not say so.\n\n%s\n\n", r.Command, r.Rounds, number(r.Seconds), sharedCores, r.summary())
	r.markMachine(m)
	r.markLines(m)
	r.markLosses(m)
	r.markMissing(m)
	r.markSides(m)
	return m.Flush()
}

// cell makes a text fit for a table.
func cell(text string) string { return strings.ReplaceAll(text, "|", "\\|") }

func (r *Report) markMachine(m io.Writer) {
	fmt.Fprintf(m, "| | |\n| --- | --- |\n")
	rows := [][2]string{
		{"measured", fmt.Sprintf("%s, took %s", r.When.Format(time.RFC3339), r.Took)},
		{"kamaitachi", r.Version}, {"CPU", fmt.Sprintf("%s, %d cores", r.Machine.CPU, r.Machine.Cores)},
		{"memory", r.Machine.Memory}, {"system", r.Machine.System}, {"Go", r.Machine.Go},
	}
	for _, p := range r.Programs {
		rows = append(rows, [2]string{p.Name, p.Version})
	}
	rows = append(rows, [2]string{"data", fmt.Sprintf("a made-up market of %d subjects, 24 quarters, 6 indicators, of which 4 are asked for", r.Subjects)})
	for _, row := range rows {
		fmt.Fprintf(m, "| %s | %s |\n", row[0], cell(row[1]))
	}
}

func (r *Report) markLines(m io.Writer) {
	fmt.Fprint(m, "\n## What must be, and what is\n\n| row | figure | median | min to max | must | aim | verdict |\n| --- | --- | --- | --- | --- | --- | --- |\n")
	for _, c := range r.Contests {
		fmt.Fprintf(m, "| **%s** | **%s** | | | | | |\n", c.ID, cell(c.What))
		for _, l := range c.Lines {
			verdict := string(l.Verdict)
			if l.Verdict == Failed {
				verdict = "**" + verdict + "**"
			}
			fmt.Fprintf(m, "| %s | %s | %s | %s | %s | %s | %s |\n", l.ID, cell(l.What), figureText(l.Figure, l.Unit),
				spreadText(l.Figure), l.asked(l.Must), l.asked(l.Aim), verdict)
		}
	}
}

// markLosses names every figure in which this build is behind.
func (r *Report) markLosses(m io.Writer) {
	fmt.Fprint(m, "\n## Where it falls short\n\n")
	n := 0
	r.lines(func(c *ContestResult, l *LineResult) {
		if why := l.shortfall(); why != "" {
			fmt.Fprintf(m, "- %s, %s: %s %s\n", l.ID, c.What, l.What, why)
			n++
		}
	})
	if n == 0 {
		fmt.Fprint(m, "In nothing that was measured.\n")
	}
}

// shortfall says what a line lacks, "" when nothing.
func (l *LineResult) shortfall() string {
	median := figureText(l.Figure, l.Unit)
	switch {
	case l.Verdict == Failed && l.Why != "":
		return "fails: " + l.Why
	case l.Verdict == Failed:
		return fmt.Sprintf("is %s; it must be %s", median, l.asked(l.Must))
	case l.Verdict == Met && l.Aim != 0:
		return fmt.Sprintf("is %s; the aim is %s", median, l.asked(l.Aim))
	case l.Verdict != NotMeasured && l.Unit == "x" && !l.AtMost && l.Figure.Median < 1:
		return fmt.Sprintf("is %s: the other is ahead", median)
	}
	return ""
}

func (r *Report) markMissing(m io.Writer) {
	if r.count(NotMeasured) == 0 {
		return
	}
	fmt.Fprint(m, "\n## What was not measured\n\n")
	r.lines(func(c *ContestResult, l *LineResult) {
		if l.Verdict == NotMeasured {
			fmt.Fprintf(m, "- %s, %s: %s: %s\n", l.ID, c.What, l.What, l.Why)
		}
	})
}

func (r *Report) markSides(m io.Writer) {
	fmt.Fprint(m, "\n## What each side did\n\nMedians of the rounds. Server CPU is the user and system time of the server's process per request, "+
		"which does not depend on how heavy the load generator is. Of imports a request is a report.\n\n"+
		"| row | side | requests/s | server CPU us | P50 ms | P99 ms | reply bytes |\n| --- | --- | ---: | ---: | ---: | ---: | ---: |\n")
	for _, c := range r.Contests {
		for _, s := range c.Sides {
			if s.Missing == "" && s.QPS.Median > 0 {
				fmt.Fprintf(m, "| %s | %s | %s | %s | %s | %s | %s |\n", c.ID, s.Label, number(s.QPS.Median), orDash(s.ServerCPU.Median),
					orDash(s.P50.Median), orDash(s.P99.Median), orDash(s.ReplySize))
			}
		}
	}
}
