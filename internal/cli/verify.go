package cli

import (
	"context"
	"fmt"
	"io"

	"github.com/kamaitachi/kamaitachi/server/store"
)

func runVerify(_ context.Context, args []string, s Streams) error {
	f := newFlags(s, "verify", "-db DIR")
	dir := f.String("db", "", "data `directory` of a node that is not running")
	if err := parse(f, args, 1); err != nil {
		return err
	}
	if *dir == "" {
		*dir = f.Arg(0)
	}
	if *dir == "" {
		return usageError("-db DIR is required")
	}
	report, err := store.Verify(*dir)
	printVerified(s.Out, &report)
	return err
}

// printVerified prints what was read; nothing of a store that could not be opened.
func printVerified(w io.Writer, r *store.Report) {
	if r.NodeID == "" {
		return
	}
	fmt.Fprintf(w, "cluster   %s\nnode      %s\napplied   %d\nfiles     %d\ntables    %d\nsubjects  %d\nseries    %d\nreports   %d\n"+
		"values    %d\nrow hash  %s\nproblems  %d\n", r.ClusterID, r.NodeID, r.Applied, r.Files, r.Tables, r.Subjects, r.Series,
		r.Reports, r.Values, r.RowHash, r.ProblemCount)
	for _, p := range r.Problems {
		fmt.Fprintf(w, "  %s\n", p)
	}
}
