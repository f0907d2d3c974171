package cli

import (
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/kamaitachi/kamaitachi/bench"
)

// onTerminal tells whether w is a terminal.
func onTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// newBar returns a progress bar on a terminal, nil elsewhere.
func newBar(w io.Writer, total int64, what, unit string) *progressbar.ProgressBar {
	if !onTerminal(w) {
		return nil
	}
	return progressbar.NewOptions64(total, progressbar.OptionSetWriter(w), progressbar.OptionSetDescription(what),
		progressbar.OptionSetItsString(unit), progressbar.OptionShowIts(), progressbar.OptionShowCount(),
		progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
}

// loadProgress shows how far a load is, on a terminal only.
func loadProgress(w io.Writer, load *bench.Load) (progress func(done int), finish func()) {
	total := int64(load.Requests)
	if total == 0 && load.Duration == 0 {
		total = bench.DefaultRequests
	}
	bar := newBar(w, max(total, -1), "scenario "+load.Scenario.String(), "req")
	if bar == nil {
		return nil, func() {}
	}
	return func(done int) { bar.Set(done) }, func() { bar.Finish() }
}
