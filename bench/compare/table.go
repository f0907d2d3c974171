package compare

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
)

// WriteTable prints the lines for a terminal.
func (r *Report) WriteTable(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ROW\tFIGURE\tMEDIAN\tMIN TO MAX\tMUST\tAIM\tVERDICT")
	for _, c := range r.Contests {
		fmt.Fprintf(t, "%s\t%s\t\t\t\t\t\n", c.ID, c.What)
		for _, l := range c.Lines {
			fmt.Fprintf(t, "%s\t  %s\t%s\t%s\t%s\t%s\t%s\n", l.ID, l.What, figureText(l.Figure, l.Unit), spreadText(l.Figure),
				l.asked(l.Must), l.asked(l.Aim), l.Verdict)
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	r.lines(func(_ *ContestResult, l *LineResult) {
		if l.Why != "" {
			fmt.Fprintf(w, "%s %s: %s: %s\n", l.ID, l.What, l.Verdict, l.Why)
		}
	})
	_, err := fmt.Fprintf(w, "%s %s\n", r.summary(), sharedCores)
	return err
}

// WriteSides prints what each side did, for a terminal.
func (r *Report) WriteSides(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "row\tside\trequests/s\tserver CPU us\tP50 ms\tP99 ms\treply B\t")
	for _, c := range r.Contests {
		for _, s := range c.Sides {
			if s.Missing != "" || s.QPS.Median == 0 {
				continue
			}
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", c.ID, s.Label, number(s.QPS.Median), orDash(s.ServerCPU.Median),
				orDash(s.P50.Median), orDash(s.P99.Median), orDash(s.ReplySize))
		}
	}
	return t.Flush()
}

// WriteJSON writes the whole report.
func (r *Report) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}
